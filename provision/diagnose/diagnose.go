// Package diagnose says why a fabric is not as planned: a plan and a snapshot
// go in, findings come out. It is pure; provision/observe reads what it needs.
//
// Its rules:
//
//   - A check is a row of the table in causes.go and a function that sees both
//     ends. Deep causes stand first: what a dead device, a missing link or a
//     wrong setting brings with it is explained by it and not told again.
//   - "certain" is what a device itself said: a setting, a rule, a state. What
//     follows from what is missing is "likely" at most, and "possible" while
//     things may still be coming up.
//   - A device that did not answer proves nothing but that.
package diagnose

import (
	"cmp"
	"slices"

	"closup/model"
	"closup/provision/observe"
)

// Confidence says how much a finding is worth.
type Confidence string

// The confidences, in the order in which findings stand.
const (
	Certain  Confidence = "certain"
	Likely   Confidence = "likely"
	Possible Confidence = "possible"
)

// Finding is one cause, as `closup diagnose -o json` prints it.
type Finding struct {
	Device     string     `json:"device"`
	Port       string     `json:"port"` // empty: the whole device
	Peer       string     `json:"peer"` // who should be at the port
	Cause      string     `json:"cause"`
	Confidence Confidence `json:"confidence"`
	Message    string     `json:"message"`
	Evidence   []Evidence `json:"evidence"`
	Remedy     Remedy     `json:"remedy"`

	explains []model.SessionKey // ends of sessions that this takes down
	whole    []string           // devices of which this explains every session
}

// Evidence is what a device said, and what it was asked.
type Evidence struct {
	Device  string `json:"device"`
	Command string `json:"command"`
	Output  string `json:"output"`
}

// Find runs every check, the likeliest cause first. The snapshot should be one
// of Observer.Examine; without evidence only what sessions and routes show is
// found.
func Find(plan *model.Plan, s observe.Snapshot) []Finding {
	v := newView(plan, s)
	found := []Finding{}
	for _, c := range Checks {
		var kept []Finding
		for _, f := range c.find(v) {
			f.Cause = c.Cause
			if c.follows && v.explained(f) {
				continue
			}
			v.explain(f)
			kept = append(kept, f)
		}
		for _, f := range v.grouped(kept) {
			f.Evidence, f.Remedy.Commands, f.Remedy.Push = filled(f.Evidence), filled(f.Remedy.Commands), filled(f.Remedy.Push)
			found = append(found, f)
		}
	}
	slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Compare(rank(a.Confidence), rank(b.Confidence)) })
	return found
}

// grouped makes one finding of those that are the same on every session of a
// device: then it is the device, and not its ports.
func (v *view) grouped(found []Finding) []Finding {
	count := map[string]int{}
	for _, f := range found {
		if f.Port != "" {
			count[f.Device]++
		}
	}
	var out []Finding
	place := map[string]int{}
	for _, f := range found {
		n := count[f.Device]
		if f.Port == "" || n < 2 || n < v.sessionsOf(f.Device) {
			out = append(out, f)
			continue
		}
		if i, told := place[f.Device]; told {
			out[i].Evidence = append(out[i].Evidence, f.Evidence...)
			out[i].explains = append(out[i].explains, f.explains...)
			continue
		}
		f.Message += sprintf("; the same holds for all %d sessions of %s", n, f.Device)
		f.Port, f.Peer = "", ""
		place[f.Device] = len(out)
		out = append(out, f)
	}
	return out
}

func rank(c Confidence) int { return slices.Index([]Confidence{Certain, Likely, Possible}, c) }

func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Select keeps what concerns one device, or one port of it: findings there,
// and at the other end of its cables.
func Select(plan *model.Plan, found []Finding, device, port string) []Finding {
	kept := []Finding{}
	for _, f := range found {
		here := f.Device == device && (port == "" || f.Port == "" || f.Port == port) || slices.Contains(f.whole, device)
		for _, s := range plan.Sessions {
			if s.Device == device && (port == "" || s.Port == port) &&
				s.Peer == f.Device && (f.Port == "" || f.Port == s.PeerPort) {
				here = true
			}
		}
		if here {
			kept = append(kept, f)
		}
	}
	return kept
}
