package model

import (
	"fmt"
	"slices"
	"strings"
)

// weed leaves out what fabric.yaml has no place for, and says so: the
// management network, devices whose role nobody can say, cables whose end is
// gone, and cables that stand twice.
func (t *topology) weed() {
	gone := map[string]string{} // device: why
	var kept []*imported
	for _, d := range t.devices {
		switch _, err := parseDeviceName(d.name); {
		case err != nil:
			gone[d.name] = "its name is no device's name"
		case d.why != "":
			gone[d.name] = d.why
		case d.outside:
			gone[d.name] = "it lies outside the fabric"
		case !d.known:
			gone[d.name] = "neither its name nor its cables tell its role"
		default:
			kept = append(kept, d)
			continue
		}
		t.remark("%s was left out: %s", quote(d.name), gone[d.name])
	}
	t.devices = kept
	var cables []importedCable
	seen := map[[2]End]bool{}
	twice, lost := 0, map[string][]string{}
	var order []string
	for _, c := range t.cables {
		switch {
		case seen[[2]End{c.a, c.b}]:
			twice++
		case gone[c.a.Device] == "" && gone[c.b.Device] == "":
			if _, _, err := parseCable(c.a.String() + " " + c.b.String()); err != nil {
				t.remark("the cable %s %s was left out: %s", printable(c.a.String()), printable(c.b.String()), err)
				continue
			}
			cables = append(cables, c)
		case t.exit(c.a, c.b) || t.exit(c.b, c.a):
		default:
			end := c.a.Device
			if gone[end] == "" {
				end = c.b.Device
			}
			if lost[end] == nil {
				order = append(order, end)
			}
			lost[end] = append(lost[end], c.a.String()+" "+c.b.String())
		}
		seen[[2]End{c.a, c.b}], seen[[2]End{c.b, c.a}] = true, true
	}
	t.cables = cables
	for _, end := range order {
		t.remark("%s of %s %s left out, since %s: %s", count(len(lost[end]), "cable"), quote(end), was(len(lost[end])), gone[end], some(lost[end]))
	}
	if twice > 0 {
		t.remark("%s stood twice", count(twice, "cable"))
	}
}

func was(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// exit makes an outside peer of a cable from a border to a router outside.
func (t *topology) exit(near, far End) bool {
	border, router := t.byName[near.Device], t.byName[far.Device]
	if !border.known || border.role != Border || !router.outside {
		return false
	}
	if _, err := parsePort(near.Port); err != nil {
		return false
	}
	asn := router.asn
	if asn == "" {
		asn = External
	}
	border.exits = append(border.exits, fmt.Sprintf("{port: %s, asn: %s, accept: [0.0.0.0/0]}", Quote(near.Port), asn))
	t.remark("the cable %s %s leads outside: it became a peer of %s that may tell the default route and is shown nothing", near, far, near.Device)
	return true
}

// selfNumbered says whether the names of a role tell each device's n: all end in
// different numbers, or none in any.
func selfNumbered(devices []*imported) bool {
	seen := map[int]bool{}
	for _, d := range devices {
		if n, ok := trailingNumber(d.name); ok && n > 0 {
			seen[n] = true
		}
	}
	return len(seen) == len(devices) || len(seen) == 0 && !slices.ContainsFunc(devices, func(d *imported) bool {
		return strings.ContainsAny(d.name[len(d.name)-1:], "0123456789")
	})
}
