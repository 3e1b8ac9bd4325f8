package ui

import (
	"fmt"
	"strings"
	"time"

	"closup/provision/observe"
)

// What the live screen remembers of the rounds before: a short history of each
// session, and an event for everything that changed.

const (
	maxEvents = 1000 // that are kept
	rounds    = 24   // that a sparkline shows
)

// event is one change that a round brought.
type event struct {
	at     time.Time
	device string
	tone   tone
	text   string
}

// liveHistory is what the rounds of one watch said, one after the other.
type liveHistory struct {
	before   *observe.Status
	sessions map[[2]string][]int16 // prefixes taken, by device and port; -1: the session was down
	up       []int16               // sessions that were Established
	events   []event               // the newest first
}

// take follows a round, and says whether a session or a device was lost.
func (h *liveHistory) take(s observe.Status) (lost bool) {
	if h.sessions == nil {
		h.sessions = make(map[[2]string][]int16)
	}
	h.up = lastOf(append(h.up, clamped(s.Summary.SessionsEstablished)))
	for i := range s.Sessions {
		n := &s.Sessions[i]
		key := [2]string{n.Device, n.Port}
		v := int16(-1)
		if n.State == "Established" {
			v = clamped(n.PrefixesReceived)
		}
		h.sessions[key] = lastOf(append(h.sessions[key], v))
	}
	if h.before == nil {
		h.say(s.At, "", dim, fmt.Sprintf("watching %s; %d of %d sessions are Established", count(len(s.Devices), "device"), s.Summary.SessionsEstablished, s.Summary.SessionsExpected))
	} else {
		lost = h.differences(*h.before, s)
	}
	h.before = &s
	return lost
}

// differences makes an event of everything that is not as it was.
func (h *liveHistory) differences(was, is observe.Status) (lost bool) {
	reached, fresh := make(map[string]bool, len(was.Devices)), make(map[string]bool)
	for _, d := range was.Devices {
		reached[d.Name], fresh[d.Name] = d.Reachable, unheard(d)
	}
	for _, d := range is.Devices {
		switch before, known := reached[d.Name]; {
		case !known || before == d.Reachable:
		case d.Reachable && fresh[d.Name]:
			h.say(is.At, d.Name, good, "answers")
		case d.Reachable:
			h.say(is.At, d.Name, good, "answers again")
		default:
			h.say(is.At, d.Name, bad, strings.TrimSpace("does not answer any more "+printable(d.Error)))
			lost = true
		}
	}
	type end struct {
		state string
		flaps int
	}
	states := make(map[[2]string]end, len(was.Sessions))
	for i := range was.Sessions {
		n := &was.Sessions[i]
		states[[2]string{n.Device, n.Port}] = end{n.State, n.Flaps}
	}
	for i := range is.Sessions {
		n := &is.Sessions[i]
		before, known := states[[2]string{n.Device, n.Port}]
		if !known {
			continue
		}
		who := n.Port + " to " + orText(n.Peer, printable(n.ActualPeer))
		switch {
		case before.state == n.State && n.State == "Established" && n.Flaps > before.flaps:
			h.say(is.At, n.Device, warn, who+" went down and came back between two looks")
			lost = true
		case before.state == n.State:
		case n.State == "Established":
			h.say(is.At, n.Device, good, who+" is Established, it was "+before.state)
		case before.state == "Established":
			h.say(is.At, n.Device, bad, who+" is "+n.State+", it was Established")
			lost = true
		default:
			h.say(is.At, n.Device, warn, who+" is "+n.State+", it was "+before.state)
		}
	}
	if a, b := was.Summary, is.Summary; a.RoutesOK != b.RoutesOK || a.RoutesExpected != b.RoutesExpected {
		t := warn
		if b.RoutesOK == b.RoutesExpected {
			t = good
		}
		h.say(is.At, "", t, fmt.Sprintf("%d of %d routes are as expected, they were %d", b.RoutesOK, b.RoutesExpected, a.RoutesOK))
	}
	return lost
}

func (h *liveHistory) say(at time.Time, device string, t tone, text string) {
	h.events = append([]event{{at, device, t, text}}, h.events[:min(len(h.events), maxEvents-1)]...)
}

func clamped(n int) int16 { return int16(min(n, 1<<15-1)) }

func lastOf(all []int16) []int16 {
	if len(all) > rounds {
		all = append(all[:0], all[len(all)-rounds:]...)
	}
	return all
}

// spark draws values as bars, the newest at the right; a value below zero is a
// gap, drawn as such.
func (l *look) spark(values []int16) string {
	most := int16(1)
	for _, v := range values {
		most = max(most, v)
	}
	var b strings.Builder
	for _, v := range values {
		switch {
		case v < 0:
			b.WriteString(l.gapBar)
		default:
			b.WriteString(l.bars[int(v)*(len(l.bars)-1)/int(most)])
		}
	}
	return b.String()
}
