package render

import (
	"slices"
	"strings"
)

// yamlNode is a key of startup.yaml, in the order in which it was told.
type yamlNode struct {
	key, value string // as YAML has them
	below      []*yamlNode
}

func (n *yamlNode) child(key string) *yamlNode {
	for _, c := range n.below {
		if c.key == key {
			return c
		}
	}
	c := &yamlNode{key: key}
	n.below = append(n.below, c)
	return c
}

// yaml is the tree as lines of YAML.
func (t *nvueTree) yaml() []string {
	root := &yamlNode{}
	for _, s := range t.steps {
		for _, l := range s.leaves {
			n := root
			for _, key := range strings.Fields(l.path) {
				n = n.child(yamlText(key))
			}
			switch {
			case l.value == "":
			case l.plain:
				n.value = l.value
			default:
				n.value = yamlText(l.value)
			}
		}
	}
	return root.lines()
}

// lines is what is below a node, as YAML.
func (n *yamlNode) lines() []string {
	var lines []string
	var walk func(n *yamlNode, indent string)
	walk = func(n *yamlNode, indent string) {
		for _, c := range n.below {
			switch {
			case len(c.below) > 0:
				lines = append(lines, indent+c.key+":")
				walk(c, indent+"  ")
			case c.value == "":
				lines = append(lines, indent+c.key+": {}")
			default:
				lines = append(lines, indent+c.key+": "+c.value)
			}
		}
	}
	walk(n, "")
	return lines
}

// yamlText is a text in YAML, in quotes where YAML would read it as something
// else: unless it is a plain word, or names YAML's truths.
func yamlText(s string) string {
	plain := s != "" && strings.Trim(s, yamlPlain) == "" && strings.Trim(s[:1], yamlPlain[:52]) == "" &&
		!slices.Contains(yamlTruths, strings.ToLower(s))
	if plain {
		return s
	}
	return quoted(s)
}

const yamlPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-"

var yamlTruths = []string{"on", "off", "yes", "no", "y", "n", "true", "false", "null"}
