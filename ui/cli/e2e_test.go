package cli

import (
	"encoding/json"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"closup/lab/labtest"
	"closup/model"
	"closup/provision/push"
)

// The end of the street, on real FRR: from a preset to Established sessions.

// stanza is what an operator added by hand.
const stanza = `
# added by hand
iface swp40
    address 192.0.2.77/31
    alias "do not touch"
`

func TestLab(t *testing.T) {
	for _, c := range []struct {
		preset         string
		devices, links int
		sessions       int
		switchName     string
	}{
		{"article", 6, 5, 10, "leaf1"},
		{"reference", 12, 20, 42, "leaf01"},
		{"three-tier", 14, 20, 40, "leaf1"},
		{"dual-stack", 8, 12, 26, "leaf1"},
	} {
		t.Run(c.preset, func(t *testing.T) {
			labtest.Turn(t)
			b := newBench(t, c.preset)
			p := b.plan()
			if len(p.Devices) != c.devices || len(p.Links) != c.links {
				t.Fatalf("%d devices and %d links", len(p.Devices), len(p.Links))
			}
			b.labUp()
			b.ends(statusError, "lab", "up") // it runs already, and goes on
			b.inside(c.switchName, "cat >> /etc/network/interfaces <<'END'"+stanza+"END\n")
			management := b.management(c.switchName)

			first, _ := b.push(statusOK)
			if first.Summary != (push.Summary{Changed: c.devices}) {
				t.Errorf("first push: %+v", first.Summary)
			}
			before := b.converged(60 * time.Second)
			if n := before.Summary; n.SessionsExpected != c.sessions || n.SessionsEstablished != c.sessions {
				t.Errorf("%d of %d sessions established, want all of %d", n.SessionsEstablished, n.SessionsExpected, c.sessions)
			}
			for _, r := range before.Routes {
				if r.ActualPaths != r.ExpectedPaths {
					t.Errorf("%s holds %s by %d paths, predicted are %d", r.Device, r.Prefix, r.ActualPaths, r.ExpectedPaths)
				}
			}
			b.everywhere(p)

			second, _ := b.push(statusOK)
			if second.Summary != (push.Summary{Unchanged: c.devices}) {
				t.Errorf("second push: %+v", second.Summary)
			}
			after := b.status()
			for i, s := range after.Sessions {
				if was := before.Sessions[i]; s.Uptime < was.Uptime || s.Flaps != was.Flaps {
					t.Errorf("%s:%s was reset: up %v s with %d flaps, before %v s with %d",
						s.Device, s.Port, s.Uptime, s.Flaps, was.Uptime, was.Flaps)
				}
			}

			if diff := cmp.Diff(management, b.management(c.switchName)); diff != "" {
				t.Errorf("the management port changed:\n%s", diff)
			}
			if file := b.inside(c.switchName, "cat /etc/network/interfaces"); !strings.Contains(file, stanza) {
				t.Errorf("what was added by hand is gone:\n%s", file)
			}
			b.ok("lab", "down")
			b.gone()
			if _, errs, code := b.run("status", "--lab"); code != statusError || !strings.Contains(errs, "lab up") {
				t.Errorf("status without a lab: %d, %s", code, errs)
			}
		})
	}
}

func (b *bench) plan() planJSON {
	b.Helper()
	out, _ := b.ok("plan", "-o", "json")
	keeps(b, "plan", out)
	var p planJSON
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		b.Fatal(err)
	}
	return p
}

// management is the management port as the device's files and kernel have it.
func (b *bench) management(device string) string {
	b.Helper()
	return b.inside(device, `sed -n '/eth0/,/^$/p' /etc/network/interfaces; ip -o addr show dev eth0 | sed 's/valid_lft.*//; s/ tentative//'`)
}

// everywhere asks FRR itself, on every device, for every loopback and for the
// pod networks of every node. Devices that share an ASN are the exception:
// BGP's loop check keeps their loopbacks from each other (RFC 4271 9.1.2). With
// planes that holds for all above the leafs: between two of them every path
// crosses a shared ASN twice.
func (b *bench) everywhere(p planJSON) {
	b.Helper()
	type origin struct {
		device string
		role   model.Role
		asn    uint32
	}
	planes := slices.ContainsFunc(p.Devices, func(d model.Device) bool { return d.Role == model.Superspine })
	want := map[netip.Prefix]origin{}
	asns := map[string]uint32{}
	for _, d := range p.Devices {
		asns[d.Name] = d.ASN
		for _, l := range d.Loopbacks {
			want[l] = origin{d.Name, d.Role, d.ASN}
		}
	}
	for _, d := range p.Devices {
		if d.Role != model.Node {
			continue
		}
		pods := 0
		for _, r := range p.Routes {
			if r.Origin == d.Name && !r.Prefix.IsSingleIP() {
				want[r.Prefix] = origin{d.Name, d.Role, d.ASN}
				pods++
			}
		}
		if pods == 0 {
			b.Errorf("%s announces no pods", d.Name)
		}
	}
	for _, d := range p.Devices {
		routes := map[netip.Prefix]json.RawMessage{}
		for _, family := range []string{"ipv4", "ipv6"} {
			out, _ := b.ok("lab", "exec", d.Name, "--", "vtysh", "-c", "show bgp "+family+" unicast json")
			var table struct {
				Routes map[netip.Prefix]json.RawMessage `json:"routes"`
			}
			if err := json.Unmarshal([]byte(out), &table); err != nil {
				b.Fatalf("%s: %v in %s", d.Name, err, out)
			}
			maps.Copy(routes, table.Routes)
		}
		for prefix, from := range want {
			if planes && from.role < model.Leaf && d.Role < model.Leaf {
				continue
			}
			_, held := routes[prefix]
			if twin := from.device != d.Name && from.asn == asns[d.Name]; held == twin {
				b.Errorf("%s holds %s of %s: %v", d.Name, prefix, from.device, held)
			}
		}
	}
}

// TestLabRefusals breaks the way to one device, in every way that must stop a
// push before it changes anything anywhere.
func TestLabRefusals(t *testing.T) {
	labtest.Turn(t)
	b := newBench(t, "article")
	b.labUp()
	before := b.disks()
	for _, c := range []struct {
		name          string
		spoil, repair func(*bench)
		stderr        []string
	}{
		{
			"a device that does not answer",
			func(b *bench) { b.inside("leaf2", "ip link set eth0 down") },
			func(b *bench) { b.inside("leaf2", "ip link set eth0 up") },
			[]string{"leaf2", "does not answer"},
		},
		{
			"a wrong key",
			func(b *bench) {
				b.swap("id_ed25519", "id_ed25519.kept")
				keygen(b, filepath.Join(b.labDir(), "id_ed25519"))
			},
			func(b *bench) { b.swap("id_ed25519.kept", "id_ed25519") },
			[]string{"leaf2", "login refused"},
		},
		{
			"a changed host key",
			func(b *bench) { b.forge("leaf2") },
			func(b *bench) { b.swap("known_hosts.kept", "known_hosts") },
			[]string{"leaf2", "host key", "changed"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := b.in(t)
			defer c.repair(b)
			c.spoil(b)
			p, stderr := b.push(statusError)
			if p.Summary.Changed != 0 || p.Summary.Failed == 0 {
				t.Errorf("summary %+v", p.Summary)
			}
			for _, want := range c.stderr {
				if !strings.Contains(stderr, want) {
					t.Errorf("standard error lacks %q:\n%s", want, stderr)
				}
			}
		})
	}
	if diff := cmp.Diff(before, b.disks()); diff != "" {
		t.Errorf("a refused push changed something:\n%s", diff)
	}
}

// disks is a checksum of the configuration of every device.
func (b *bench) disks() map[string]string {
	b.Helper()
	sums := map[string]string{}
	for _, d := range b.plan().Devices {
		sums[d.Name] = b.inside(d.Name, `cat /etc/hostname; ip -o addr show dev lo; find /etc -type f -exec sha256sum {} + | sort -k 2`)
	}
	return sums
}

func (b *bench) swap(from, to string) {
	b.Helper()
	if err := os.Rename(filepath.Join(b.labDir(), from), filepath.Join(b.labDir(), to)); err != nil {
		b.Fatal(err)
	}
}

// forge gives the device another host key in the lab's known_hosts, as if it
// had changed.
func (b *bench) forge(device string) {
	b.Helper()
	data, err := os.ReadFile(filepath.Join(b.labDir(), "known_hosts"))
	if err != nil {
		b.Fatal(err)
	}
	b.swap("known_hosts", "known_hosts.kept")
	other := filepath.Join(b.TempDir(), "key")
	keygen(b, other)
	public, err := os.ReadFile(other + ".pub")
	if err != nil {
		b.Fatal(err)
	}
	forged := strings.Join(strings.Fields(string(public))[:2], " ")
	lines := strings.Split(string(data), "\n")
	changed := false
	for i, line := range lines {
		for _, d := range b.record().Devices {
			if d.Name == device && strings.HasPrefix(line, d.Host+" ") {
				lines[i], changed = d.Host+" "+forged, true
			}
		}
	}
	if !changed {
		b.Fatalf("%s is not in known_hosts:\n%s", device, data)
	}
	if err := os.WriteFile(filepath.Join(b.labDir(), "known_hosts"), []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		b.Fatal(err)
	}
}

func keygen(t testing.TB, path string) {
	t.Helper()
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// BenchmarkLab prints the seconds of `lab up`, and of a push until everything
// is Established.
func BenchmarkLab(b *testing.B) {
	labtest.Turn(b)
	for _, preset := range []string{"article", "reference"} {
		b.Run(preset, func(b *testing.B) {
			var up, established time.Duration
			for range b.N {
				f := newBench(b, preset)
				begin := time.Now()
				f.labUp()
				up += time.Since(begin)
				begin = time.Now()
				f.push(statusOK)
				f.converged(60 * time.Second)
				established += time.Since(begin)
				f.ok("lab", "down")
			}
			b.ReportMetric(up.Seconds()/float64(b.N), "up-s/op")
			b.ReportMetric(established.Seconds()/float64(b.N), "established-s/op")
			b.ReportMetric(0, "ns/op")
		})
	}
}
