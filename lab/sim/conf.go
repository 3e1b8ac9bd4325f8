package sim

import (
	"fmt"
	"slices"
	"strings"
)

// conf is a router's configuration as lines, each block with its own.
type conf struct{ blocks []*block }

// block is the top level (head is empty), or what stands below a line.
type block struct {
	place  place
	head   string // "router bgp 65101"
	parent *block
	lines  []confLine
}

type confLine struct {
	text string
	key  string // of the setting
}

func newConf() *conf { return &conf{blocks: []*block{{place: atTop}}} }

func (c *conf) clone() *conf {
	out := &conf{}
	for _, b := range c.blocks {
		d := *b
		d.lines = slices.Clone(b.lines)
		if b.parent != nil {
			d.parent = out.blocks[slices.Index(c.blocks, b.parent)]
		}
		out.blocks = append(out.blocks, &d)
	}
	return out
}

func (c *conf) top() *block { return c.blocks[0] }

// find is the block below parent with that head.
func (c *conf) find(parent *block, head string) *block {
	for _, b := range c.blocks {
		if b.parent == parent && b.head == head {
			return b
		}
	}
	return nil
}

func (c *conf) open(p place, parent *block, head string) *block {
	if b := c.find(parent, head); b != nil {
		return b
	}
	b := &block{place: p, parent: parent, head: head}
	c.blocks = append(c.blocks, b)
	return b
}

// drop removes a block and those below it.
func (c *conf) drop(b *block) {
	c.blocks = slices.DeleteFunc(c.blocks, func(o *block) bool { return o == b || o.parent == b })
}

// settingKey are the words that make a line's setting what it is.
func settingKey(g *grammarRow, words []string) string {
	switch {
	case g.key == -1: // a list of a peer, one for each direction
		return strings.Join([]string{words[0], words[1], words[2], words[len(words)-1]}, " ")
	case g.key == 0 || g.key > len(words):
		return strings.Join(words, " ")
	}
	return strings.Join(words[:g.key], " ")
}

// enter applies one line in the block at, or above it, and answers the block
// that the next line is in; ok is false for a line that is no command.
func (c *conf) enter(at *block, line string) (next *block, ok bool) {
	words := strings.Fields(line)
	if len(words) == 0 || strings.HasPrefix(words[0], "!") || strings.HasPrefix(words[0], "#") {
		return at, true
	}
	switch strings.Join(words, " ") {
	case "exit", "quit", "exit-address-family", "exit-vrf":
		if at.parent != nil {
			return at.parent, true
		}
		return at, true
	case "end":
		return c.top(), true
	}
	no := words[0] == "no"
	if no {
		words = words[1:]
	}
	for b := at; b != nil; b = b.parent {
		if next, ok := c.apply(b, words, no); ok {
			return next, true
		}
	}
	return at, false
}

// apply is one line in one block.
func (c *conf) apply(b *block, words []string, no bool) (*block, bool) {
	g := row(b.place, words)
	if g == nil && b.place == atBGP {
		// What belongs to a family may stand without one: it is IPv4's then.
		if g = row(atFamily, words); g != nil {
			c.apply(c.open(atFamily, b, "address-family ipv4 unicast"), words, no)
			return b, true
		}
	}
	if g == nil && no {
		return b, c.remove(b, words)
	}
	if g == nil {
		return b, false
	}
	text := strings.Join(words, " ")
	switch {
	case g.enters != "" && no:
		if inner := c.find(b, text); inner != nil {
			c.drop(inner)
		}
		return b, true
	case g.enters == atMap:
		// The same number with another action is the same entry.
		for _, o := range c.blocks {
			if w := strings.Fields(o.head); o.place == atMap && w[1] == words[1] && w[3] == words[3] {
				o.head = text
				return o, true
			}
		}
		return c.open(g.enters, b, text), true
	case g.enters == atBGP:
		for _, o := range c.blocks {
			if o.place == atBGP && o.head != text {
				return b, false // one router has one ASN
			}
		}
		return c.open(g.enters, b, text), true
	case g.enters != "":
		return c.open(g.enters, b, text), true
	}
	words = numbered(b, words)
	key, text := settingKey(g, words), strings.Join(words, " ")
	b.lines = slices.DeleteFunc(b.lines, func(l confLine) bool { return l.key == key })
	switch {
	case no && words[len(words)-1] == "ebgp-requires-policy" && c.datacenter():
		return b, true // it is off by itself there
	case no && g.no:
		text = "no " + text
	case no:
		c.remove(b, words)
		return b, true
	case g.no && c.isDefault(b, words):
		return b, true
	}
	b.lines = append(b.lines, confLine{text, key})
	return b, true
}

// datacenter is the profile whose sessions need no policy.
func (c *conf) datacenter() bool {
	return slices.ContainsFunc(c.top().lines, func(l confLine) bool { return l.text == "frr defaults datacenter" })
}

// advertised are the ports with router advertisements of their own.
func (c *conf) advertised() map[string]bool {
	out := map[string]bool{}
	for _, b := range c.blocks {
		if name, ok := strings.CutPrefix(b.head, "interface "); ok && slices.ContainsFunc(b.lines, func(l confLine) bool { return l.text == "no ipv6 nd suppress-ra" }) {
			out[name] = true
		}
	}
	return out
}

// isDefault says that a switch which is on need not be written down: only a
// peer's capability of IPv6 next hops where it is no port, and RAs, are off by
// themselves.
func (c *conf) isDefault(b *block, words []string) bool {
	if words[len(words)-1] == "ebgp-requires-policy" {
		return !c.datacenter()
	}
	if words[len(words)-1] == "activate" {
		return false // that depends on its group: print looks
	}
	if words[len(words)-1] == "extended-nexthop" {
		return slices.ContainsFunc(b.lines, func(l confLine) bool { return strings.HasPrefix(l.text, "neighbor "+words[1]+" interface") })
	}
	return words[0] != "ipv6" || words[1] != "nd"
}

// remove is "no ..." of a part of a line.
func (c *conf) remove(b *block, words []string) bool {
	text := strings.Join(words, " ")
	n := len(b.lines)
	b.lines = slices.DeleteFunc(b.lines, func(l confLine) bool { return l.text == text || strings.HasPrefix(l.text, text+" ") })
	found := n != len(b.lines)
	if len(words) > 2 && words[0] == "neighbor" && (len(words) == 2 || words[2] == "interface" || words[2] == "peer-group" || words[2] == "remote-as") || len(words) == 2 && words[0] == "neighbor" {
		// The neighbor itself goes, from the families as well.
		for _, o := range c.blocks {
			if o == b || o.parent == b {
				o.lines = slices.DeleteFunc(o.lines, func(l confLine) bool {
					mine := strings.HasPrefix(strings.TrimPrefix(l.text, "no ")+" ", "neighbor "+words[1]+" ")
					found = found || mine
					return mine
				})
			}
		}
	}
	for _, o := range slices.Clone(c.blocks) {
		if o.parent == b && (o.head == text || strings.HasPrefix(o.head, text+" ")) {
			c.drop(o)
			found = true
		}
	}
	return found
}

// numbered gives a list's entry the number that FRR gives it.
func numbered(b *block, words []string) []string {
	at := slices.IndexFunc(words, func(w string) bool { return w == "permit" || w == "deny" })
	name := strings.Join(words[:max(at, 0)], " ")
	if b.place != atTop || at < 1 || slices.Contains(words[:at], "seq") ||
		!strings.Contains(name, "prefix-list ") && !strings.Contains(name, "access-list ") {
		return words
	}
	name = strings.Replace(name, "ip as-path", "bgp as-path", 1)
	rest := strings.Join(words[at:], " ")
	seq := 0
	for _, l := range b.lines {
		var n int
		if tail, ok := strings.CutPrefix(l.text, name+" seq "); ok {
			_, _ = fmt.Sscan(tail, &n)
			if strings.HasSuffix(tail, " "+rest) {
				return strings.Fields(l.text) // the same entry once more
			}
			seq = max(seq, n)
		}
	}
	return strings.Fields(fmt.Sprintf("%s seq %d %s", name, seq/5*5+5, rest))
}

// parseConf reads a file. Lines that are no command are answered, with their
// numbers from 1.
func parseConf(text string) (c *conf, bad []badLine) {
	c = newConf()
	at := c.top()
	for i, line := range strings.Split(text, "\n") {
		next, ok := c.enter(at, line)
		if !ok {
			bad = append(bad, badLine{i + 1, strings.TrimSpace(line)})
		}
		at = next
	}
	return c, bad
}

type badLine struct {
	number int
	text   string
}
