package sim

import "strings"

// drop is what a device's firewall throws away as it comes in.
type drop string

const (
	dropBGP drop = "tcp/179"
	dropRA  drop = "icmpv6/134"
)

func (d *device) drops(what drop) bool { return d.firewall[what] }

// iptables and ip6tables know two rules, those that take a session down: TCP
// to port 179, and router advertisements.
func iptables(drop) command {
	return func(c *call) int {
		if c.who.uid != 0 {
			return c.fail(4, "iptables: Permission denied (you must be root)")
		}
		text := strings.Join(c.args, " ")
		return c.inWorld(func() int {
			on := strings.Contains(text, "-A ") || strings.Contains(text, "-I ")
			off := strings.Contains(text, "-D ")
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
