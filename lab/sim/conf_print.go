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

// unsaid are settings that bgpd 8.4 heeds and does not print.
func unsaid(text string) bool {
	return strings.HasPrefix(text, "no neighbor ") && strings.HasSuffix(text, " capability extended-nexthop")
}

func (c *conf) printBlock(b *strings.Builder, o *block) {
	fmt.Fprintln(b, o.head)
	for _, l := range o.lines {
		if !unsaid(l.text) {
			fmt.Fprintln(b, " "+l.text)
		}
	}
	for _, inner := range c.blocks {
		if inner.parent == o && len(inner.lines) > 0 {
			fmt.Fprintf(b, " !\n %s\n", inner.head)
			for _, l := range inner.lines {
				fmt.Fprintln(b, "  "+l.text)
			}
			b.WriteString(" exit-address-family\n")
		}
	}
	b.WriteString("exit\n!\n")
}
