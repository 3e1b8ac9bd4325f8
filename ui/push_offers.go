package ui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/provision/preflight"
	"closup/ui/work"
)

// What a look at the devices offers to do about what it found. Each offer is a
// key, says first what it would do, and is followed by another look.

// preflightOffer is one thing that closup can do itself.
type preflightOffer struct {
	key *key.Binding
	of  func(preflight.Report) string // what it does on a device; empty: nothing
	say func(things, devices int) string
	ask func(*pushScreen) tea.Cmd
}

// preflightOffers are all of them, in the order in which they are named.
func preflightOffers() []preflightOffer {
	return []preflightOffer{
		{&keys.expired, func(r preflight.Report) string {
			if r.Offers.Password {
				return "a new password"
			}
			return ""
		}, func(_, devices int) string { return "e sets the new password that " + wantedBy(devices) }, (*pushScreen).newPassword},
		{&keys.install, func(r preflight.Report) string { return strings.Join(r.Offers.Packages, ", ") }, func(_, devices int) string {
			return "i installs what " + count(devices, "device") + lacking(devices)
		}, (*pushScreen).askFolder},
		{&keys.raise, func(r preflight.Report) string { return strings.Join(r.Offers.Raise, ", ") }, func(things, _ int) string {
			return "s sets " + count(things, "planned port") + " up, so that LLDP can speak"
		}, (*pushScreen).askRaise},
	}
}

func wantedBy(n int) string {
	if n == 1 {
		return "1 device wants"
	}
	return fmt.Sprintf("%d devices want", n)
}

func lacking(n int) string {
	if n == 1 {
		return " lacks"
	}
	return " lack"
}

// offered are the offers that there is something to do for; none in a wizard
// that only reads.
func (s *pushScreen) offered() []preflightOffer {
	if s.pre == nil || !s.pre.over || s.desk.readOnly {
		return nil
	}
	var all []preflightOffer
	for _, o := range preflightOffers() {
		if _, devices := s.pre.offers(o); devices > 0 {
			all = append(all, o)
		}
	}
	return all
}

// offers counts what an offer is for, and the devices.
func (p *preflightRun) offers(o preflightOffer) (things, devices int) {
	for _, r := range p.reports {
		if text := o.of(r); text != "" {
			things, devices = things+strings.Count(text, ", ")+1, devices+1
		}
	}
	return things, devices
}

func (s *pushScreen) offerKeys() []key.Binding {
	var all []key.Binding
	for _, o := range s.offered() {
		all = append(all, *o.key)
	}
	return all
}

// offerLines names the offers, under the verdict: in one line where there is
// room.
func (s *pushScreen) offerLines() []string {
	var parts []string
	for _, o := range s.offered() {
		parts = append(parts, o.say(s.pre.offers(o)))
	}
	if line := strings.Join(parts, "; "); len(parts) > 0 && width(line) < s.w {
		parts = []string{line}
	}
	for i, line := range parts {
		parts[i] = s.look.in(accent, cut(line+".", s.w, s.look.ellipsis))
	}
	return parts
}

// takeOffer begins the offer of a key, where there is one.
func (s *pushScreen) takeOffer(k tea.KeyPressMsg) (tea.Cmd, bool) {
	for _, o := range s.offered() {
		if key.Matches(k, *o.key) {
			return o.ask(s), true
		}
	}
	return nil, false
}

// each lists what an offer does, a device a line.
func (s *pushScreen) each(of func(preflight.Report) string) []string {
	var lines []string
	for _, r := range s.pre.reports {
		if text := of(r); text != "" {
			lines = append(lines, fill(r.Name, 12)+" "+printable(text))
		}
	}
	return lines
}

func (s *pushScreen) askRaise() tea.Cmd {
	o := preflightOffers()[2]
	things, devices := s.pre.offers(o)
	s.sure = sure{
		text: fmt.Sprintf("Set %s up on %s? It is done in what runs alone, so a reboot forgets it; LLDP then shows their neighbors.", count(things, "planned port"), count(devices, "device")),
		more: s.each(o.of),
		do: func() tea.Cmd {
			reports := s.pre.reports
			return s.mend("Setting ports up.", lldpPatience, func(ctx context.Context, o work.PreflightOptions) error {
				return s.project.Raise(ctx, o, reports)
			})
		},
	}
	return nil
}

// lldpPatience is how long it is waited for neighbors to speak: lldpd does so
// every 30 seconds.
const lldpPatience = 40 * time.Second

func (s *pushScreen) newPassword() tea.Cmd {
	reports := s.pre.reports
	return s.mend("Setting a new password.", 0, func(ctx context.Context, o work.PreflightOptions) error {
		return s.project.SetPasswords(ctx, o, reports)
	})
}

// askFolder asks for the folder of packages.
func (s *pushScreen) askFolder() tea.Cmd {
	var names []string
	for _, r := range s.pre.reports {
		if len(r.Offers.Packages) > 0 {
			names = append(names, r.Name+" lacks "+strings.Join(r.Offers.Packages, ", "))
		}
	}
	s.folder = dialog{title: "Install what is missing, from a folder of this machine", open: true, fields: []field{{
		name: "folder", label: "Folder", about: strings.Join(firstOf(names, 4), "; ") + ".", rule: "a folder of .deb files; what would be installed is shown first", example: "./debs",
		check: func(v string) error {
			if v == "" {
				return errors.New("a folder is needed")
			}
			return nil
		},
	}}}
	s.folder.fields[0].begin(s.debs)
	s.folder.fields[0].err = nil
	return nil
}

// typedFolder takes a key of that question.
func (s *pushScreen) typedFolder(msg tea.Msg) tea.Cmd {
	if s.folder.update(msg) != accepted {
		return nil
	}
	s.folder.sent, s.debs = s.desk.newID(), s.folder.value("folder")
	return chooseDebs(s.desk.ctx, s.project, s.folder.sent, s.preflightOptions(), s.pre.reports, s.debs, s.trusted)
}

// chosenDebs shows what would be installed, and asks.
func (s *pushScreen) chosenDebs(msg debsMsg) {
	if msg.id == 0 || msg.id != s.folder.sent {
		return
	}
	s.folder.sent = 0
	n, files := 0, 0
	var lines []string
	for _, c := range msg.choices {
		if len(c.Lacks) > 0 && msg.err == nil {
			msg.err = fmt.Errorf("%s: neither on it nor in the folder, for %s, is: %s", c.Device, c.Arch, strings.Join(c.Lacks, "; "))
		}
		var names []string
		for _, d := range c.Debs {
			names = append(names, d.Control.Package+" "+d.Control.Version)
		}
		if len(names) > 0 {
			n, files = n+1, files+len(names)
			lines = append(lines, fill(c.Device, 12)+" "+printable(strings.Join(names, ", ")))
		}
	}
	switch {
	case msg.err != nil:
		s.folder.err = msg.err.Error()
		return
	case n == 0:
		s.folder.err = "the devices have all of it by now; enter looks again"
		return
	}
	s.folder.open = false
	reports := s.pre.reports
	s.sure = sure{
		text: fmt.Sprintf("Install %s on %s? They are sent from %s, and dpkg installs them; configuration that is there stays.", count(files, "package"), count(n, "device"), printable(s.debs)),
		more: lines,
		do: func() tea.Cmd {
			return s.mend("Installing packages.", 0, func(ctx context.Context, o work.PreflightOptions) error {
				return s.project.Install(ctx, o, reports, msg.folder, nil)
			})
		},
	}
}

// mend does what was offered, and says so meanwhile; patience is how long the
// look after it goes on until LLDP has told all.
func (s *pushScreen) mend(doing string, patience time.Duration, do func(context.Context, work.PreflightOptions) error) tea.Cmd {
	s.stage, s.doing, s.inPre = mending, doing, true
	s.mendID, s.patience = s.desk.newID(), patience
	ctx, stop := context.WithCancel(s.desk.ctx)
	s.stop = stop
	return tea.Batch(mendDevices(ctx, s.project, s.mendID, s.preflightOptions(), do, s.trusted), tick("push", 0))
}

// mended looks again, whatever came of it, and says what did not.
func (s *pushScreen) mended(msg mendedMsg) tea.Cmd {
	if msg.id != s.mendID || s.stage != mending {
		return nil
	}
	if s.stop != nil {
		s.stop()
	}
	s.stop, s.mendID = nil, 0
	cmd := s.lookAt(s.only)
	if msg.err != nil {
		s.patience = 0
		return tea.Batch(cmd, say(bad, "%s", firstLine(msg.err.Error())))
	}
	s.lldpUntil = s.now.Add(s.patience)
	return tea.Batch(cmd, say(good, "done; the devices are looked at again"))
}

// waitsForLLDP says whether another look may show neighbors that have not
// spoken yet.
func (s *pushScreen) waitsForLLDP() bool {
	return s.patience > 0 && s.now.Before(s.lldpUntil) && !preflight.Seen(s.pre.reports)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
