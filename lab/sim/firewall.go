package sim

import (
	"slices"
	"strings"
)

// drop is what a device's firewall throws away as it comes in.
type drop string

const (
	dropBGP drop = "tcp/179"
	dropRA  drop = "icmpv6/134"
)

// dropWords are the rules that throw it away, as nft prints them. A session
// can begin at either end: BGP is gone where both ways in are closed.
var dropWords = map[drop][]string{
	dropBGP: {"tcp dport 179", "tcp sport 179"},
	dropRA:  {"icmpv6 type nd-router-advert"},
}

// drops says whether what comes in by the port is thrown away.
func (d *device) drops(what drop, p *port) bool {
	if d.firewall[what] {
		return true
	}
	for _, words := range dropWords[what] {
		if !d.nftDrops(words, p) {
			return false
		}
	}
	return true
}

func (d *device) nftDrops(words string, p *port) bool {
	for _, t := range d.nft {
		for _, c := range t.chains {
			if !strings.Contains(c.hook, "hook input") {
				continue
			}
			for _, rule := range c.rules {
				r := rule.text
				at, _, narrowed := strings.Cut(strings.TrimPrefix(r, `iifname "`), `"`)
				if strings.Contains(r, words) && (strings.HasSuffix(r, " drop") || strings.HasSuffix(r, " reject")) && (!narrowed || at == p.name) {
					return true
				}
			}
		}
	}
	return false
}

// iptables and ip6tables know two rules, those that take a session down: TCP
// to port 179, and router advertisements.
func iptables(drop) command {
	return func(c *call) int {
		if c.who.uid != 0 {
			return c.fail(4, "iptables: Permission denied (you must be root)")
		}
		text := strings.Join(c.args, " ")
		return c.inWorld(func() int {
			on := slices.Contains(c.args, "-A") || slices.Contains(c.args, "-I")
			off := slices.Contains(c.args, "-D")
			switch {
			case strings.HasPrefix(text, "-F") || strings.HasPrefix(text, "--flush"):
				c.firewall = map[drop]bool{}
			case !on && !off:
				return c.fail(2, "iptables: this simulator knows -A, -I, -D and -F alone")
			case strings.Contains(text, "179"):
				c.firewall[dropBGP] = on
			case strings.Contains(text, "134") || strings.Contains(text, "router-advertisement"):
				c.firewall[dropRA] = on
			default:
				return c.fail(2, "iptables: this simulator knows rules for TCP port 179 and router advertisements alone")
			}
			c.router.changed()
			c.world.converge()
			return 0
		})
	}
}

// iptablesSave prints them in iptables-save's words.
func iptablesSave(which drop, rule string) command {
	return func(c *call) int {
		return c.inWorld(func() int {
			if c.firewall[which] {
				c.printf("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n%s\nCOMMIT\n", rule)
			}
			return 0
		})
	}
}
