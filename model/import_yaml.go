package model

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// importRow is where the ASNs and loopbacks of an imported role begin: private
// two-byte ASNs and a /24 while they reach, otherwise four bytes and a /16.
type importRow struct {
	reach         int // the highest n of the narrow ones
	asn, wideASN  uint32
	narrow, wider string
}

var importRows = PerRole[importRow]{
	Superspine: {99, 64601, 4200010001, "10.1.5.0/24", "10.15.0.0/16"},
	Spine:      {99, 64701, 4200020001, "10.1.2.0/24", "10.12.0.0/16"},
	Leaf:       {99, 64801, 4200030001, "10.1.1.0/24", "10.11.0.0/16"},
	Border:     {99, 64901, 4200040001, "10.1.4.0/24", "10.14.0.0/16"},
	Node:       {250, 65001, 4200050001, "10.1.3.0/24", "10.13.0.0/16"},
}

// yaml writes what was understood as a fabric.yaml.
func (t *topology) yaml() []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	var byRole PerRole[[]*imported]
	for _, d := range t.devices {
		byRole[d.role] = append(byRole[d.role], d)
	}
	line("# From a %s.", t.what)
	line("version: 1")
	line("name: %s", t.fabricName())
	var asns, loopbacks, platforms []string
	for _, role := range Roles {
		devices := byRole[role]
		if len(devices) == 0 {
			continue
		}
		slices.SortStableFunc(devices, func(a, b *imported) int { return CompareNatural(a.name, b.name) })
		asn, loopback := importRows[role].asn, importRows[role].narrow
		if t.number(role, devices) > importRows[role].reach {
			asn, loopback = importRows[role].wideASN, importRows[role].wider
		}
		if own, ok := common(devices); ok {
			loopback = own.String()
		}
		asns = append(asns, fmt.Sprintf("%s: %d+", role.Key(), asn))
		loopbacks = append(loopbacks, fmt.Sprintf("%s: %s", role.Key(), loopback))
		if platform := commonPlatform(role, devices); platform != "" {
			platforms = append(platforms, fmt.Sprintf("%s: %s", role.Key(), platform))
		}
	}
	block := func(key string, rows []string) {
		if len(rows) > 0 {
			line("\n%s:\n  %s", key, strings.Join(rows, "\n  "))
		}
	}
	block("asn", asns)
	block("loopbacks", loopbacks)
	block("platform", platforms)
	if len(t.settings) > 0 {
		line("")
	}
	for _, s := range t.settings {
		line("%s: %s", s[0], s[1])
	}
	for _, role := range Roles {
		if len(byRole[role]) > 0 {
			line("\n%s:", role.Key())
			for _, d := range byRole[role] {
				line("  - %s", d.yaml())
			}
		}
	}
	if !t.noCables {
		line("\nlinks:%s", map[bool]string{true: " []", false: ""}[len(t.cables) == 0])
		for _, c := range t.cables {
			if c.speed == "" {
				line("  - %s", Quote(c.a.String()+" "+c.b.String()))
			} else {
				line("  - {a: %s, b: %s, speed: %s}", Quote(c.a.String()), Quote(c.b.String()), c.speed)
			}
		}
	}
	return []byte(b.String())
}

// number gives the devices of a role an n where their names do not tell it, and
// says which is the highest.
func (t *topology) number(role Role, devices []*imported) int {
	own := !selfNumbered(devices)
	if own {
		t.remark("the names of the %s do not number them, so each has an n of its own", role.Key())
	}
	highest := 0
	for i, d := range devices {
		n, ok := trailingNumber(d.name)
		if own || !ok {
			n = i + 1
		}
		if own {
			d.n = n
		}
		highest = max(highest, n)
	}
	return highest
}

// common is the smallest network of at most 24 bits that all loopbacks of a
// role lie in; false where some device has none, or they lie far apart.
func common(devices []*imported) (netip.Prefix, bool) {
	const near = 16
	for bits := 24; bits >= near; bits-- {
		var all netip.Prefix
		fits := true
		for _, d := range devices {
			a, err := netip.ParseAddr(d.loopback)
			if err != nil || !a.Is4() {
				return all, false
			}
			if !all.IsValid() {
				all = netip.PrefixFrom(a, bits).Masked()
			}
			fits = fits && all.Contains(a)
		}
		if fits {
			return all, true
		}
	}
	return netip.Prefix{}, false
}

// usualPlatform is the platform that a role has where nothing is said.
func usualPlatform(role Role) string { return defaults().Platform[role] }

// commonPlatform is the platform of a whole role, where it is not the usual
// one; otherwise devices say their own.
func commonPlatform(role Role, devices []*imported) string {
	first := devices[0].platform
	if first == usualPlatform(role) || slices.ContainsFunc(devices, func(d *imported) bool { return d.platform != first }) {
		return ""
	}
	for _, d := range devices {
		d.platform = ""
	}
	return first
}

// yaml writes a device in one line, a border with peers in several.
func (d *imported) yaml() string {
	var keys []string
	add := func(key, value string) {
		if value != "" {
			keys = append(keys, key+": "+value)
		}
	}
	add("name", Quote(d.name))
	if d.n > 0 {
		add("n", strconv.Itoa(d.n))
	}
	add("mgmt", quoted(d.mgmt))
	add("asn", d.asn)
	add("loopback", quoted(d.loopback))
	if d.platform != usualPlatform(d.role) {
		add("platform", d.platform)
	}
	add("rack", quoted(d.rack))
	add("serial", quoted(d.serial))
	if len(d.roles) > 0 {
		add("roles", "["+strings.Join(d.roles, ", ")+"]")
	}
	if len(d.exits) == 0 {
		return "{" + strings.Join(keys, ", ") + "}"
	}
	return strings.Join(keys, "\n    ") + "\n    peers:\n      - " + strings.Join(d.exits, "\n      - ")
}

// quoted is a text as YAML; nothing stays nothing.
func quoted(text string) string {
	if text == "" {
		return ""
	}
	return Quote(text)
}
