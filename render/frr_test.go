package render_test

import (
	"strings"
	"testing"

	"closup/model"
	"closup/render"
)

// device renders one device of a case.
func device(t testing.TB, name, dev string) []render.Artifact {
	t.Helper()
	p := planOf(t, name, cases(t)[name])
	return artifactsOf(t, p, dev)
}

func artifactsOf(t testing.TB, p *model.Plan, dev string) []render.Artifact {
	t.Helper()
	d, ok := p.Device(dev)
	if !ok {
		t.Fatalf("no device %s", dev)
	}
	all, err := render.Device(p, d)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// wire makes the planned ports of a device, with something at the other end.
func (b *box) wire(all []render.Artifact) {
	b.t.Helper()
	for _, a := range all {
		if a.Unit != "ifupdown2" {
			continue
		}
		for i, line := range strings.Split(string(a.Body), "\n") {
			name, ok := strings.CutPrefix(line, "auto ")
			if !ok || name == "lo" {
				continue
			}
			b.run(`ip link add "$1" mtu 9216 type veth peer name "far$2" mtu 9216 && ip link set "far$2" up`, name, string(rune('a'+i)))
		}
	}
}

// TestUnitsOnRealFRR takes a device of every role from the factory to what was
// planned, by the units alone, and looks whether all of it runs.
func TestUnitsOnRealFRR(t *testing.T) {
	need(t, true, "vtysh", "ifup", "unshare", "nsenter", "sysctl")
	for _, c := range []struct{ name, device string }{
		{"article", "spine1"},
		{"article", "k8s1"},
		{"reference", "border01"},
		{"everything", "leaf1"},
		{"everything", "node1"},
		{"everything", "border1"},
	} {
		t.Run(c.name+"/"+c.device, func(t *testing.T) {
			t.Parallel()
			b, all := newBox(t), device(t, c.name, c.device)
			b.run(`printf '127.0.0.1 localhost\n127.0.1.1 cumulus\n' >/etc/hosts; hostname cumulus; rm -f /etc/frr/frr.conf`)
			b.wire(all)
			b.install(all)
			b.activate(all)
			if host := strings.TrimSpace(b.run(`hostname`)); host != c.device {
				t.Errorf("the host name is %s", host)
			}

			// frr-reload finds nothing to do either.
			out := b.run(`sed 's/^\(bgp as-path access-list [^ ]*\) permit/\1 seq 5 permit/' /etc/frr/frr.conf >/run/frr.conf; echo 'service integrated-vtysh-config' >/run/vtysh.conf
/usr/lib/frr/frr-reload.py --test --confdir /run /run/frr.conf 2>&1`)
			if i := strings.Index(out, "Lines To"); i >= 0 {
				t.Errorf("frr-reload is not content:\n%s", out[i:])
			}

			// Once more: nothing to say, nothing restarted.
			pids := b.run(`cat /run/frr/*.pid`)
			if said := b.activate(all); said != "" {
				t.Errorf("the second time is not silent: %s", said)
			}
			if again := b.run(`cat /run/frr/*.pid`); again != pids {
				t.Errorf("the second time restarted FRR: %q, %q", pids, again)
			}
		})
	}
}
