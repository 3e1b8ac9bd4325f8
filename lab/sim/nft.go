package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// nft as far as a rule that drops something needs it: tables, chains and rules
// are kept as they are written, and what a rule of an input chain drops is
// looked up when something would come in.
type nftTable struct {
	name   string // "inet closup-lab"
	chains []*nftChain
	last   int // handle that was given
}

type nftChain struct {
	name, hook string // "type filter hook input priority filter; policy accept;"
	handle     int
	rules      []nftRule
}

type nftRule struct {
	text   string
	handle int
}

// nftWords are how nft prints what may be written otherwise.
var nftWords = strings.NewReplacer("icmpv6 type 134", "icmpv6 type nd-router-advert", "priority 0;", "priority filter;")

func nft(c *call) int {
	if c.who.uid != 0 {
		return c.fail(1, "Operation not permitted (you must be root)")
	}
	_, args := c.flagsUntilCommand("")
	return c.inWorld(func() int {
		if text := strings.Join(args, " "); strings.HasSuffix(text, "list ruleset") {
			c.printf("%s", c.ruleset(slices.Contains(c.args, "-a")))
			return 0
		}
		for statement := range strings.SplitSeq(nftStatements(strings.Join(args, " ")), "\n") {
			if w := strings.Fields(statement); len(w) > 0 && !c.nftOne(w) {
				return c.fail(1, "Error: syntax error, or something that this simulator does not know\n%s", statement)
			}
		}
		c.router.changed()
		c.world.converge()
		return 0
	})
}

// nftStatements ends statements at semicolons outside braces.
func nftStatements(text string) string {
	depth := 0
	return strings.Map(func(r rune) rune {
		switch r {
		case '{':
			depth++
		case '}':
			depth--
		case ';':
			if depth == 0 {
				return '\n'
			}
		}
		return r
	}, text)
}

func (d *device) nftOne(w []string) bool {
	text := strings.Join(w, " ")
	switch {
	case text == "flush ruleset":
		d.nft = nil
		return true
	case len(w) < 4:
		return false
	}
	name := w[2] + " " + w[3]
	at := slices.IndexFunc(d.nft, func(t *nftTable) bool { return t.name == name })
	switch w[0] + " " + w[1] {
	case "add table", "create table":
		if at < 0 {
			d.nft = append(d.nft, &nftTable{name: name})
		}
		return len(w) == 4
	case "delete table":
		if at < 0 {
			return false
		}
		d.nft = slices.Delete(d.nft, at, at+1)
		return true
	}
	if at < 0 || len(w) < 5 {
		return false
	}
	t := d.nft[at]
	in := slices.IndexFunc(t.chains, func(c *nftChain) bool { return c.name == w[4] })
	switch w[0] + " " + w[1] {
	case "add chain":
		if in < 0 {
			t.last++
			t.chains = append(t.chains, &nftChain{name: w[4], handle: t.last, hook: nftWords.Replace(strings.Trim(strings.Join(w[5:], " "), "{} ")) + " policy accept;"})
		}
		return true
	case "add rule":
		if in < 0 {
			return false
		}
		rule := w[5:]
		if len(rule) > 1 && rule[0] == "iifname" {
			rule[1] = `"` + strings.Trim(rule[1], `"`) + `"`
		}
		t.last++
		t.chains[in].rules = append(t.chains[in].rules, nftRule{nftWords.Replace(strings.Join(rule, " ")), t.last})
		return true
	case "delete rule":
		if in < 0 || len(w) != 7 || w[5] != "handle" {
			return false
		}
		before := len(t.chains[in].rules)
		t.chains[in].rules = slices.DeleteFunc(t.chains[in].rules, func(r nftRule) bool { return strconv.Itoa(r.handle) == w[6] })
		return len(t.chains[in].rules) < before
	}
	return false
}

// ruleset is `nft list ruleset`, with -a with the handles.
func (d *device) ruleset(handles bool) string {
	numbered := func(n int) string {
		if !handles {
			return ""
		}
		return fmt.Sprintf(" # handle %d", n)
	}
	var b strings.Builder
	for n, t := range d.nft {
		fmt.Fprintf(&b, "table %s {%s\n", t.name, numbered(n+1))
		for i, c := range t.chains {
			if i > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "\tchain %s {%s\n\t\t%s\n", c.name, numbered(c.handle), c.hook)
			for _, r := range c.rules {
				fmt.Fprintf(&b, "\t\t%s%s\n", r.text, numbered(r.handle))
			}
			b.WriteString("\t}\n")
		}
		b.WriteString("}\n")
	}
	return b.String()
}
