package ui

import (
	"fmt"
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
	{"push/stale", func(d *driver) { pushTo(d, over); pushOf(d).stale = true; pushOf(d).refill() }},
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
			sizes := [][2]int{{200, 60}, {79, 24}, {60, 20}, {40, 12}, {20, 6}, {8, 3}, {1, 1}, {0, 0}, {300, 5}}
			for h := 1; h < 16; h++ { // where lines have no room left
				sizes = append(sizes, [2]int{80, h}, [2]int{120, h}, [2]int{20, h})
			}
			for _, size := range sizes {
				d.app.options.Hints = size[1]%2 == 1
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
