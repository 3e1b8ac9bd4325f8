package provision

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plain is text from a device made safe to show: escape sequences (ECMA-48)
// and control characters are gone, and so are the invisible ones that turn
// the direction of writing. Line breaks and tabs stay.
func Plain(s string) string {
	if !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == 0x1b:
			n = escape(s)
		case r == 0x9b: // CSI as one character
			n = 2 + control(s[2:])
		case r >= 0x90 && r <= 0x9f: // DCS, SOS, OSC, PM, APC as one character
			n = 2 + textUntilEnd(s[2:])
		case !hidden(r):
			b.WriteRune(r)
		}
		s = s[n:]
	}
	return b.String()
}

func hidden(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError)
}

// escape is the length of the sequence that s begins with.
func escape(s string) int {
	if len(s) < 2 {
		return 1
	}
	switch s[1] {
	case '[':
		return 2 + control(s[2:])
	case ']', 'P', 'X', '^', '_':
		return 2 + textUntilEnd(s[2:])
	}
	n := 1
	for n < len(s) && s[n] >= 0x20 && s[n] <= 0x2f {
		n++
	}
	if n < len(s) && s[n] >= 0x30 && s[n] <= 0x7e {
		n++
	}
	return n
}

// control is the length of a control sequence's parameters and final byte.
func control(s string) int {
	for i := range len(s) {
		switch {
		case s[i] >= 0x40 && s[i] <= 0x7e:
			return i + 1
		case s[i] < 0x20 || s[i] > 0x3f:
			return i
		}
	}
	return len(s)
}

// textUntilEnd is the length up to and with BEL or ST. One that never ends
// takes all the rest, as a terminal would.
func textUntilEnd(s string) int {
	end := len(s)
	for _, stop := range []string{"\a", "\x1b\\", "\u009c"} {
		if i := strings.Index(s[:end], stop); i >= 0 {
			end = i
		}
	}
	for _, stop := range []string{"\a", "\x1b\\", "\u009c"} {
		if strings.HasPrefix(s[end:], stop) {
			return end + len(stop)
		}
	}
	return end
}
