package preflight

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Which packages must be installed: those that are asked for, and what they
// need, as far as it is not there.

// Installed is what dpkg has on a device.
type Installed struct {
	Arch     string
	Packages []Control // Package, Version and Provides alone
}

// resolve picks of the folder what must be installed so that all wanted
// packages are there, each after those it needs. lacks says, one a line, what
// is needed and is neither installed nor in the folder.
func resolve(wanted []string, have Installed, folder []Deb) (install []Deb, lacks []string) {
	r := resolver{have: have, folder: folder, state: map[string]int{}}
	for _, name := range wanted {
		r.need(Clause{{Package: name}}, "")
	}
	return r.install, r.lacks
}

type resolver struct {
	have    Installed
	folder  []Deb
	install []Deb
	lacks   []string
	state   map[string]int // by file: 1 being looked at, 2 done
}

// need sees that a clause is met, by who needs it.
func (r *resolver) need(c Clause, by string) {
	for _, rel := range c {
		if slices.ContainsFunc(r.have.Packages, rel.metBy) {
			return
		}
	}
	for _, rel := range c {
		d, ok := r.best(rel)
		if !ok {
			continue
		}
		if r.state[d.Path] != 0 {
			return // is chosen, or is what needs this
		}
		r.state[d.Path] = 1
		for _, clause := range d.Control.Depends {
			r.need(clause, d.Control.Package)
		}
		r.state[d.Path] = 2
		r.install = append(r.install, d)
		return
	}
	lack := c.String()
	if by != "" {
		lack = fmt.Sprintf("%s needs %s", by, lack)
	}
	if !slices.Contains(r.lacks, lack) {
		r.lacks = append(r.lacks, lack)
	}
}

// best is the latest package of the folder that meets a relation on this
// machine.
func (r *resolver) best(rel Relation) (Deb, bool) {
	var found []Deb
	for _, d := range r.folder {
		if (d.Control.Arch == "all" || d.Control.Arch == r.have.Arch) && rel.metBy(d.Control) {
			found = append(found, d)
		}
	}
	if len(found) == 0 {
		return Deb{}, false
	}
	return slices.MaxFunc(found, func(a, b Deb) int {
		own := func(d Deb) int { // the package itself before one that only provides it
			if d.Control.Package == rel.Package {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(own(a), own(b)), compareVersions(a.Control.Version, b.Control.Version))
	}), true
}

// metBy says whether a package is, or provides, what is asked for
// (deb-control(5): a provided name meets a versioned relation only where it is
// provided in a version).
func (r Relation) metBy(c Control) bool {
	if c.Package == r.Package && r.takes(c.Version) {
		return true
	}
	for _, p := range c.Provides {
		if p.Package == r.Package && (r.Op == "" || p.Op == "=" && r.takes(p.Version)) {
			return true
		}
	}
	return false
}

func (r Relation) takes(version string) bool {
	if r.Op == "" {
		return true
	}
	n := compareVersions(version, r.Version)
	switch r.Op {
	case "<<":
		return n < 0
	case "<=", "<":
		return n <= 0
	case "=":
		return n == 0
	case ">=", ">":
		return n >= 0
	case ">>":
		return n > 0
	}
	return false
}

// compareVersions orders Debian versions as deb-version(7) says.
func compareVersions(a, b string) int {
	split := func(v string) (epoch, upstream, revision string) {
		epoch, rest, has := strings.Cut(v, ":")
		if !has {
			epoch, rest = "0", v
		}
		if i := strings.LastIndexByte(rest, '-'); i >= 0 {
			return epoch, rest[:i], rest[i+1:]
		}
		return epoch, rest, ""
	}
	ae, au, ar := split(a)
	be, bu, br := split(b)
	return cmp.Or(compareParts(ae, be), compareParts(au, bu), compareParts(ar, br))
}

// compareParts takes turns: what is no digit, by letters before the rest and ~
// before all, also before the end; then digits, as a number.
func compareParts(a, b string) int {
	digit := func(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }
	order := func(s string) int {
		switch {
		case s == "" || digit(s):
			return 0
		case s[0] == '~':
			return -1
		case s[0] >= 'a' && s[0] <= 'z', s[0] >= 'A' && s[0] <= 'Z':
			return int(s[0])
		}
		return int(s[0]) + 256
	}
	number := func(s string) (digits, rest string) {
		i := 0
		for i < len(s) && digit(s[i:]) {
			i++
		}
		return strings.TrimLeft(s[:i], "0"), s[i:]
	}
	for a != "" || b != "" {
		for a != "" && !digit(a) || b != "" && !digit(b) {
			if n := cmp.Compare(order(a), order(b)); n != 0 {
				return n
			}
			a, b = a[min(1, len(a)):], b[min(1, len(b)):]
		}
		var x, y string
		x, a = number(a)
		y, b = number(b)
		if n := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); n != 0 {
			return n
		}
	}
	return 0
}
