package render

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// How /etc/network/interfaces is shared:
//
//   - Ours are the stanzas of lo and of the planned ports, whoever wrote them,
//     and those under a comment that starts with mark: ports that were planned
//     once. They are written anew, together, where the first of them stood.
//   - Everything else stays byte for byte: other stanzas, comments, blank
//     lines, `source`, `mapping`, template lines. Of an `auto` or `allow-` line
//     that names both, our names are taken out.
//
// A logical line may be continued with a backslash at its end; a comment too,
// to ifupdown2. That is why the block starts with a comment: it may be
// swallowed without harm.

const mark = "# closup: "

// keywords start something other than an `auto`, an `allow-` or an `iface`,
// which are looked at in detail; the value says whether options may follow.
var keywords = map[string]bool{
	"mapping": true, "vlan": true, "template": true,
	"source": false, "source-directory": false, "no-auto-down": false, "no-scripts": false, "rename": false,
}

// stanza says to what the options that follow belong.
type stanza uint8

const (
	nobodys stanza = iota
	theirs
	ours
)

// mergeInterfaces puts block, the text of our stanzas, into current. owned
// names the interfaces that block describes, never the one that is managed. It
// fails on an option that belongs to no stanza: ifupdown2 refuses that, and
// nobody can say whose it would become.
func mergeInterfaces(current, block []byte, owned []string, managed string) ([]byte, error) {
	isOurs := map[string]bool{}
	for _, name := range owned {
		isOurs[name] = true
	}
	var before, after bytes.Buffer
	out := &before
	open, marked, number := nobodys, false, 1
	for _, line := range logicalLines(current) {
		words := strings.Fields(strings.ReplaceAll(line, "\\", " "))
		wasMarked := marked
		marked = false
		switch {
		case strings.HasPrefix(line, mark):
			out, marked = &after, true
		case len(words) == 0 || words[0][0] == '#' || words[0][0] == '%':
			out.WriteString(line)
		case words[0] == "auto" || strings.HasPrefix(words[0], "allow-"):
			open = nobodys
			if wasMarked {
				for _, name := range words[1:] {
					isOurs[name] = name != managed
				}
			}
			kept := without(line, words[1:], isOurs)
			if kept == "" {
				out = &after
			}
			out.WriteString(kept)
		case words[0] == "iface" && len(words) > 1 && isOurs[words[1]]:
			open, out = ours, &after
		case words[0] == "iface":
			open = theirs
			out.WriteString(line)
		default:
			if options, keyword := keywords[words[0]]; keyword {
				open = nobodys
				if options {
					open = theirs
				}
			} else if open == nobodys {
				return nil, fmt.Errorf("line %d of /etc/network/interfaces belongs to no interface: %.40q: remove it on the device", number, strings.TrimSpace(line))
			}
			if open != ours {
				out.WriteString(line)
			}
		}
		number += strings.Count(line, "\n")
	}
	if out == &before {
		endLine(&before)
	}
	before.Write(block)
	before.Write(after.Bytes())
	return before.Bytes(), nil
}

// endLine makes sure that what follows starts a line of its own.
func endLine(b *bytes.Buffer) {
	if b.Len() > 0 && b.Bytes()[b.Len()-1] != '\n' {
		b.WriteByte('\n')
	}
	if text := strings.TrimRight(b.String(), " \t\r\n"); strings.HasSuffix(text, "\\") && strings.Count(b.String()[len(text):], "\n") < 2 {
		b.WriteByte('\n')
	}
}

// logicalLines splits text into lines with their ends, a continued line in one
// piece.
func logicalLines(text []byte) []string {
	var out []string
	var line strings.Builder
	for _, physical := range strings.SplitAfter(string(text), "\n") {
		line.WriteString(physical)
		if !strings.HasSuffix(strings.TrimRight(physical, " \t\r\n"), "\\") && line.Len() > 0 {
			out = append(out, line.String())
			line.Reset()
		}
	}
	if line.Len() > 0 {
		out = append(out, line.String())
	}
	return out
}

var word = regexp.MustCompile(`[ \t]*[^\s\\]+`)

// without takes the names that are ours out of an `auto` or `allow-` line. It
// is empty where no other name is left.
func without(line string, names []string, isOurs map[string]bool) string {
	ours := 0
	for _, name := range names {
		if isOurs[name] {
			ours++
		}
	}
	if ours == 0 {
		return line
	}
	if ours == len(names) {
		return ""
	}
	first := true
	return word.ReplaceAllStringFunc(line, func(w string) string {
		if first {
			first = false
			return w
		}
		if isOurs[strings.TrimSpace(w)] {
			return ""
		}
		return w
	})
}
