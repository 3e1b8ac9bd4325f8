package ui

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"closup/model"
	"closup/provision"
	"closup/provision/observe"
	"closup/provision/preflight"
	"closup/provision/push"
	"closup/render"
	"closup/ui/work"
)

// What brings the screens to their scenes: the test plays the disk and the
// devices.

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
