package push

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// foresee notes what the change does beside the files: the addresses that it
// takes away. They are read out of the files and of what is live.
func (d *device) foresee() {
	for _, u := range d.due() {
		if u.Declare && anyChanged(u.files) {
			d.report.Vanish = append(d.report.Vanish, d.vanishing(u)...)
		}
	}
}

// vanishing are the live addresses that a unit takes away: on lo and the planned
// ports, and on what its files give a static address, where no file of it and
// no plan has them.
func (d *device) vanishing(u *unit) []string {
	if d.facts == nil {
		return nil
	}
	var text bytes.Buffer
	for _, f := range u.files {
		text.Write(f.want)
		text.WriteByte('\n')
	}
	ours := map[string]bool{"lo": true}
	for _, p := range d.target.Device.Ports {
		ours[p.Name] = true
	}
	for line := range strings.Lines(text.String()) {
		if w := strings.Fields(line); len(w) >= 4 && w[0] == "iface" && w[3] == "static" {
			ours[w[1]] = true
		}
	}
	words := strings.FieldsFunc(text.String(), func(r rune) bool { return strings.ContainsRune(" \t\r\n\"'[],=", r) })
	for i, w := range words {
		words[i] = strings.TrimSuffix(w, ":") // a key of YAML
	}
	declared := func(a netip.Prefix) bool {
		return slices.Contains(words, a.String()) || slices.Contains(words, a.Addr().String()) || slices.Contains(d.target.Device.Loopbacks, a)
	}
	var out []string
	for _, l := range d.facts.Links {
		if !ours[l.Name] {
			continue
		}
		for _, a := range l.Addrs {
			if ip := a.Addr(); !ip.IsLoopback() && !ip.IsLinkLocalUnicast() && !declared(a) {
				out = append(out, fmt.Sprintf("%s %s", l.Name, a))
			}
		}
	}
	return out
}
