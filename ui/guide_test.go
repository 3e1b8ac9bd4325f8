package ui

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"closup/model"
	"closup/provision/diagnose"
	"closup/provision/observe"
	"closup/provision/push"
	"closup/ui/work"
)

// said is what every device of a plan says at noon: all is well, but that
// leaf1's port to spine2 is set down.
func said(p *model.Plan) observe.Snapshot {
	s := observe.Snapshot{At: noon}
	for i := range p.Devices {
		d := &p.Devices[i]
		e := &observe.Evidence{
			At: noon, Sysctls: map[string]string{"net/ipv4/ip_forward": "1"},
			Daemons: []observe.Daemon{{Name: "zebra", Age: time.Hour, State: "S"}, {Name: "bgpd", Age: time.Hour, State: "S"}},
		}
		e.Links = append(e.Links, observe.Link{Name: "lo", Up: true, Addrs: d.Loopbacks, MTU: 65536})
		out := observe.Device{Name: d.Name, Reachable: true, RouterVersion: "8.4.4", ASN: d.ASN, RouterID: d.RouterID, At: noon, Evidence: e}
		for _, port := range d.Ports {
			cut := d.Name == "leaf1" && port.Peer == "spine2"
			dark := cut || d.Name == "spine2" && port.Peer == "leaf1"
			peer, _ := p.Device(port.Peer)
			e.Links = append(e.Links, observe.Link{Name: port.Name, MTU: port.MTU, Up: !cut, Carrier: !dark, Addrs: []netip.Prefix{netip.MustParsePrefix("fe80::1/64")}, Asked: true, RASent: 9, RARcvd: 9, Heard: []string{"fe80::2"}})
			n := observe.Session{Key: port.Name, State: observe.Established, Address: "fe80::2", RemoteAS: peer.ASN, LocalAS: d.ASN, Families: []string{"ipv4Unicast"}, Opens: [2]int{1, 1}}
			q := observe.Peer{Key: port.Name, State: observe.Established, Detail: "OK", Hostname: port.Peer, ASN: peer.ASN, Uptime: time.Hour, Received: 4, Sent: 6}
			if dark {
				n.State, q.State, q.Uptime = "Idle", "Idle", 0
			}
			e.Sessions, out.Peers = append(e.Sessions, n), append(out.Peers, q)
		}
		for _, l := range d.Loopbacks {
			out.Routes = append(out.Routes, observe.Route{Prefix: l, Local: true})
		}
		s.Devices = append(s.Devices, out)
	}
	return s
}

// exam is what diagnose makes of it.
func exam(p *model.Plan) *work.Examination {
	s := said(p)
	return &work.Examination{Plan: p, Snapshot: s, Findings: diagnose.Find(p, s)}
}

func (d *driver) live() *liveScreen { return d.app.screens[9].(*liveScreen) }

// answer plays what the devices say to the guide's question.
func (d *driver) answer() {
	d.Helper()
	s := d.live()
	x := exam(s.of.Plan)
	msg := examinedMsg{id: s.guide.id, exam: x}
	if s.guide.id == 0 {
		d.Fatal("nobody was asked")
	}
	sc, err := s.guide.scope(x.Plan)
	if err != nil {
		d.Fatal(err)
	}
	w := x.Walk(sc)
	msg.walk = &w
	d.only(msg)
}

// guided asks about leaf1's session to spine2.
func guided(d *driver) {
	liveWith(d, breakOne)
	for i, r := range d.live().tables[0].rows {
		if r[1].text == "leaf1" && strings.HasPrefix(r[3].text, "spine2") {
			d.live().tables[0].at = i
		}
	}
	d.only(keyNamed("e"))
	d.answer()
}

// diagnosed plays an answer to d.
func diagnosed(d *driver) {
	liveWith(d, breakOne)
	d.only(keyNamed("d"))
	s := d.live()
	d.only(examinedMsg{id: s.why.id, exam: exam(s.of.Plan)})
}

// remedied plays a remedy up to its question.
func remedied(d *driver) {
	guided(d)
	d.only(keyNamed("a"))
	a := &d.live().guide.apply
	r := a.remedy
	r.Changes = []push.DeviceReport{{Name: "leaf1", Result: push.Changed, Files: []push.File{{Path: "/etc/frr/frr.conf", Changed: true, Change: push.Change{
		From: "frr.conf", To: "frr.conf", Was: []byte("hostname x\nrouter bgp 1\n"), Want: []byte("hostname x\nrouter bgp 2\n"),
	}}}}}
	d.only(previewedMsg{id: a.id, remedy: r})
}

// TestGuide walks from a red session to its cause, with what was seen and what
// to do, hands it over, and copies the commands.
func TestGuide(t *testing.T) {
	d := opened(t, 120, 40)
	guided(d)
	s := d.live()
	if n := len(s.guide.walk.Steps); n == 0 || s.guide.walk.First() != s.guide.list.at {
		t.Fatalf("%d questions, the cursor is at %d", n, s.guide.list.at)
	}
	for _, want := range []string{"Is each port up, with a link?", "port-down", "certain", "ip link show", "ip link set", "leaf1# "} {
		d.shows(want)
	}
	d.press("g")
	d.shows("Does every device on the way answer?")
	d.shows("As planned.")
	d.press("enter")
	d.shows("Does the router run there?")
	for s.guide.list.at != s.guide.walk.First() {
		d.press("down")
	}
	for _, c := range []struct{ key, file, has string }{{"y", "remedy.sh", "# on leaf1\nip link set "}, {"w", ".md", "## What was checked"}} {
		d.app.desk.say(plain, "")
		d.press(c.key)
		d.until("it is kept", func() bool { return strings.Contains(d.app.desk.text, "saved as") })
		_, path, _ := strings.Cut(d.app.desk.text, "saved as ")
		data, err := os.ReadFile(path)
		if err != nil || !strings.HasSuffix(path, c.file) || !strings.Contains(string(data), c.has) {
			t.Errorf("%s: %v\n%s", path, err, data)
		}
	}
	d.press("esc")
	d.shows("sessions")
	if s.guide.open {
		t.Error("it is still open")
	}
}

// TestSymptom says in words what is wrong, and by choosing.
func TestSymptom(t *testing.T) {
	d := opened(t, 120, 40)
	liveWith(d, breakOne)
	d.press("w")
	d.write("hello q?1")
	d.shows("Name what cannot do what")
	d.clear()
	d.write("k1 cannot reach pods in k2")
	d.shows("enter walks through it")
	d.only(keyNamed("enter"))
	d.answer()
	d.shows("k1 cannot reach pods in k2")
	s := d.live()
	if got := strings.Join(s.guide.walk.Scope.Devices, " "); !strings.Contains(got, "k1") || !strings.Contains(got, "k2") || !strings.Contains(got, "leaf1") || strings.Contains(got, "spine") {
		t.Errorf("the way is %s", got)
	}
	d.press("esc", "w", "down", "down", "down", "down", "down", "enter")
	d.shows("Sessions of ... come and go")
	d.write("nobody")
	d.press("enter")
	d.shows("no device of this fabric")
	d.clear()
	d.press("enter")
	d.shows("name one, such as k1")
	d.write("spine1")
	d.only(keyNamed("enter"))
	d.answer()
	d.shows("sessions of spine1 come and go")
	d.only(examinedMsg{id: 1 << 30, exam: exam(s.of.Plan)}) // somebody else's answer
	d.shows("sessions of spine1 come and go")
}

// TestFindings asks by itself once faults stay as they are, and not while they
// change; on the row of a finding e leads to the guide.
func TestFindings(t *testing.T) {
	d := opened(t, 120, 40)
	liveWith(d, breakOne)
	s := d.live()
	round := func(change func(*observe.Status)) {
		status := healthy(s.of.Plan)
		breakOne(&status)
		change(&status)
		d.only(roundMsg{watcher: s.watcher, status: status})
	}
	for i := range 4 {
		round(func(s *observe.Status) { s.Summary.RoutesOK -= i + 1 })
	}
	if s.why.id != 0 {
		t.Fatal("asked while the faults change")
	}
	for range settledFor - 1 {
		round(func(*observe.Status) {})
	}
	if s.why.id != 0 {
		t.Fatal("asked too soon")
	}
	round(func(*observe.Status) {})
	if s.why.id == 0 {
		t.Fatal("not asked although the faults stay")
	}
	d.shows("Asking every device why.")
	d.only(examinedMsg{id: s.why.id, exam: exam(s.of.Plan)})
	round(func(*observe.Status) {})
	if s.why.id != 0 {
		t.Error("asked again about the same")
	}
	d.shows("port-down: leaf1:swp52")
	d.press("v", "v", "v", "v")
	d.shows("certain")
	d.only(keyNamed("e"))
	d.answer()
	d.shows("leaf1:swp52: port-down")
	d.press("esc", "v")
	d.shows("swp52 port-down: ")
	// A healthy fabric is not asked.
	for range 2 * settledFor {
		d.only(roundMsg{watcher: s.watcher, status: healthy(s.of.Plan)})
	}
	if s.why.id != 0 {
		t.Error("a healthy fabric was asked why")
	}
}

// TestApply needs the fabric's name, and says what came of it.
func TestApply(t *testing.T) {
	d := opened(t, 120, 40)
	remedied(d)
	d.shows("To mend leaf1:swp52 (port-down), this would be done:")
	d.shows("leaf1# ip link set")
	d.shows("+router bgp 2")
	a := &d.live().guide.apply
	d.write("yes")
	d.press("enter")
	if a.stage != asking {
		t.Fatal("applied without the name")
	}
	d.shows("the fabric's name is two")
	d.clear()
	d.write("two")
	d.only(keyNamed("enter"))
	if a.stage != running || d.live().Busy() == "" {
		t.Fatalf("stage %d", a.stage)
	}
	d.press("esc", "q")
	d.shows("Leave closup?")
	d.press("n")
	d.only(appliedMsg{id: a.id, at: noon, applied: work.Applied{Ran: []work.Ran{{Command: a.remedy.First[0]}}}})
	d.shows("Mended: the devices do not show it any more.")
	d.press("enter")
	if a.stage != notApplying {
		t.Error("it stays")
	}
	// What helped not is said.
	remedied(d)
	a = &d.live().guide.apply
	d.write("two")
	d.only(keyNamed("enter"))
	d.only(appliedMsg{id: a.id, at: noon, applied: work.Applied{Left: a.remedy.Findings, Ran: []work.Ran{{Command: a.remedy.First[0], Error: "no such device"}}}})
	d.shows("1 finding of those it was for stands still")
	d.shows("no such device")
	// A device that cannot be asked stops it before anything is done.
	remedied(d)
	a = &d.live().guide.apply
	a.stage, a.id = previewing, 7
	d.only(previewedMsg{id: 7, remedy: work.Remedy{Changes: []push.DeviceReport{{Name: "leaf1", Error: "login refused"}}}})
	d.shows("leaf1: login refused; nothing was done")
	d.write("two")
	d.press("enter")
	if a.stage != notApplying {
		t.Errorf("stage %d", a.stage)
	}
}

// TestReport writes the bring-up report; where that fails the question stays,
// with the reason.
func TestReport(t *testing.T) {
	d := opened(t, 120, 40)
	liveWith(d, breakOne)
	d.press("r")
	d.shows("Write a bring-up report")
	d.clear()
	d.write("x.pdf")
	d.press("enter")
	d.shows("call it .md or .html")
	d.clear()
	to := filepath.Join(t.TempDir(), "no", "x.md")
	d.write(to)
	d.press("enter")
	s := d.live()
	d.until("it is refused", func() bool { return s.saving.err != "" })
	d.clear()
	to = filepath.Join(t.TempDir(), "x.md")
	d.write(to)
	d.press("enter")
	d.until("it is written", func() bool { return !s.saving.open })
	d.until("it is said", func() bool { return strings.Contains(d.app.desk.text, "Not as planned") })
	if data, err := os.ReadFile(to); err != nil || !strings.Contains(string(data), "# Bring-up of two") {
		t.Errorf("%v: %s", err, data)
	}
}

// TestFirstRound shows a device that has not answered yet as being asked, and
// not as one that is gone.
func TestFirstRound(t *testing.T) {
	d := opened(t, 120, 40)
	liveWith(d, func(s *observe.Status) { s.Devices[0].Reachable, s.Devices[0].Age = false, -1 })
	d.shows("○spine1")
	s := d.live()
	d.only(roundMsg{watcher: s.watcher, status: healthy(s.of.Plan)})
	d.press("V")
	d.shows("spine1  answers")
	d.hides("answers again")
	liveWith(d, func(s *observe.Status) {
		s.Devices[0].Reachable, s.Devices[0].Age, s.Devices[0].Error = false, -1, "login refused"
	})
	d.shows("✗spine1")
	d.press("v", "v", "v")
	d.shows("unreachable")
}
