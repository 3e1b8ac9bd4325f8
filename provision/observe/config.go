package observe

import (
	"regexp"
	"strings"
)

// Config is a running configuration of FRR: its lines, each with the block that
// it stands in. What only the printing of one version adds is taken out, so
// that two of them can be held side by side.
type Config struct{ Lines []ConfigLine }

// ConfigLine is one line; Block is "" at the top, otherwise "router bgp",
// "router bgp/address-family ipv4 unicast", "route-map NAME permit 10", ...
type ConfigLine struct{ Block, Text string }

var (
	opening  = regexp.MustCompile(`^(router bgp|route-map|interface|vrf|address-family|line|bfd|peer|profile)\b`)
	sequence = regexp.MustCompile(`^(bgp as-path access-list \S+|access-list \S+) seq \d+ `)
	oldPath  = regexp.MustCompile(`^ip as-path `)
)

// ParseConfig reads what `show running-config` prints, or a frr.conf. Of BGP
// only the default instance counts.
func ParseConfig(data []byte) Config {
	var c Config
	var block, inner string
	for line := range strings.Lines(string(data)) {
		indented := strings.HasPrefix(line, " ")
		text := strings.Join(strings.Fields(line), " ")
		switch {
		case text == "" || strings.HasPrefix(text, "!") || text == "end":
			if text == "!" && !indented {
				block, inner = "", ""
			}
			continue
		case text == "exit-address-family":
			inner = ""
			continue
		case text == "exit" || text == "exit-vrf":
			block, inner = "", ""
			continue
		case !indented:
			block, inner = "", ""
			if opening.MatchString(text) {
				block = text
				if strings.HasPrefix(text, "router bgp ") {
					block = "router bgp"
					if strings.Contains(text, " vrf ") || strings.Contains(text, " view ") {
						block = text
					}
				}
			}
		case strings.HasPrefix(text, "address-family "):
			inner = "/" + text
			continue
		}
		text = oldPath.ReplaceAllString(text, "bgp as-path ")
		text = sequence.ReplaceAllString(text, "$1 ")
		at := block + inner
		if !indented {
			at = ""
		}
		c.add(ConfigLine{at, text})
	}
	return c
}

func (c *Config) add(l ConfigLine) {
	if !c.Has(l.Block, l.Text) {
		c.Lines = append(c.Lines, l)
	}
}

// Merge adds the lines of another daemon.
func (c *Config) Merge(other Config) {
	for _, l := range other.Lines {
		c.add(l)
	}
}

// Has says that the block holds exactly this line.
func (c Config) Has(block, text string) bool {
	for _, l := range c.Lines {
		if l.Block == block && l.Text == text {
			return true
		}
	}
	return false
}

// Find lists the first groups of every line that the expression fits, in all
// blocks that start with block.
func (c Config) Find(block string, re *regexp.Regexp) [][]string {
	var out [][]string
	for _, l := range c.Lines {
		if strings.HasPrefix(l.Block, block) {
			if m := re.FindStringSubmatch(l.Text); m != nil {
				out = append(out, m)
			}
		}
	}
	return out
}
