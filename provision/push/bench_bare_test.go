//go:build linux

package push_test

import (
	"fmt"
	"strings"
	"testing"
)

// bare is what is left of a push where nothing is looked at, checked, kept or
// verified: to all devices at once, one login, the file, and frr-reload. Nobody
// who uses SSH can take less time beyond the devices' work.
func (r *rival) bare(only string) (name string, argv []string) {
	var b strings.Builder
	for _, d := range r.plan.Devices {
		if only != "" && d.Name != only {
			continue
		}
		e := r.endpoints[d.Name]
		fmt.Fprintf(&b, "ssh -F /dev/null -i %s -o UserKnownHostsFile=%s -o LogLevel=ERROR -p %d %s@%s \"sudo sh -c 'cat >/etc/frr/frr.conf; /usr/lib/frr/frr-reload.py --reload --stdout /etc/frr/frr.conf'\" <files/%s/etc/frr/frr.conf >>said 2>&1 & all=\"$all $!\"\n",
			e.Identity[0], e.KnownHosts, e.Port, e.User, e.Host, d.Name)
	}
	b.WriteString("for one in $all; do wait $one || exit 1; done\n")
	return "sh", []string{"-c", b.String()}
}

// floor measures it on a lab of its own, for the steps that change one line, and
// holds what it leaves beside what closup left.
func floor(t *testing.T, closup string, fabric func(int) string, steps []step, state map[string]string) map[string]measured {
	cost := map[string]measured{}
	t.Run("bare", func(t *testing.T) {
		r := newRival(t, "closup", closup, fabric(steps[0].connect))
		r.step(fabric(steps[0].connect), "")
		r.command = func(_, only string) (string, []string) { return r.bare(only) }
		for _, s := range steps {
			if !strings.HasPrefix(s.name, "one line") {
				continue
			}
			cost[s.name] = r.step(fabric(s.connect), s.only)
			if got := r.all(); got != state[s.name] {
				t.Errorf("after the %s the bare push left something else", s.name)
			}
		}
	})
	return cost
}
