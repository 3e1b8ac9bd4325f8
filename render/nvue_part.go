package render

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A switch that runs NVUE holds one tree, and only a part of it is closup's: the
// host name, the BGP of the default VRF, the lists and maps that closup names,
// and of lo and the planned ports what makes them routed ones. That part is
// written as a text of one leaf a line, "interface lo ip address 10.0.0.1/32: {}"
// or "router bgp autonomous-system: 65101", sorted: what `nv set` is told, with
// a colon before the value. So a difference shows whole commands, and the text
// is YAML of its own.

// nvueOwned are the branches that are closup's. PORT and NAME are those that
// closup's own text mentions.
var nvueOwned = [][]string{
	{"system", "hostname"},
	{"router", "bgp"},
	{"vrf", "default", "router", "bgp"},
	{"router", "policy", "prefix-list", "NAME"},
	{"router", "policy", "as-path-list", "NAME"},
	{"router", "policy", "route-map", "NAME"},
	{"interface", "PORT", "type"},
	{"interface", "PORT", "base-interface"},
	{"interface", "PORT", "vlan"},
	{"interface", "PORT", "link", "mtu"},
	{"interface", "PORT", "ip", "address"},
	{"interface", "PORT", "ip", "vrf"},
	{"interface", "PORT", "ipv4", "address"},
	{"interface", "PORT", "ipv6", "address"},
	{"interface", "PORT", "vrf"},
	{"interface", "PORT", "bridge"},
	{"interface", "PORT", "bond"},
}

// nvueHidden stands where NVUE does not show a value: a password.
const nvueHidden = "*"

// flat is a text of leaves: path to value, which is empty where being there is
// all.
type flat map[string]string

// readFlat reads such a text.
func readFlat(text []byte) (flat, error) {
	f := flat{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		at := strings.LastIndex(line, ": ") // a plain value has no space in it
		if strings.HasSuffix(line, `"`) {
			at = strings.Index(line, `: "`)
		}
		if at <= 0 {
			return nil, fmt.Errorf("%q is no leaf of NVUE's", line)
		}
		path, value := line[:at], line[at+2:]
		if value == "{}" {
			value = ""
		} else if err := yaml.Unmarshal([]byte(value), &value); err != nil {
			return nil, fmt.Errorf("%q is no leaf of NVUE's: %w", line, err)
		}
		f[path] = value
	}
	return f, nil
}

// text is the leaves in their order: ports by their numbers.
func (f flat) text() []byte {
	var b strings.Builder
	for _, path := range slices.SortedFunc(maps.Keys(f), natural) {
		value := "{}"
		if f[path] != "" {
			value = nvueScalar(f[path])
		}
		b.WriteString(path + ": " + value + "\n")
	}
	return []byte(b.String())
}

// nvueScalar is a value as YAML has it: numbers and NVUE's truths stand plain.
func nvueScalar(value string) string {
	if _, err := strconv.ParseUint(value, 10, 64); err == nil || value == "on" || value == "off" {
		return value
	}
	return yamlText(value)
}

// natural compares texts, and the numbers in them as numbers.
func natural(a, b string) int {
	for a != "" && b != "" {
		n, m := digits(a), digits(b)
		if n > 0 && m > 0 {
			x, y := strings.TrimLeft(a[:n], "0"), strings.TrimLeft(b[:m], "0")
			if c := cmp.Or(len(x)-len(y), strings.Compare(x, y), n-m); c != 0 {
				return c
			}
			a, b = a[n:], b[m:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// flat is what the tree holds, as such a text.
func (t *nvueTree) flat() flat {
	f := flat{}
	for _, s := range t.steps {
		for _, l := range s.leaves {
			f.add(l.path, l.value)
		}
	}
	return f
}

// add puts a leaf in; one that is there for itself alone gives way to what is
// below it.
func (f flat) add(path, value string) {
	words := strings.Fields(path)
	for n := 1; n < len(words); n++ {
		if above := strings.Join(words[:n], " "); f[above] == "" {
			delete(f, above)
		}
	}
	if value == "" {
		for other := range f {
			if strings.HasPrefix(other, path+" ") {
				return
			}
		}
	}
	f[path] = value
}

// nvuePart is closup's part of what NVUE has applied, as `nv config show` prints
// it in YAML or JSON. It is what closup's own texts mention the ports, lists and
// maps of: the one that is asked for, and the one that was confirmed last.
func nvuePart(applied []byte, ours ...[]byte) ([]byte, error) {
	all, err := readApplied(applied)
	if err != nil {
		return nil, err
	}
	scope := nvueScope{}
	for _, text := range ours {
		mine, err := readFlat(text)
		if err != nil {
			return nil, err
		}
		for path := range mine {
			scope.mention(strings.Fields(path))
		}
	}
	part := flat{}
	for path, value := range all {
		if scope.root(strings.Fields(path)) > 0 {
			part[path] = value
		}
	}
	return part.text(), nil
}

// nvueScope is the ports, lists and maps that are closup's, as "interface swp1".
type nvueScope map[string]bool

func (s nvueScope) mention(words []string) {
	switch {
	case len(words) > 1 && words[0] == "interface":
		s[strings.Join(words[:2], " ")] = true
	case len(words) > 3 && words[0] == "router" && words[1] == "policy":
		s[strings.Join(words[:4], " ")] = true
	}
}

// root is how many words of a path name the branch that is closup's; 0: it is
// not closup's.
func (s nvueScope) root(words []string) int {
	for _, branch := range nvueOwned {
		if len(words) < len(branch) {
			continue
		}
		fits := true
		for i, want := range branch {
			switch want {
			case "PORT", "NAME":
				fits = fits && s[strings.Join(words[:i+1], " ")]
			default:
				fits = fits && words[i] == want
			}
		}
		if fits {
			return len(branch)
		}
	}
	return 0
}

// readApplied reads what `nv config show` prints: a list of which one entry is
// `set`, a tree.
func readApplied(text []byte) (flat, error) {
	f := flat{}
	if strings.TrimSpace(string(text)) == "" {
		return f, nil
	}
	var doc []map[string]yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("what NVUE shows cannot be read: %w", err)
	}
	for _, entry := range doc {
		if set, ok := entry["set"]; ok {
			if err := f.read(&set, nil); err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

func (f flat) read(n *yaml.Node, path []string) error {
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) > 0:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if strings.ContainsAny(n.Content[i].Value, " \t\r\n\"") {
				continue // a text as a key: nothing that is closup's
			}
			for _, key := range nvueKeys(path, n.Content[i].Value) {
				if err := f.read(n.Content[i+1], append(slices.Clone(path), key)); err != nil {
					return err
				}
			}
		}
	case n.Kind == yaml.MappingNode && len(path) == 0:
	case n.Kind == yaml.MappingNode:
		f.add(strings.Join(path, " "), "")
	case n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			if err := f.read(&yaml.Node{Kind: yaml.MappingNode}, append(slices.Clone(path), item.Value)); err != nil {
				return err
			}
		}
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		f.add(strings.Join(path, " "), "")
	case n.Kind == yaml.ScalarNode:
		f.add(strings.Join(path, " "), n.Value)
	default:
		return errors.New("what NVUE shows cannot be read: it refers to itself")
	}
	return nil
}

// nvueRange is how NVUE shortens the names of ports that have the same below
// them: swp1-4, bond1-3.
var nvueRange = regexp.MustCompile(`^(.*?)([0-9]+)-([0-9]+)$`)

// nvueKeys are the keys that one key stands for: of ports and neighbors NVUE
// writes ranges and lists.
func nvueKeys(path []string, key string) []string {
	if !(len(path) == 1 && path[0] == "interface") && (len(path) == 0 || path[len(path)-1] != "neighbor") {
		return []string{key}
	}
	var out []string
	for part := range strings.SplitSeq(key, ",") {
		w := nvueRange.FindStringSubmatch(part)
		from, to := 0, -1
		if w != nil {
			from, _ = strconv.Atoi(w[2])
			to, _ = strconv.Atoi(w[3])
		}
		if to < from || to-from > 1024 {
			out = append(out, part)
			continue
		}
		for n := from; n <= to; n++ {
			out = append(out, w[1]+strconv.Itoa(n))
		}
	}
	return out
}

// nvueDelta is what brings one text to another: comments of what is unset, the
// uppermost branches first, and then YAML as `nv config patch` takes it. A value
// that NVUE does not show cannot be in it: known says that it need not be.
func nvueDelta(was, want []byte, known bool) ([]byte, error) {
	from, err := readFlat(was)
	if err != nil {
		return nil, err
	}
	to, err := readFlat(want)
	if err != nil {
		return nil, err
	}
	scope := nvueScope{}
	for path := range from {
		scope.mention(strings.Fields(path))
	}
	// keeps says that something of a branch is asked for.
	keeps := map[string]bool{}
	for path := range to {
		for words := strings.Fields(path); len(words) > 0; words = words[:len(words)-1] {
			keeps[strings.Join(words, " ")] = true
		}
	}
	unset := map[string]bool{}
	for path := range from {
		words := strings.Fields(path)
		if keeps[path] {
			continue
		}
		if strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return nil, fmt.Errorf("NVUE has a name that cannot be unset: %q", path)
		}
		n := scope.root(words)
		if n == 0 {
			n = len(words)
		}
		for n < len(words) && keeps[strings.Join(words[:n], " ")] {
			n++
		}
		unset[strings.Join(words[:n], " ")] = true
	}
	root := &yamlNode{}
	for _, path := range slices.SortedFunc(maps.Keys(to), natural) {
		value, had := from[path]
		switch {
		case had && value == to[path]:
			continue
		case to[path] == nvueHidden && known:
			continue
		case to[path] == nvueHidden:
			return nil, fmt.Errorf("%s is a value that NVUE does not show, so it cannot be brought back: apply the revision that had it (nv config history)", path)
		}
		n := root
		for word := range strings.FieldsSeq(path) {
			n = n.child(yamlText(word))
		}
		if to[path] != "" {
			n.value = nvueScalar(to[path])
		}
	}
	var b strings.Builder
	for _, path := range slices.SortedFunc(maps.Keys(unset), natural) {
		b.WriteString("# unset " + path + "\n")
	}
	if len(root.below) > 0 {
		b.WriteString("- set:\n")
		for _, line := range root.lines() {
			b.WriteString("    " + line + "\n")
		}
	}
	return []byte(b.String()), nil
}
