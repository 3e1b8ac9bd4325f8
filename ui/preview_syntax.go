package ui

import (
	"regexp"
	"strings"
)

// Colours for what is generated: frr.conf, interfaces, YAML and the rest are
// near enough to each other that one table of words does for all.

// syntax is what a piece of a line looks like and the tone that it gets; the
// first that fits wins.
var syntax = []struct {
	looks *regexp.Regexp
	tone  tone
}{
	{regexp.MustCompile(`^"[^"]*"|^'[^']*'`), nodeTone},
	{regexp.MustCompile(`^(\d{1,3}\.){3}\d{1,3}(/\d{1,2})?\b|^[0-9a-fA-F]{0,4}:[0-9a-fA-F:]*:[0-9a-fA-F.]*(/\d{1,3})?`), leafTone},
	{regexp.MustCompile(`^(permit|yes|true|on)\b`), good},
	{regexp.MustCompile(`^(deny|no|false|off)\b`), bad},
	{regexp.MustCompile(`^\d+\b`), spineTone},
	{regexp.MustCompile(`^[A-Za-z_][\w./@-]*`), plain},
}

// heads are the words that open a section where they begin a line.
var heads = regexp.MustCompile(`^(router|interface|route-map|auto|iface|bgp|ip|ipv6|frr|exit|address-family|log|hostname|service|line|\[[^\]]*\]|[A-Za-z_][\w-]*:)`)

// inner are the words that open what stands inside of one.
var inner = regexp.MustCompile(`^\s*(- )?(neighbor|network|redistribute|address-family|exit-address-family|match|set|address|mtu|bgp|timers|[A-Za-z_][\w-]*:)`)

// painted is a line in its colours, cut to w cells.
func (l *look) painted(c cell, w int) string {
	line := cut(c.text, w, l.ellipsis)
	if c.tone != plain {
		return l.in(c.tone, line)
	}
	var b strings.Builder
	rest := line
	if m := heads.FindString(rest); m != "" {
		b.WriteString(l.in(accent, m))
		rest = rest[len(m):]
	} else if m := inner.FindString(rest); m != "" {
		b.WriteString(l.in(borderTone, m))
		rest = rest[len(m):]
	}
	bare := 0 // up to here nothing of rest has a tone
	flush := func() {
		b.WriteString(rest[:bare])
		rest, bare = rest[bare:], 0
	}
	for bare < len(rest) {
		at := rest[bare:]
		if strings.HasPrefix(at, " #") {
			flush()
			b.WriteString(l.in(faint, rest))
			return b.String()
		}
		found := ""
		for _, s := range syntax {
			if found = s.looks.FindString(at); found == "" {
				continue
			}
			if s.tone != plain {
				flush()
				b.WriteString(l.in(s.tone, found))
				rest = rest[len(found):]
				found = ""
			}
			break
		}
		switch {
		case found != "":
			bare += len(found)
		case bare < len(rest) && rest[bare:] == at:
			bare++ // a sign that is nothing
			for bare < len(rest) && rest[bare]&0xC0 == 0x80 {
				bare++
			}
		}
	}
	flush()
	return b.String()
}
