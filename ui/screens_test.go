package ui

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"closup/model"
	"closup/provision"
	"closup/provision/observe"
	"closup/provision/preflight"
	"closup/provision/push"
	"closup/render"
	"closup/ui/work"
)

// noon is when everything happens in the golden screens.
var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// scenes is every screen in every state that looks different.
var scenes = []struct {
	name string
	play func(*driver)
}{
	{"open/fabric", func(d *driver) { d.only(offers(d)) }},
	{"open/begin", func(d *driver) { d.only(offers(d)); d.press("down", "enter") }},
	{"open/broken", func(d *driver) {
		d.only(offers(d))
		p := *d.app.desk.project
		p.Err = model.Errors{
			{File: "fabric.yaml", Line: 12, Path: "spins", Message: "there is no key `spins`", Hint: "did you mean `spines`?"},
			{File: "fabric.yaml", Line: 14, Path: "leafs[0].mgmt", Message: "`somewhere else` is not an address"},
		}
		d.only(projectMsg{project: &p, opened: true})
	}},
	{"fabric/form", func(d *driver) { d.press("2", "down", "down") }},
	{"fabric/edit", func(d *driver) {
		d.press("2", "down", "enter")
		d.clear()
		d.write("65601+")
		d.until("it was tried", func() bool { return d.app.screens[1].(*fabricScreen).trial.seen != nil })
	}},
	{"fabric/wrong", func(d *driver) { d.press("2", "down", "enter"); d.write("x") }},
	{"spines/table", func(d *driver) { d.press("3") }},
	{"leafs/add", func(d *driver) {
		d.press("4", "a")
		d.clear()
		d.write("leaf[3-6]")
		d.press("tab", "tab")
		d.write("192.0.2.[13-16]")
		d.until("it was tried", func() bool {
			seen := d.app.screens[3].(*deviceScreen).trial.seen
			return seen != nil && len(seen.Plan.Devices) == 10 && seen.Plan.Devices[7].Mgmt != ""
		})
	}},
	{"leafs/cell", func(d *driver) {
		d.press("4", "right", "right", "right", "right", "right", "enter")
		d.write("9")
		d.until("it was tried", func() bool { return d.app.screens[3].(*deviceScreen).trial.seen != nil })
	}},
	{"leafs/many", func(d *driver) {
		d.press("4")
		d.tell(tea.PasteMsg{Content: "name,mgmt,rack\nleaf[3-6],192.0.2.[13-16],r1\nleaf2,192.0.2.12,r1\nleaf8,somewhere else,r1\n"})
	}},
	{"leafs/manyfit", func(d *driver) {
		d.press("4")
		d.tell(tea.PasteMsg{Content: "leaf[3-6] 192.0.2.[13-16] r1\nleaf7 192.0.2.17\n"})
		d.until("it was tried", func() bool { return d.app.screens[3].(*deviceScreen).bulk.trial.seen != nil })
	}},
	{"leafs/border", func(d *driver) { withBorder(d); d.press("4", "G") }},
	{"leafs/peers", func(d *driver) { withBorder(d); d.press("4", "G", "o") }},
	{"leafs/peer", func(d *driver) { withBorder(d); d.press("4", "G", "o", "enter", "down", "down", "down", "down") }},
	{"nodes/table", func(d *driver) { d.press("5", "down") }},
	{"cabling/automatic", func(d *driver) { d.press("6", "down", "down", "down", "down") }},
	{"cabling/edit", func(d *driver) { d.press("6", "enter") }},
	{"review/findings", func(d *driver) { d.only(found(d)); d.press("7", "down") }},
	{"review/sessions", func(d *driver) { d.press("7", "v", "v", "v") }},
	{"review/drawing", func(d *driver) { d.press("7", "V", "down", "down") }},
	{"preview/file", func(d *driver) { d.press("8"); d.only(files(d)) }},
	{"preview/reading", func(d *driver) { d.press("8"); d.only(files(d)); d.press("enter", "G") }},
	{"preview/why", func(d *driver) { d.press("8"); d.only(files(d)); d.press("e", "down", "down", "down", "down") }},
	{"preview/target", func(d *driver) {
		d.press("8", "v", "v")
		s := d.app.screens[7].(*previewScreen)
		d.until("it is made", func() bool { return !s.other.waiting })
		d.press("enter")
	}},
	{"preview/export", func(d *driver) {
		d.press("8")
		d.only(files(d))
		d.press("w")
		d.clear()
		d.write("files")
	}},
	{"preview/difference", func(d *driver) {
		d.press("8")
		d.only(files(d))
		was := strings.Repeat("!\n", 5) + "hostname x\n" + strings.Repeat("exit\n", 5)
		d.app.screens[7].(*previewScreen).running["spine1"] = fetched{at: noon, files: []push.File{{Path: "/etc/frr/frr.conf", Changed: true, Change: push.Change{
			From: "spine1/etc/frr/frr.conf", To: "spine1/etc/frr/frr.conf", Was: []byte(was), Want: []byte(strings.Replace(was, "x", "spine1", 1)),
		}}}}
		d.press("d", "c", "c")
	}},
	{"push/idle", func(d *driver) { d.press("9") }},
	{"push/blocked", func(d *driver) { d.only(found(d)); d.press("9", "enter") }},
	{"push/looking", func(d *driver) { lookedAt(d, 4, preflight.OK, preflight.Warning) }},
	{"push/refused", func(d *driver) { lookedAt(d, 6, preflight.Failed, preflight.OK) }},
	{"push/preflight", func(d *driver) {
		pushTo(d, ready)
		s := d.app.screens[8].(*pushScreen)
		s.pre.reports = preflighted(6, preflight.Warning, preflight.OK)
		s.refill()
		d.press("v")
	}},
	{"push/checking", func(d *driver) { pushTo(d, checking) }},
	{"push/keys", func(d *driver) { pushTo(d, strange) }},
	{"push/ready", func(d *driver) { pushTo(d, ready) }},
	{"push/confirm", func(d *driver) { pushTo(d, ready); d.press("p"); d.write("tw") }},
	{"push/pushing", func(d *driver) { pushTo(d, pushing) }},
	{"push/over", func(d *driver) { pushTo(d, over) }},
	{"push/drift", func(d *driver) { drifted(d); d.press("p", "tab", "tab", "space") }},
	{"push/flaps", func(d *driver) { flapping(d); d.press("p") }},
	{"push/paused", func(d *driver) { pushTo(d, pushing); d.press("space") }},
	{"push/abort", func(d *driver) { pushTo(d, pushing); d.press("x") }},
	{"push/pending", pendingAt(0)},
	{"push/expired", pendingAt(10 * time.Minute)},
	{"push/offers", lackingAll},
	{"push/raise", func(d *driver) { lackingAll(d); d.press("s") }},
	{"push/folder", func(d *driver) { lackingAll(d); d.press("i") }},
	{"push/retried", func(d *driver) {
		pushTo(d, pushing)
		s := pushOf(d)
		d.only(pushEventsMsg{run: s.run.id, events: []push.Event{{At: noon, Device: "leaf1", Kind: push.Retried, Retries: 2, Text: "trying again: leaf1 (192.0.2.11:22) does not answer: connection reset by peer"}}})
		d.only(tickMsg{of: "push", at: noon.Add(2 * time.Second)})
		d.press("down", "down")
	}},
	{"push/save", func(d *driver) { pushTo(d, over); d.press("w") }},
	{"push/left", func(d *driver) {
		d.press("9")
		d.only(pastMsg{project: d.app.desk.project, real: past{cut: true, pending: []string{"leaf1", "leaf2"}}})
	}},
	{"secret/passphrase", asksFor(provision.Question{Kind: provision.Passphrase, File: "/home/anna/.ssh/id_ed25519"})},
	{"secret/again", asksFor(provision.Question{Kind: provision.Password, Device: "spine1", User: "cumulus", Again: true})},
	{"secret/sudo", func(d *driver) { asksFor(sudoOf)(d); d.write("abc") }},
	{"secret/alone", asksFor(provision.Question{Kind: provision.SudoPassword, Device: "leaf1", User: "cumulus", Alone: true})},
	{"secret/code", func(d *driver) {
		asksFor(provision.Question{Kind: provision.Answer, Device: "leaf1", User: "cumulus", Prompt: "Verification code:", Echo: true})(d)
		d.write("123456")
	}},
	{"secret/expired", asksFor(provision.Question{Kind: provision.OldPassword, Device: "spine1, leaf1", User: "cumulus"})},
	{"secret/touch", func(d *driver) { d.press("9"); d.only(touchMsg{"Touch the security key yubi, to log in to leaf1"}) }},
	{"live/idle", func(d *driver) { d.press("0") }},
	{"live/good", func(d *driver) { liveWith(d, func(*observe.Status) {}) }},
	{"live/bad", func(d *driver) { liveWith(d, breakOne) }},
	{"live/faults", func(d *driver) { liveWith(d, breakOne); d.press("f") }},
	{"live/routes", func(d *driver) { liveWith(d, breakOne); d.press("v") }},
	{"live/devices", func(d *driver) { liveWith(d, breakOne); d.press("v", "v") }},
	{"live/nodes", func(d *driver) { liveWith(d, breakOne); d.press("v", "v", "v") }},
	{"live/events", func(d *driver) {
		liveWith(d, func(*observe.Status) {})
		s := d.app.screens[9].(*liveScreen)
		broken := healthy(d.app.desk.project.Plan)
		breakOne(&broken)
		broken.At = noon.Add(time.Second)
		d.only(roundMsg{watcher: s.watcher, status: broken})
		d.press("V")
	}},
	{"live/findings", func(d *driver) { diagnosed(d); d.press("v", "v", "v", "v") }},
	{"live/guide", guided},
	{"live/guideseen", func(d *driver) { guided(d); d.press("down", "down", "down", "down") }},
	{"live/symptom", func(d *driver) { liveWith(d, breakOne); d.press("w"); d.write("k1 cannot reach pods in k2") }},
	{"live/puzzle", func(d *driver) { puzzling(d); d.only(keyNamed("e")); d.answer(); d.press("enter") }},
	{"live/apply", remedied},
	{"live/report", func(d *driver) {
		liveWith(d, breakOne)
		d.app.desk.project.Path = "fabric.yaml"
		d.press("r")
	}},
	{"live/sorted", func(d *driver) { liveWith(d, breakOne); d.press("/"); d.write("leaf"); d.press("enter", "s") }},
	{"frame/palette", func(d *driver) { d.app.desk.path = "fabric.yaml"; d.press("3", ":"); d.write("leafs") }},
	{"frame/help", func(d *driver) { d.press("3", "?") }},
	{"frame/quit", func(d *driver) { pushTo(d, pushing); d.press("q") }},
	{"frame/nothing", func(d *driver) { d.app.desk.project = nil; d.only(refit(d)); d.press("3") }},
}

// withBorder adds a border leaf with a session to the outside.
func withBorder(d *driver) {
	p := d.app.desk.project
	d.run(d.app.desk.change(change{said: "a border", make: func(p *work.Project) error {
		for path, yaml := range map[string]string{"asn.borders": "65141+", "loopbacks.borders": "10.1.4.0/24"} {
			if err := p.Doc.Set(path, yaml); err != nil {
				return err
			}
		}
		return p.Doc.Set("borders", "\n  - {name: border1, mgmt: 192.0.2.41, peers: [{port: swp44, asn: 65254, accept: [0.0.0.0/0], advertise: [10.1.3.0/24]}]}")
	}}))
	d.until("the border is there", func() bool { return d.app.desk.project != p && !d.app.desk.busy })
	d.app.desk.say(plain, "")
}

// refit begins the screens anew without a fabric.
func refit(d *driver) sizeMsg {
	for i, s := range steps {
		d.app.screens[i] = s.screen(base{look: d.app.look, desk: d.app.desk})
	}
	return d.app.content()
}

func TestScreens(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		for _, scene := range scenes {
			name := fmt.Sprintf("%s-%dx%d", scene.name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				d := opened(t, size[0], size[1])
				d.app.desk.say(plain, "")
				scene.play(d)
				d.golden(name)
			})
		}
	}
}

// TestScreensElsewhere plays every scene in terminals of other sizes and looks.
func TestScreensElsewhere(t *testing.T) {
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			d := opened(t, 80, 24)
			scene.play(d)
			for _, size := range [][2]int{{200, 60}, {79, 24}, {60, 20}, {40, 12}, {20, 6}, {8, 3}, {1, 1}, {0, 0}, {300, 5}} {
				d.app.w, d.app.h = size[0], size[1]
				d.only(d.app.content())
				d.app.all(d.app.content())
				d.fits()
			}
			d.app.w, d.app.h = 80, 24
			d.app.all(d.app.content())
			d.app.terminal = terminal{ascii: true, profile: colorprofile.NoTTY}
			d.app.restyle()
			d.fits()
			for _, r := range d.screen() {
				if r > 0x7e {
					t.Fatalf("%q on a terminal that has ASCII only:\n%s", r, d.screen())
				}
			}
		})
	}
}

// offers is what the open screen shows beside the open fabric.
func offers(d *driver) presetsMsg {
	return presetsMsg{
		nearby: []work.Nearby{{Path: "lab.yaml", Name: "practice", Changed: noon}},
		presets: []preset{
			{Preset: work.Preset{Name: "small", About: "Two spines, two leafs and two nodes, for a first look."}, project: d.app.desk.project},
		},
	}
}

// found is the fabric with a finding of each severity.
func found(d *driver) projectMsg {
	p := *d.app.desk.project
	p.Findings = []model.Finding{
		{Severity: model.Info, Rule: "control-plane", Path: "nodes[0].roles", Line: 21, Message: "k1 is the only control plane"},
		{Severity: model.Error, Rule: "prefix-overlap", Path: "loopbacks.leafs", Line: 8, Message: "the loopbacks of the leafs overlap the pods", Remedy: "choose a range that nothing else uses"},
		{Severity: model.Warning, Rule: "no-mgmt", Path: "nodes[1].mgmt", Line: 22, Message: "k2 has no management address", Remedy: "give it one as mgmt"},
	}
	return projectMsg{project: &p}
}

// files is what one device is to get.
func files(d *driver) filesMsg {
	frr := "! made\nfrr defaults datacenter\nhostname spine1\n!\nrouter bgp 65501\n bgp router-id 10.1.2.1\n"
	for i := range 40 {
		frr += fmt.Sprintf(" neighbor swp%d interface peer-group downlinks\n", i+1)
	}
	project := d.app.desk.project
	spine, _ := project.Plan.Device("spine1")
	const path = "/etc/frr/frr.conf"
	reasons := map[string][]render.Reason{path: render.Explain(project.Fabric, project.Plan, spine, path, []byte(frr))}
	return filesMsg{project: project, device: "spine1", reasons: reasons, files: []render.Artifact{
		{Device: "spine1", Path: "/etc/network/interfaces", Body: []byte("auto lo\niface lo inet loopback\n    address 10.1.2.1/32\n"), Merge: func(b []byte) ([]byte, error) { return b, nil }},
		{Device: "spine1", Path: "/etc/frr/daemons", Body: []byte("bgpd=yes\n")},
		{Device: "spine1", Path: "/etc/frr/frr.conf", Body: []byte(frr + "\x1b[31m!\n")},
	}}
}

// pushTo plays a push up to a stage.
func pushTo(d *driver, stage pushStage) {
	d.press("9")
	s := d.app.screens[8].(*pushScreen)
	events := make(chan push.Event)
	tell := func(over bool, all ...push.Event) {
		d.only(pushEventsMsg{run: s.run.id, events: all, over: over, from: events, at: noon.Add(3 * time.Second)})
		d.only(tickMsg{of: "push", at: noon.Add(2 * time.Second)})
	}
	phase := func(device, name string) push.Event {
		return push.Event{At: noon, Device: device, Phase: name, Kind: push.Started}
	}
	done := func(device string, r push.Result, err error) push.Event {
		rep := &push.DeviceReport{Name: device, Result: r, Seconds: 1.5, Err: err, Files: []push.File{
			{Path: "/etc/hostname"}, {Path: "/etc/frr/frr.conf", Changed: r == push.Changed, Change: push.Change{From: "frr.conf", To: "frr.conf", Was: []byte("hostname x\nrouter bgp 1\n"), Want: []byte("hostname x\nrouter bgp 2\n")}},
		}}
		if err != nil {
			rep.Error = err.Error()
		}
		return push.Event{At: noon.Add(1500 * time.Millisecond), Device: device, Kind: push.Done, Report: rep}
	}
	names := []string{"spine1", "spine2", "leaf1", "leaf2", "k1", "k2"}
	var ends []push.Event
	d.only(keyNamed("enter"))
	d.only(preflightMsg{id: s.pre.id, over: true, reports: preflighted(s.pre.of, preflight.OK, preflight.OK)})
	tell(false, phase("spine1", "connect"), phase("leaf1", "connect"), phase("leaf1", "compare"),
		push.Event{At: noon, Device: "spine1", Phase: "connect", Kind: push.Log, Text: "$ cat /etc/hostname"})
	if stage == checking {
		return
	}
	if stage == strange { // they were known when the devices were looked at
		for i, n := range names {
			ends = append(ends, done(n, push.Failed, &provision.HostKeyError{Host: fmt.Sprintf("192.0.2.%d", i+1), SHA256: "SHA256:bm90IGEgcmVhbCBrZXkgb2YgYSBob3N0"}))
		}
		tell(true, ends...)
		return
	}
	for i, n := range names {
		ends = append(ends, done(n, []push.Result{push.Changed, push.Unchanged}[i%2], nil))
	}
	tell(true, ends...)
	if stage == ready {
		return
	}
	d.press("p")
	d.write("two")
	d.only(keyNamed("enter"))
	tell(false, push.Event{Kind: push.Estimated, Device: "spine1", Estimate: &push.Estimate{Apply: 4 * time.Second}},
		push.Event{Kind: push.Waved, Wave: &push.WaveInfo{Number: 1, Of: 3, Names: []string{"k1", "k2", "spine2"}}},
		push.Event{Kind: push.Waved, Wave: &push.WaveInfo{Number: 2, Of: 3, Names: []string{"spine1", "leaf1"}, Canary: true}},
		phase("spine1", "activate"), phase("leaf1", "stage"), done("spine2", push.Unchanged, nil), done("k1", push.RolledBack, errors.New("sessions: leaf2 did not come up")))
	if stage == pushing {
		return
	}
	tell(true, done("spine1", push.Changed, nil), done("leaf1", push.Changed, nil), done("leaf2", push.Failed, errors.New("connect: 192.0.2.12 does not answer")), done("k2", push.Skipped, nil))
}

// preflighted is so many devices as they were looked at: the first, and the
// others.
func preflighted(n int, first, others preflight.State) []preflight.Report {
	var all []preflight.Report
	for i, name := range []string{"spine1", "spine2", "leaf1", "leaf2", "k1", "k2"}[:n] {
		state := others
		if i == 0 {
			state = first
		}
		r := preflight.Report{Name: name, State: state, System: "Debian GNU/Linux 12 (bookworm)", Router: "8.4.4", Checks: []preflight.Result{
			{Check: "reachable", State: preflight.OK, Message: "it answers at 192.0.2.1"},
			{Check: "disk", State: state, Message: "there are 20 MiB left in /var, and a push wants 48 MiB", Remedy: "make room: journalctl --vacuum-size=50M"},
			{Check: "cabling", State: preflight.Unknown, Message: "LLDP sees nobody"},
		}, Ports: []preflight.Port{{Name: "swp1", Cabling: "as-planned"}, {Name: "swp2", Cabling: "not-visible"}}}
		all = append(all, r)
	}
	return all
}

// lookedAt is a look at the devices that so many have answered.
func lookedAt(d *driver, n int, first, others preflight.State) {
	d.press("9")
	d.only(keyNamed("enter"))
	s := d.app.screens[8].(*pushScreen)
	d.only(preflightMsg{id: s.pre.id, over: n == s.pre.of, reports: preflighted(n, first, others)})
}

// drifted is a check that found two devices changed by hand.
func drifted(d *driver) {
	pushTo(d, ready)
	s := d.app.screens[8].(*pushScreen)
	for _, i := range []int{0, 4} {
		s.run.rows[i].report.Drift = "--- spine1/etc/frr/frr.conf\n+++ spine1/etc/frr/frr.conf\n-hostname spine1\n+hostname x\n"
		s.run.rows[i].report.Note = "changed by hand since the last push: frr.conf"
	}
	s.refill()
}

// flapping is a check of devices of which one gets another router ID.
func flapping(d *driver) {
	pushTo(d, ready)
	s := d.app.screens[8].(*pushScreen)
	conf := "router bgp 65501\n bgp router-id 10.1.2.1\n neighbor swp1 interface remote-as external\n neighbor swp2 interface remote-as external\n"
	s.run.rows[0].report.Files[1].Change.Was = []byte(conf)
	s.run.rows[0].report.Files[1].Change.Want = []byte(strings.Replace(conf, "10.1.2.1", "10.1.2.9", 1))
}

// pendingAt is a push that waits to be confirmed, so long after its end.
func pendingAt(after time.Duration) func(*driver) {
	return func(d *driver) {
		pushTo(d, pushing)
		s := d.app.screens[8].(*pushScreen)
		var all []push.Event
		for _, row := range s.run.rows {
			all = append(all, push.Event{At: noon.Add(2 * time.Second), Device: row.name, Kind: push.Done, Report: &push.DeviceReport{
				Name: row.name, Result: push.Pending, Seconds: 2, Until: noon.Add(2 * time.Minute), Files: []push.File{{Path: "/etc/frr/frr.conf", Changed: true}},
			}})
		}
		d.only(pushEventsMsg{run: s.run.id, events: all, over: true, at: noon.Add(3 * time.Second)})
		d.only(tickMsg{of: "push", at: noon.Add(17*time.Second + after)})
	}
}

// liveWith plays one round of a watch.
func liveWith(d *driver, change func(*observe.Status)) {
	d.press("0")
	w := &work.Watcher{}
	d.only(watchMsg{project: d.app.desk.project, watcher: w})
	status := healthy(d.app.desk.project.Plan)
	change(&status)
	d.only(roundMsg{watcher: w, status: status})
	d.only(tickMsg{of: "live", at: noon.Add(time.Second)})
}

// healthy is a fabric in which everything is as planned.
func healthy(p *model.Plan) observe.Status {
	s := observe.Status{At: noon}
	for i := range p.Devices {
		s.Devices = append(s.Devices, observe.DeviceStatus{Name: p.Devices[i].Name, Reachable: true, RouterVersion: "8.4.4", Age: 0.4})
	}
	for _, n := range p.Sessions {
		s.Sessions = append(s.Sessions, observe.SessionStatus{
			Device: n.Device, Port: n.Port, Peer: n.Peer, PeerPort: n.PeerPort, PeerASN: n.PeerASN, Expected: true,
			State: "Established", ActualPeer: n.Peer, ActualASN: n.PeerASN, Uptime: 3725, PrefixesReceived: 4, PrefixesSent: 6,
		})
	}
	for i := range p.Devices {
		s.Routes = append(s.Routes, observe.RouteStatus{Device: p.Devices[i].Name, Prefix: netip.MustParsePrefix("10.1.2.1/32"), ExpectedPaths: 2, ActualPaths: 2, State: "ok"})
	}
	n := len(s.Sessions)
	s.Summary = observe.Summary{SessionsExpected: n, SessionsEstablished: n, RoutesExpected: len(s.Routes), RoutesOK: len(s.Routes), RoutesPending: 1}
	return s
}

// breakOne takes a device and a cable away.
func breakOne(s *observe.Status) {
	s.Devices[5].Reachable, s.Devices[5].Error, s.Devices[5].Age = false, "192.0.2.22 does not answer", 62
	for i := range s.Sessions {
		n := &s.Sessions[i]
		switch {
		case n.Device == "k2":
			n.State = "unreachable"
		case n.Device == "leaf1" && n.Peer == "spine2", n.Device == "spine2" && n.Peer == "leaf1":
			n.State, n.Flaps, n.Uptime = "Idle", 1, 0
		default:
			continue
		}
		s.Summary.SessionsEstablished--
	}
	s.Routes[0].State, s.Routes[0].ActualPaths = "narrow", 1
	s.Routes[1].State, s.Routes[1].ActualPaths = "missing", 0
	s.Summary.RoutesOK -= 2
	s.Summary.DevicesUnreachable = 1
}
