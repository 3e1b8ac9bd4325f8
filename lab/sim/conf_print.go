package sim

import (
	"fmt"
	"slices"
	"strings"
)

// print is `show running-config`, blocks in FRR's order.
func (c *conf) print() string {
	var b strings.Builder
	lists := func(l confLine) bool {
		return strings.Contains(l.text, "prefix-list ") || strings.Contains(l.text, "access-list ")
	}
	for _, l := range c.top().lines {
		if !lists(l) && !strings.Contains(l.text, " protocol bgp ") {
			fmt.Fprintln(&b, l.text)
		}
	}
	b.WriteString("!\n")
	for _, p := range []place{atPort, atBGP} {
		for _, o := range c.blocks {
			if o.place == p {
				c.printBlock(&b, o)
			}
		}
	}
	sorted := slices.DeleteFunc(slices.Clone(c.top().lines), func(l confLine) bool { return !lists(l) })
	slices.SortStableFunc(sorted, func(a, b confLine) int { return strings.Compare(listName(a.text), listName(b.text)) })
	for _, l := range sorted {
		fmt.Fprintln(&b, l.text)
	}
	if len(sorted) > 0 {
		b.WriteString("!\n")
	}
	for _, o := range c.blocks {
		if o.place == atMap {
			c.printBlock(&b, o)
		}
	}
	for _, l := range c.top().lines {
		if strings.Contains(l.text, " protocol bgp ") {
			fmt.Fprintf(&b, "%s\n!\n", l.text)
		}
	}
	b.WriteString("end\n")
	return b.String()
}

func listName(text string) string {
	name, _, _ := strings.Cut(text, " seq ")
	return name
}

// said are a block's lines that bgpd 8.4 prints. It heeds more than that: that a
// port has no IPv6 next hops, and an activation that says what is so anyway.
func (c *conf) said(b *block) []confLine {
	return slices.DeleteFunc(slices.Clone(b.lines), func(l confLine) bool {
		words := strings.Fields(l.text)
		off := words[0] == "no"
		if off {
			words = words[1:]
		}
		switch {
		case words[0] != "neighbor":
			return false
		case words[len(words)-1] == "extended-nexthop":
			return off
		case words[len(words)-1] == "activate":
			return off != c.activeAnyway(b, words[1])
		}
		return false
	})
}

// activeAnyway says that a peer without a word of its own is active in a family:
// its group is, or every peer is.
func (c *conf) activeAnyway(family *block, peer string) bool {
	for _, l := range family.parent.lines {
		w := strings.Fields(l.text)
		i := slices.Index(w, "peer-group")
		if w[0] != "neighbor" || w[1] != peer || i < 0 || i+1 == len(w) {
			continue
		}
		for _, own := range family.lines {
			if bare := strings.TrimPrefix(own.text, "no "); bare == "neighbor "+w[i+1]+" activate" {
				return bare == own.text
			}
		}
	}
	return family.head == "address-family ipv4 unicast" &&
		!slices.ContainsFunc(family.parent.lines, func(l confLine) bool { return l.text == "no bgp default ipv4-unicast" })
}

func (c *conf) printBlock(b *strings.Builder, o *block) {
	fmt.Fprintln(b, o.head)
	for _, l := range c.said(o) {
		fmt.Fprintln(b, " "+l.text)
	}
	for _, inner := range c.blocks {
		if inner.parent != o {
			continue
		}
		lines := c.said(inner)
		if len(lines) == 0 {
			continue
		}
		fmt.Fprintf(b, " !\n %s\n", inner.head)
		for _, l := range lines {
			fmt.Fprintln(b, "  "+l.text)
		}
		b.WriteString(" exit-address-family\n")
	}
	b.WriteString("exit\n!\n")
}
