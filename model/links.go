package model

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// readLinks reads `links`: cables as "spine1:swp1 leaf1:swp32", or as
// {a: spine1:swp1, b: leaf1:swp32, speed: 100G}.
func readLinks(r *reader, v value, f *Fabric) {
	f.Cabled = true
	r.items(v, func(_ int, item value) {
		c := Cable{Line: item.Line}
		if item.Kind == yaml.MappingNode {
			cableKeys.read(r, item, &c)
			for _, key := range []string{"a", "b"} {
				if (step{key: key}).child(item.Node) == nil {
					r.fail(item, item.path+" has no "+key, "a cable has two ends, such as {a: spine1:swp1, b: leaf1:swp32}")
				}
			}
		} else if text, ok := r.text(item); ok {
			a, b, err := parseCable(text)
			if err != nil {
				r.failed(item, err)
			}
			c.A, c.B = a, b
		}
		f.Links = append(f.Links, c)
	})
}

var cableKeys = object[Cable]{
	{"a", scalar(ParseEnd, func(c *Cable) *End { return &c.A })},
	{"b", scalar(ParseEnd, func(c *Cable) *End { return &c.B })},
	{"speed", scalar(parseSpeed, func(c *Cable) *string { return &c.Speed })},
}

func parseCable(s string) (a, b End, err error) {
	ends := strings.Fields(s)
	if len(ends) != 2 {
		return a, b, wrong{quote(s) + " is not a cable", "write its two ends, such as spine1:swp1 leaf1:swp32"}
	}
	if a, err = ParseEnd(ends[0]); err == nil {
		b, err = ParseEnd(ends[1])
	}
	return a, b, err
}

// ParseEnd reads one end of a cable: "spine1:swp1".
func ParseEnd(s string) (End, error) {
	device, port, found := strings.Cut(s, ":")
	if !found {
		return End{}, wrong{quote(s) + " is not the end of a cable", "write DEVICE:PORT, such as spine1:swp1"}
	}
	if _, err := parseDeviceName(device); err != nil {
		return End{}, err
	}
	if _, err := parsePort(port); err != nil {
		return End{}, err
	}
	return End{device, port}, nil
}

var speedRule = regexp.MustCompile(`^[1-9][0-9]{0,3}[GM]$`)

func parseSpeed(s string) (string, error) {
	if !speedRule.MatchString(s) {
		return "", wrong{quote(s) + " is not a speed", "write one such as 25G or 100G"}
	}
	return s, nil
}
