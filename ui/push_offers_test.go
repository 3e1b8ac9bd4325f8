package ui

import (
	"errors"
	"strings"
	"testing"

	"closup/provision/preflight"
)

// lackingAll is a look that has an offer of each kind to make.
func lackingAll(d *driver) {
	d.press("9")
	d.only(keyNamed("enter"))
	s := pushOf(d)
	all := preflighted(6, preflight.Failed, preflight.OK)
	all[0].Offers = preflight.Offers{Packages: []string{"frr", "frr-pythontools"}}
	all[1].Offers = preflight.Offers{Password: true}
	all[2].Offers, all[3].Offers = preflight.Offers{Raise: []string{"swp1", "swp2"}}, preflight.Offers{Raise: []string{"swp1"}}
	d.only(preflightMsg{id: s.pre.id, over: true, reports: all})
}

// TestOffers: what a look offers is on the screen, in the palette with its
// command, asks before it does anything, and is followed by another look.
func TestOffers(t *testing.T) {
	d := opened(t, 120, 40)
	lackingAll(d)
	s := pushOf(d)
	d.shows("e sets the new password that 1 device wants")
	d.shows("i installs what 1 device lacks")
	d.shows("s sets 3 planned ports up, so that LLDP can speak")
	for _, want := range []string{"closup preflight --raise", "closup preflight --packages DIR", "closup preflight --set-password"} {
		found := false
		for _, a := range d.app.actions() {
			found = found || strings.HasSuffix(a.command, strings.TrimPrefix(want, "closup"))
		}
		if !found {
			d.press(":")
			t.Errorf("%s is not in the palette:\n%s", want, d.screen())
			d.press("esc")
		}
	}
	for _, no := range []string{"n", "esc", "x"} {
		d.only(keyNamed("s"))
		d.shows("Set 3 planned ports up on 2 devices?")
		d.shows("swp1, swp2")
		d.only(keyNamed(no))
		if s.stage != refused {
			t.Fatalf("stage %d after %s", s.stage, no)
		}
		d.only(keyNamed("esc"))
		s.stage, s.sure = refused, sure{}
	}
	d.only(keyNamed("s"))
	d.only(keyNamed("y"))
	if s.stage != mending || s.Busy() == "" {
		t.Fatalf("stage %d", s.stage)
	}
	d.shows("Setting ports up.")
	d.only(mendedMsg{id: s.mendID, err: nil})
	if s.stage != looking {
		t.Fatalf("stage %d", s.stage)
	}
	// What failed is said, and the devices are looked at all the same.
	d.only(preflightMsg{id: s.pre.id, over: true, reports: s.pre.reports})
	lackingAll(d)
	d.only(keyNamed("e"))
	_, cmd := d.app.Update(mendedMsg{id: s.mendID, err: errors.New("leaf1: no\nand more")})
	if s.stage != looking || cmd == nil {
		t.Errorf("stage %d", s.stage)
	}
}

// TestOffersReadOnly: a wizard that only reads offers nothing.
func TestOffersReadOnly(t *testing.T) {
	d := opened(t, 120, 40)
	d.app.desk.readOnly = true
	lackingAll(d)
	d.hides("planned port")
	for _, k := range []string{"s", "i", "e"} {
		d.only(keyNamed(k))
		if s := pushOf(d); s.stage != refused || s.Typing() {
			t.Errorf("%s does something: stage %d", k, s.stage)
		}
	}
}

// TestInstall shows what a folder has for the devices before it is installed.
func TestInstall(t *testing.T) {
	d := opened(t, 80, 24)
	lackingAll(d)
	s := pushOf(d)
	d.press("i", "enter")
	d.shows("a folder is needed")
	d.write("debs")
	d.only(keyNamed("enter"))
	if s.folder.sent == 0 {
		t.Fatal("nobody reads the folder")
	}
	d.only(debsMsg{id: s.folder.sent, choices: []preflight.Choice{{Device: "spine1", Arch: "amd64", Lacks: []string{"frr needs libyang2"}}}})
	d.shows("frr needs libyang2")
	d.only(keyNamed("enter"))
	d.only(debsMsg{id: s.folder.sent, choices: []preflight.Choice{{Device: "spine1", Arch: "amd64", Debs: []preflight.Deb{
		{Control: preflight.Control{Package: "libyang2", Version: "2.1.30"}}, {Control: preflight.Control{Package: "frr", Version: "8.4.4"}},
	}}}})
	d.shows("Install 2 packages on 1 device?")
	d.shows("libyang2 2.1.30, frr 8.4.4")
	d.only(keyNamed("y"))
	if s.stage != mending {
		t.Errorf("stage %d", s.stage)
	}
}

// TestOnlyWrong lists the devices of which something is to be said.
func TestOnlyWrong(t *testing.T) {
	d := opened(t, 120, 40)
	lookedAt(d, 6, preflight.Failed, preflight.OK)
	d.shows("spine2")
	d.only(keyNamed("b"))
	d.hides("spine2")
	d.shows("make room: journalctl")
	d.only(keyNamed("b"))
	d.shows("spine2")
}
