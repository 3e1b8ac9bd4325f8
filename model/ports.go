package model

import (
	"strconv"
	"strings"
)

// portRow names ports by counting: {"swp", 51, 1} is swp51, swp52 and so on.
type portRow struct {
	prefix      string
	first, step int
}

func (r portRow) at(i int) string { return r.prefix + strconv.Itoa(r.first+i*r.step) }

// place is where a port stands in the row, -1 for one that does not stand among
// the first maxPorts.
func (r portRow) place(port string) int {
	number, found := strings.CutPrefix(port, r.prefix)
	n, err := strconv.Atoi(number)
	i := (n - r.first) / r.step
	if !found || err != nil || n < r.first || i >= maxPorts || r.at(i) != port {
		return -1
	}
	return i
}

// portList is the ports that automatic cabling may use on a device, in order:
// those that are named, and then, unless the operator named them, those of the
// platform.
type portList struct {
	named   []string
	open    bool
	row     portRow
	skipped int // how many of the row the named ones stand for
	limit   int // how many of the row there are; 0: no end
}

// newPortList is the ports given, or else those of the row, with the ports
// that are broken out replaced by their parts.
func newPortList(given []string, row portRow, breakouts []Breakout) portList {
	l := portList{open: given == nil, row: row}
	if len(breakouts) == 0 {
		l.named = given
		return l
	}
	parts := make(map[string]Breakout, len(breakouts))
	for _, b := range breakouts {
		parts[b.Port] = b
	}
	if l.open { // as many of the row as it takes to pass the last breakout
		for _, b := range breakouts {
			l.skipped = max(l.skipped, row.place(b.Port)+1)
		}
		for i := range l.skipped {
			given = append(given, row.at(i))
		}
	}
	for _, port := range given {
		if b, broken := parts[port]; broken {
			l.named = append(l.named, b.Parts()...)
		} else {
			l.named = append(l.named, port)
		}
	}
	return l
}

// at is the i-th (0-based) port, false where there are not so many.
func (l portList) at(i int) (string, bool) {
	if i >= 0 && i < len(l.named) {
		return l.named[i], true
	}
	i += l.skipped - len(l.named)
	if i < l.skipped || !l.open || l.limit > 0 && i >= l.limit {
		return "", false
	}
	return l.row.at(i), true
}

// last is the place (0-based) of the last port of a switch on which so many
// are wanted: of the ports given, or of the smallest switch that has enough.
func (l portList) last(wanted int) int {
	if !l.open {
		return len(l.named) - 1
	}
	size := 32
	for size < wanted {
		size *= 2
	}
	return size - 1
}

// Parts is the names of the ports that a broken out port becomes: swp1s0,
// swp1s1 and so on; on SONiC, which counts lanes, Ethernet0, Ethernet1.
func (b Breakout) Parts() []string {
	parts := make([]string, b.Count)
	lane, err := strconv.Atoi(strings.TrimPrefix(b.Port, "Ethernet"))
	for i := range parts {
		if err == nil {
			parts[i] = "Ethernet" + strconv.Itoa(lane+i*max(1, 4/b.Count))
		} else {
			parts[i] = b.Port + "s" + strconv.Itoa(i)
		}
	}
	return parts
}

// CompareNatural orders names as people count: swp2 before swp10.
func CompareNatural(a, b string) int {
	for a != "" && b != "" {
		da, db := leadingDigits(a), leadingDigits(b)
		if da == 0 || db == 0 {
			if a[0] != b[0] {
				return int(a[0]) - int(b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		na, nb := strings.TrimLeft(a[:da], "0"), strings.TrimLeft(b[:db], "0")
		if len(na) != len(nb) {
			return len(na) - len(nb)
		}
		if c := strings.Compare(na, nb); c != 0 {
			return c
		}
		if da != db {
			return da - db // leaf1 before leaf01: any order, but always the same
		}
		a, b = a[da:], b[db:]
	}
	return len(a) - len(b)
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// partSpeeds is the speeds of the ports that are parts of broken out ones, by
// list of breakouts, which the devices of one entry share.
type partSpeeds map[*Breakout]map[string]string

// of is the speed of a port, empty where it is part of none.
func (s partSpeeds) of(breakouts []Breakout, port string) string {
	if len(breakouts) == 0 {
		return ""
	}
	speeds, known := s[&breakouts[0]]
	if !known {
		speeds = map[string]string{}
		for _, whole := range breakouts {
			for _, part := range whole.Parts() {
				speeds[part] = whole.Speed
			}
		}
		s[&breakouts[0]] = speeds
	}
	return speeds[port]
}
