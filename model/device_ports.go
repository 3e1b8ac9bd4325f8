package model

import (
	"fmt"
	"regexp"
	"strconv"
)

// portKeys is what `ports` says of a role or of a device.
var portKeys = object[PortRanges]{
	{"uplinks", readPorts(func(p *PortRanges) *[]string { return &p.Uplinks })},
	{"downlinks", readPorts(func(p *PortRanges) *[]string { return &p.Downlinks })},
}

// maxPorts bounds the ports of one device.
const maxPorts = 1 << 12

// readPorts makes a reader of a list of ports, each of which may be a range.
func readPorts(place func(*PortRanges) *[]string) func(*reader, value, *PortRanges) {
	return func(r *reader, v value, into *PortRanges) {
		ranges := r.ranges
		r.ranges = nil // a range here is several ports, not one for each device
		defer func() { r.ranges = ranges }()
		ports := []string{} // not nil: none is not the same as nothing said
		r.oneOrMore(v, func(item value) {
			text, ok := r.text(item)
			if !ok {
				return
			}
			all, err := expand(text)
			if err == nil && len(ports)+len(all) > maxPorts {
				err = fmt.Errorf("more than %d ports are too many", maxPorts)
			}
			for _, name := range all {
				if err == nil {
					_, err = parsePort(name)
				}
			}
			if err != nil {
				r.failed(item, err)
				return
			}
			ports = append(ports, all...)
		})
		*place(into) = ports
	}
}

var breakoutRule = regexp.MustCompile(`^([1-9])x([1-9][0-9]{0,3}[GM])$`)

// readBreakout reads {swp1: 4x25G}, in the order of the file.
func readBreakout(r *reader, v value, s *Spec) {
	ranges := r.ranges
	r.ranges = nil
	defer func() { r.ranges = ranges }()
	for p := range r.pairs(v) {
		text, ok := r.text(p.value)
		if !ok {
			continue
		}
		m := breakoutRule.FindStringSubmatch(text)
		if m == nil {
			r.fail(p.value, quote(text)+" is not a breakout"+in(p.path), "write one such as 4x25G")
			continue
		}
		all, err := expand(p.key)
		for _, port := range all {
			if err == nil {
				_, err = parsePort(port)
			}
		}
		if err != nil {
			r.failed(value{p.name, v.path}, err)
			continue
		}
		if len(s.Breakout)+len(all) > maxPorts {
			r.fail(value{p.name, v.path}, fmt.Sprintf("more than %d ports are too many", maxPorts)+in(v.path), "")
			return
		}
		count, _ := strconv.Atoi(m[1])
		for _, port := range all {
			s.Breakout = append(s.Breakout, Breakout{Port: port, Count: count, Speed: m[2]})
		}
	}
}
