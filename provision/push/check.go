package push

import (
	"context"
	"errors"
	"strings"

	"closup/provision"
)

// check has every staged file checked by its unit. $1 is the staged path,
// which ends as the real one does.
func check(ctx context.Context, d *device) error {
	s := d.script()
	for _, u := range d.due() {
		if u.Check == "" {
			continue
		}
		for _, f := range u.files {
			if !f.changed || f.want == nil {
				continue
			}
			d.log("$ %s  # %s", u.Check, f.Path)
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
	_, err := d.root(ctx, s)
	var exit *provision.ExitError
	if errors.As(err, &exit) && exit.Status == 66 {
		path, said, _ := strings.Cut(exit.Stderr, "\n")
		d.unstage(ctx)
		return d.errorf(err, said, "%s does not pass the device's check: %s", path, firstOf(said))
	}
	if err != nil {
		d.unstage(ctx)
		return d.errorf(err, stderrOf(err), "the check did not run: %s", reasonOf(err))
	}
	return nil
}
