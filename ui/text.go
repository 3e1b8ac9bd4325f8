package ui

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// width is the number of cells that s takes, escape sequences not counted.
func width(s string) int { return ansi.StringWidth(s) }

// cut shortens s to w cells; what is left out is shown by tail.
func cut(s string, w int, tail string) string {
	if w <= 0 {
		return ""
	}
	if width(s) <= w {
		return s
	}
	return ansi.Truncate(s, w, tail)
}

// fill pads s with spaces to w cells.
func fill(s string, w int) string {
	if n := w - width(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}

// fit makes s exactly w cells wide.
func fit(s string, w int, tail string) string { return fill(cut(s, w, tail), w) }

// block makes s exactly w cells wide and h lines high; less than none is none.
func block(s string, w, h int) string {
	h = max(0, h)
	lines := strings.Split(s, "\n")
	if len(lines) > h {
		lines = lines[:h]
	}
	out := make([]string, h)
	for i := range out {
		if i < len(lines) {
			out[i] = lines[i]
		}
		out[i] = fit(out[i], w, "")
	}
	return strings.Join(out, "\n")
}

// beside joins blocks of the same height side by side, with sep between.
func beside(sep string, blocks ...string) string {
	var rows [][]string
	for _, b := range blocks {
		for i, line := range strings.Split(b, "\n") {
			if i == len(rows) {
				rows = append(rows, nil)
			}
			rows[i] = append(rows[i], line)
		}
	}
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = strings.Join(r, sep)
	}
	return strings.Join(lines, "\n")
}

// wrap breaks s into lines of at most w cells, at spaces alone: a name with a
// hyphen is searched for as a whole.
func wrap(s string, w int) []string {
	if w <= 0 {
		return nil
	}
	const firm = "\u2011" // a hyphen that no line ends with
	s = ansi.Wrap(strings.ReplaceAll(s, "-", firm), w, "")
	return strings.Split(strings.ReplaceAll(s, firm, "-"), "\n")
}

// led is a text of a device or a file in lines of w cells behind a lead, which
// stands once; the other lines begin below the text's beginning.
func (l *look) led(lead string, t tone, text string, w int) []string {
	lines := wrap(printable(text), max(4, w-width(lead)))
	for i, line := range lines {
		if i == 1 {
			lead = strings.Repeat(" ", width(lead))
		}
		lines[i] = lead + l.in(t, line)
	}
	return lines
}

// within is at most h of lines of w cells; what is left out is shown by tail.
func within(lines []string, w, h int, tail string) []string {
	if len(lines) <= h || h <= 0 {
		return lines[:min(len(lines), max(0, h))]
	}
	return append(lines[:h-1:h-1], cut(strings.Join(lines[h-1:], " "), w, tail))
}

// wrapped breaks each of several texts into lines of at most w cells.
func wrapped(all []string, w int) (lines []string) {
	for _, s := range all {
		lines = append(lines, wrap(s, w)...)
	}
	return lines
}

// count is "1 leaf", "3 leafs".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// counted is count for "device of the lab": the first word takes the s, unless
// the noun is the last.
func counted(n int, phrase string) string {
	noun, rest, ok := strings.Cut(phrase, " of ")
	if !ok {
		return count(n, phrase)
	}
	return count(n, noun) + " of " + rest
}

// printable drops what could move the cursor or change the terminal: devices
// and files are not to be trusted with it.
func printable(s string) string {
	s = strings.ReplaceAll(ansi.Strip(s), "\t", "    ")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return -1
		}
		return r
	}, s)
}
