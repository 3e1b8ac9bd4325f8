package push

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"closup/model"
	"closup/provision"
	"closup/render"
)

// nvBox is a box whose one unit is NVUE's own, with the stand-in of testdata as
// its nv.
func nvBox(t *testing.T, s *shop) *box {
	t.Helper()
	if exec.Command("/usr/bin/python3", "-c", "import yaml").Run() != nil {
		if os.Getenv("CLOSUP_NO_SKIP") == "1" {
			t.Fatal("the stand-in for NVUE needs python3 with yaml")
		}
		t.Skip("the stand-in for NVUE needs python3 with yaml")
	}
	s.at.limit = 2 * time.Minute
	b := s.box("leaf1")
	here, err := filepath.Abs("testdata/nv.py")
	must(t, err)
	b.tool("nv", fmt.Sprintf("NV_ROOT=%s exec /usr/bin/python3 -I %s \"$@\"", provision.Quote(b.dir), provision.Quote(here)))
	for _, dir := range []string{"etc/network", "etc/frr", "etc/nvue.d", "var/lib"} {
		must(t, os.MkdirAll(b.path(dir), 0o755))
	}
	b.write("etc/network/interfaces", "auto eth0\niface eth0 inet dhcp\n")
	b.write("etc/frr/daemons", "bgpd=no\n")
	return b
}

func (b *box) nv(line string) string {
	b.t.Helper()
	out, err := exec.Command("sh", "-c", "PATH="+provision.Quote(b.bin)+":$PATH; "+line).CombinedOutput()
	if err != nil {
		b.t.Errorf("%s: %v: %s", line, err, out)
	}
	return string(out)
}

// held is what NVUE holds, has saved, and wrote.
func (b *box) held() string {
	return b.nv("nv config show; nv config diff; nv config apply --confirm-status") + b.read("etc/nvue.d/startup.yaml") + b.read("etc/frr/frr.conf") + b.read("etc/network/interfaces")
}

// tree is closup's part: a leaf with one uplink.
func (b *box) tree(asn, hold int) Target {
	body := fmt.Sprintf(`interface lo ip address 10.1.1.1/32: {}
interface lo type: loopback
interface swp51 link mtu: 9216
interface swp51 type: swp
router bgp autonomous-system: %d
router bgp enable: on
system hostname: leaf1
vrf default router bgp enable: on
vrf default router bgp neighbor swp51 peer-group: uplinks
vrf default router bgp neighbor swp51 type: unnumbered
vrf default router bgp peer-group uplinks remote-as: external
vrf default router bgp peer-group uplinks timers hold: %d
vrf default router bgp peer-group uplinks timers keepalive: 3
`, asn, hold)
	return Target{
		Device: model.Device{Name: b.name}, Endpoint: model.Endpoint{Device: b.name, Host: "192.0.2.1"},
		Artifacts: []render.Artifact{{Device: b.name, Path: "/etc/nvue.d/startup.yaml", Unit: "nvue", Mode: 0o600, Body: []byte(body)}},
	}
}

func (s *shop) one(o Options, target Target) DeviceReport {
	s.t.Helper()
	return s.push(s.t.Context(), o, target).reports["leaf1"]
}

func (b *box) is(what string, r DeviceReport, want Result, says, held string) {
	b.t.Helper()
	if r.Result != want || !strings.Contains(r.Error+r.Note+r.Drift, says) {
		b.t.Errorf("%s: %q, want %q: %q does not say %q", what, r.Result, want, r.Error+r.Note+r.Drift, says)
	}
	if now := b.held(); held != "" && now != held {
		b.t.Errorf("%s:\n%s", what, render.Diff("want", "is", []byte(held), []byte(now), 1))
	}
}

// TestNVUE pushes to a switch that keeps revisions and commits by itself.
func TestNVUE(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := nvBox(t, s)
	b.nv("nv set service dns mgmt server 192.0.2.53; nv set interface swp51 link speed 100G; nv set interface swp7 link mtu 1500; nv config apply -y; nv config save")
	factory := b.held()

	b.is("a dry run", s.one(Options{DryRun: true}, b.tree(65101, 9)), Changed, "", factory)
	r := s.one(Options{}, b.tree(65101, 9))
	b.is("the first", r, Changed, "", "")
	if diff := r.Files[0].Change.Diff(0); !strings.Contains(diff, "+router bgp autonomous-system: 65101\n") || strings.Contains(diff, "speed") {
		t.Errorf("the difference is %s", diff)
	}
	first := b.held()
	for _, want := range []string{"192.0.2.53", "speed: 100G", "router bgp 65101\n", "iface eth0 inet dhcp", "    mtu 1500", "timers 3 9"} {
		if !strings.Contains(first, want) {
			t.Errorf("there is no %q in\n%s", want, first)
		}
	}

	// Nothing to do is one round trip, and no revision.
	trips := len(s.Lines())
	b.is("again", s.one(Options{}, b.tree(65101, 9)), Unchanged, "", first)
	if n := len(s.Lines()) - trips; n != 1 {
		t.Errorf("nothing to do took %d round trips", n)
	}

	// What the plan has no more goes; what is not closup's stays.
	fewer := b.tree(65101, 9)
	var lines []string
	for line := range strings.Lines(string(fewer.Artifacts[0].Body)) {
		if !strings.Contains(line, "swp51") {
			lines = append(lines, line)
		}
	}
	fewer.Artifacts[0].Body = []byte(strings.Join(lines, ""))
	b.is("a port less", s.one(Options{}, fewer), Changed, "", "")
	if now := b.held(); strings.Contains(now, "neighbor swp51") || strings.Contains(now, "mtu: 9216") || !strings.Contains(now, "speed: 100G") || !strings.Contains(now, "    mtu 1500") {
		t.Errorf("a port less:\n%s", now)
	}
	b.is("and back", s.one(Options{}, b.tree(65101, 9)), Changed, "", first)

	// Refused at the check, when applied, and at the confirmation.
	wrong := b.tree(65101, 9)
	wrong.Artifacts[0].Body = append(wrong.Artifacts[0].Body, "vrf default router bgp wormhole: on\n"...)
	b.is("no such path", s.one(Options{}, wrong), Failed, "does not pass the device's check", first)
	b.write("run/nv.fail", "no hardware")
	b.is("not applied", s.one(Options{}, b.tree(65101, 12)), RolledBack, "no hardware", first)
	must(t, os.Rename(b.path("run/nv.fail"), b.path("run/nv.refuse")))
	b.is("not confirmed", s.one(Options{}, b.tree(65101, 12)), RolledBack, "the confirmation is refused", first)
	must(t, os.Remove(b.path("run/nv.refuse")))

	// Somebody else is at it.
	b.nv("nv set service ntp mgmt server 192.0.2.1")
	b.is("a candidate", s.one(Options{}, b.tree(65101, 12)), Failed, "nv config detach", "")
	b.nv("nv config apply --confirm 5m -y")
	b.is("a trial", s.one(Options{}, b.tree(65101, 12)), Failed, "on trial", "")
	b.nv("nv config apply --confirm-no")
	b.is("nobody any more", s.one(Options{}, b.tree(65101, 9)), Unchanged, "", first)

	// By hand in closup's part, and beside it.
	b.nv("nv set vrf default router bgp peer-group uplinks timers hold 33; nv set service ntp mgmt server 192.0.2.2; nv config apply -y")
	drifted := b.held()
	b.is("drift", s.one(Options{}, b.tree(65101, 9)), Failed, "timers hold: 33", drifted)
	b.is("drift let go", s.one(Options{OverwriteDrift: true}, b.tree(65101, 9)), Changed, "", "")
	if now := b.held(); strings.Contains(now, "33") || !strings.Contains(now, "192.0.2.2") {
		t.Errorf("drift let go:\n%s", now)
	}
}

// TestNVUEPending: what waits is kept, or taken back, or NVUE does that; and
// what was kept is brought back by the revision before.
func TestNVUEPending(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := nvBox(t, s)
	clock := exec.CommandContext(t.Context(), "sh", "-c", "exec "+provision.Quote(filepath.Join(b.bin, "nv"))+" nvued")
	must(t, clock.Start())
	defer func() { _ = clock.Process.Kill(); _ = clock.Wait() }()
	b.is("the first", s.one(Options{}, b.tree(65101, 9)), Changed, "", "")
	b.nv("nv set vrf default router bgp peer-group uplinks password geheim; nv config apply -y; nv config save")
	b.is("with a password", s.one(Options{}, b.tree(65101, 9)), Failed, `password: "*"`, "")
	old := b.held()

	ends := func(what string, how func(context.Context, provision.Transport, []Open, Options, place) <-chan Event, id string, want Result) {
		t.Helper()
		for e := range how(t.Context(), s, []Open{{Device: "leaf1", Endpoint: model.Endpoint{Device: "leaf1"}, Push: id}}, Options{ID: id}, s.at) {
			if e.Kind == Done && e.Report.Result != want {
				t.Errorf("%s: %q %s", what, e.Report.Result, e.Report.Error)
			}
		}
	}
	takeBack := func(ctx context.Context, tr provision.Transport, open []Open, o Options, at place) <-chan Event {
		return resolve(ctx, tr, open, o, at, "take back", (*device).leavePending)
	}
	o := Options{OverwriteDrift: true, Confirm: time.Minute, ID: NewID()}
	b.is("pending", s.one(o, b.tree(65101, 12)), Pending, "", "")
	b.is("a second operator", s.one(Options{OverwriteDrift: true}, b.tree(65101, 15)), Failed, "another push", "")
	ends("taken back", takeBack, o.ID, RolledBack)
	b.is("taken back", s.one(Options{DryRun: true}, b.tree(65101, 12)), Changed, "", old)

	// Nobody is left but NVUE.
	o.ID = NewID()
	b.is("pending", s.one(o, b.tree(65101, 12)), Pending, "", "")
	killAll(o.ID)
	b.write("run/nv.expire", "")
	await(t, "NVUE took it back", func() bool { return strings.Contains(b.nv("nv config apply --confirm-status"), "Nothing waits") })
	must(t, os.Remove(b.path("run/nv.expire")))
	resumed := b.tree(65101, 12)
	resumed.Open = []string{o.ID}
	o.ID, o.Confirm = NewID(), 0
	if now := b.held(); now != old {
		t.Errorf("NVUE took it back:\n%s", render.Diff("want", "is", []byte(old), []byte(now), 1))
	}
	b.is("resumed", s.one(o, resumed), Changed, "taken back", "")

	// Brought back by its revision, the password with it.
	back, err := replaced(t.Context(), s, resumed.Device, resumed.Endpoint, o.ID, s.at)
	must(t, err)
	b.is("brought back", s.one(Options{}, back), Changed, "", old)
	if saved := b.read("etc/nvue.d/startup.yaml"); !strings.Contains(saved, "password: geheim") {
		t.Errorf("brought back:\n%s", saved)
	}
	// Somebody applied something meanwhile: the revision is not that any more.
	o.ID = NewID()
	b.is("once more", s.one(o, b.tree(65101, 12)), Changed, "", "")
	b.nv("nv set service ntp mgmt server 192.0.2.9; nv config apply -y")
	back, err = replaced(t.Context(), s, resumed.Device, resumed.Endpoint, o.ID, s.at)
	must(t, err)
	b.is("not that any more", s.one(Options{}, back), Failed, "does not show", "")
}

// killAll ends all of a push on this machine, also who would end what it began.
func killAll(id string) {
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, sig := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGKILL} { // all at once, so that nobody mourns
		for _, name := range names {
			if line, _ := os.ReadFile(name); strings.Contains(string(line), id) {
				pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
				_ = syscall.Kill(pid, sig)
			}
		}
	}
}
