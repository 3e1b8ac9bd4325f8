package push

import (
	"context"
	"strings"

	"closup/provision"
)

// checks has every staged file checked by its unit, in the round trip that
// stages them. $1 is the staged path, which ends as the real one does.
func (d *device) checks() string {
	s := &script{}
	for _, u := range d.due() {
		if u.Check == "" {
			continue
		}
		for _, f := range u.files {
			if !f.changed || f.want == nil {
				continue
			}
			if f.trial != nil {
				// Where another push holds the device, its lock says so next.
				s.line("flock -n -o -E 75 \"$B/lock\" sh \"$T/unit/\"%s \"$T/delta\"%s >\"$T/said\" 2>&1 || [ $? = 75 ] || {", u.Name+".check", f.Path)
				s.line("printf '%%s\\n' %s >&2; cat \"$T/said\" >&2; exit 66; }", f.Path)
				continue
			}
			s.WriteString("(\n")
			s.WriteString("set -- \"$T/new\"" + provision.Quote(f.Path) + "\n")
			s.WriteString(u.Check + "\n) >\"$T/said\" 2>&1 || {\n")
			s.line("printf '%%s\\n' %s >&2; cat \"$T/said\" >&2; exit 66; }", f.Path)
		}
	}
	s.WriteString("exit 0\n")
	return s.String()
}

// check tells what the device's checks said.
func check(ctx context.Context, d *device) error {
	for _, u := range d.due() {
		for _, f := range u.files {
			if u.Check != "" && f.changed && f.want != nil {
				d.log("$ %s  # %s", u.Check, f.Path)
			}
		}
	}
	if d.checked == nil {
		return nil
	}
	path, said, _ := strings.Cut(d.checked.Stderr, "\n")
	d.unstage(ctx)
	return d.errorf(d.checked, said, "%s does not pass the device's check: %s", path, firstOf(said))
}
