package render

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

const (
	hostsBegin = "# closup: begin"
	hostsEnd   = "# closup: end"
)

// mergeHosts puts block, which is ours with its markers, into a hosts file. It
// stays where it was, or is added at the end; but never below a line that
// names the device itself, since the first line with a name decides (hosts(5)),
// and Debian writes `127.0.1.1 NAME`. All other lines stay byte for byte.
func mergeHosts(current, block []byte, name string) []byte {
	var foreign []string
	at, named := -1, -1
	inside := false
	lines := strings.SplitAfter(string(current), "\n")
	for i, line := range lines {
		text := strings.TrimSpace(line)
		switch {
		case text == hostsBegin || text == hostsEnd:
			inside = text == hostsBegin && nextMarker(lines[i+1:]) == hostsEnd
			if at < 0 {
				at = len(foreign)
			}
		case inside:
		default:
			if named < 0 && names(text, name) {
				named = len(foreign)
			}
			foreign = append(foreign, line)
		}
	}
	if last := len(foreign) - 1; last >= 0 && foreign[last] == "" {
		foreign = foreign[:last]
	}
	if at < 0 {
		at = len(foreign)
	}
	if named >= 0 {
		at = min(at, named)
	}
	var out bytes.Buffer
	for i, line := range foreign {
		if i == at {
			out.Write(block)
		}
		out.WriteString(line)
	}
	if at >= len(foreign) {
		if out.Len() > 0 && out.Bytes()[out.Len()-1] != '\n' {
			out.WriteByte('\n')
		}
		out.Write(block)
	}
	return out.Bytes()
}

// nextMarker is the first of our markers in lines: a block that lost its end,
// or its beginning, is only that one line.
func nextMarker(lines []string) string {
	for _, line := range lines {
		if text := strings.TrimSpace(line); text == hostsBegin || text == hostsEnd {
			return text
		}
	}
	return ""
}

// names says whether a line of a hosts file gives an address to name.
func names(line, name string) bool {
	line, _, _ = strings.Cut(line, "#")
	words := strings.Fields(line)
	return len(words) > 1 && slices.ContainsFunc(words[1:], func(w string) bool { return strings.EqualFold(w, name) })
}

var assignment = regexp.MustCompile(`^\s*([a-z_]+)=`)

// mergeDaemons sets the given assignments in a daemons file, in place where
// they stand, at the end where they do not, and keeps all other lines byte for
// byte: Cumulus starts zebra with options of its own.
func mergeDaemons(current []byte, set [][2]string) []byte {
	var out bytes.Buffer
	done := map[string]bool{}
	for _, line := range strings.SplitAfter(string(current), "\n") {
		m := assignment.FindStringSubmatch(line)
		i := -1
		if m != nil {
			i = slices.IndexFunc(set, func(s [2]string) bool { return s[0] == m[1] })
		}
		if i < 0 {
			out.WriteString(line)
			continue
		}
		done[m[1]] = true
		value := strings.TrimSpace(strings.TrimSpace(line)[len(m[1])+1:])
		if strings.Trim(value, `"'`) == set[i][1] {
			out.WriteString(line)
			continue
		}
		out.WriteString(set[i][0] + "=" + set[i][1] + "\n")
	}
	for _, s := range set {
		if !done[s[0]] {
			if out.Len() > 0 && out.Bytes()[out.Len()-1] != '\n' {
				out.WriteByte('\n')
			}
			out.WriteString(s[0] + "=" + s[1] + "\n")
		}
	}
	return out.Bytes()
}
