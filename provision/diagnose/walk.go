package diagnose

import (
	"slices"

	"closup/model"
	"closup/provision/observe"
)

// A walk goes down the fault tree for what somebody complains about: question
// after question, each with what was looked at, what was seen and what it
// means. The questions are the table of checks, in its order, cut into layers.

// Verdict is how a question of a walk was answered.
type Verdict string

// The verdicts.
const (
	Fine    Verdict = "fine"    // all that was asked answered as planned
	Fault   Verdict = "fault"   // a finding that is certain or likely
	Doubt   Verdict = "doubt"   // a finding that is possible: it may still be coming up
	Behind  Verdict = "behind"  // it hangs on the fault of an earlier question
	Untold  Verdict = "untold"  // nobody answered who could tell
	Nothing Verdict = "nothing" // the question has no object here
)

// Step is one question of a walk.
type Step struct {
	Topic    string     `json:"topic"` // the question in a word or two
	Question string     `json:"question"`
	Why      string     `json:"why"`    // why it stands at this place
	Causes   []string   `json:"causes"` // what a fault here could be
	Verdict  Verdict    `json:"verdict"`
	Seen     []Evidence `json:"seen"`
	More     int        `json:"more"` // lines that Seen leaves out
	Findings []Finding  `json:"findings"`
}

// Walk is the whole of it.
type Walk struct {
	Scope     Scope     `json:"scope"`
	Steps     []Step    `json:"steps"`
	Elsewhere []Finding `json:"elsewhere"` // what is wrong in other places
}

// First is the first step with a fault, or with a doubt where there is no
// fault; -1: none.
func (w Walk) First() int {
	for _, v := range []Verdict{Fault, Doubt} {
		if i := slices.IndexFunc(w.Steps, func(s Step) bool { return s.Verdict == v }); i >= 0 {
			return i
		}
	}
	return -1
}

// layer is a stretch of the table of checks: from that cause to the next
// layer's.
type layer struct {
	from, topic, question, why string

	look func(*view, Scope) []Evidence
}

// layers are the questions, in the order of the table.
var layers = []layer{
	{"device-down", "answers", "Does every device on the way answer?", "one that does not can tell nothing else", lookAnswers},
	{"frr-missing", "router", "Does the router run there?", "no daemon, no session and no route", lookDaemons},
	{"bgp-not-configured", "BGP's numbers", "Does BGP run with the planned numbers?", "a neighbor refuses an ASN that it does not expect", lookNumbers},
	{"link-flapping", "ports, links", "Is each port up, with a link?", "everything above goes over the cable", lookPorts},
	{"shared-segment", "cabling", "Does each cable lead where it should?", "a link to somebody else is up as well", lookCables},
	{"ipv6-disabled", "IPv6, MTU", "Can the ports carry it: IPv6, its address, the MTU?", "sessions run over link-local addresses, and large packets need the MTU", lookCarriers},
	{"session-missing", "neighbors", "Do both ends want the same session?", "each must know the other as a neighbor, with its ASN and address family", lookNeighbors},
	{"bgp-filtered", "hearing", "Do the two ends hear each other?", "router advertisements tell the address, then TCP port 179 has to come through", lookHearing},
	{"policy-missing", "policy, BFD", "Do they agree to take routes, and on BFD?", "without a policy no route is taken (RFC 8212)", lookAgreement},
	{"loopback-missing", "own routes", "Does each device announce its own?", "what nobody announces nobody can reach", lookOwn},
	{"list-undefined", "filters", "Do the filters let it through?", "a session that is up may still carry nothing", lookFilters},
	{"not-forwarding", "kernel", "Does the kernel carry the packets?", "BGP only fills the table; the kernel forwards", lookKernels},
	{"session-unplanned", "unplanned", "Is anything else not as planned?", "what somebody changed by hand shows here", lookUnplanned},
	{"session-down", "the result", "In the end: is each session up, and each route there?", "what is left has no cause that shows", lookResult},
}

// checksOf are the rows of the table that belong to the i-th layer.
func checksOf(i int) []Check {
	begin := func(i int) int {
		if i >= len(layers) {
			return len(Checks)
		}
		return slices.IndexFunc(Checks, func(c Check) bool { return c.Cause == layers[i].from })
	}
	return Checks[begin(i):begin(i+1)]
}

// maxSeen bounds the lines of one question: in a large fabric the first of
// them tell how it looks, and what is wrong stands among the findings.
const maxSeen = 60

// WalkThrough answers every question for a scope. The snapshot should be one
// of Observer.Examine, and found what Find says of it.
func WalkThrough(plan *model.Plan, s observe.Snapshot, found []Finding, scope Scope) Walk {
	v := newView(plan, s)
	w := Walk{Scope: scope, Steps: make([]Step, 0, len(layers)), Elsewhere: []Finding{}}
	here := []Finding{}
	for _, f := range found {
		if scope.concerns(plan, f) {
			here = append(here, f)
		} else {
			w.Elsewhere = append(w.Elsewhere, f)
		}
	}
	broken := false
	for i, l := range layers {
		step := Step{Topic: l.topic, Question: l.question, Why: l.why, Causes: []string{}, Findings: []Finding{}, Seen: filled(l.look(v, scope))}
		follows := false
		for _, c := range checksOf(i) {
			step.Causes = append(step.Causes, c.Cause)
			follows = follows || c.follows
			for _, f := range here {
				if f.Cause == c.Cause {
					step.Findings = append(step.Findings, f)
				}
			}
		}
		if n := len(step.Seen) - maxSeen; n > 0 {
			step.Seen, step.More = step.Seen[:maxSeen], n
		}
		step.Verdict = v.verdict(scope, step, i, broken && follows)
		broken = broken || step.Verdict == Fault
		w.Steps = append(w.Steps, step)
	}
	return w
}

// verdict is how a step is answered. The first question is answered by silence
// too; all others need somebody who tells.
func (v *view) verdict(scope Scope, s Step, i int, behind bool) Verdict {
	switch {
	case slices.ContainsFunc(s.Findings, func(f Finding) bool { return f.Confidence != Possible }):
		return Fault
	case len(s.Findings) > 0:
		return Doubt
	case behind:
		return Behind
	case i > 0 && !slices.ContainsFunc(scope.Devices, func(d string) bool { return v.evidence(d) != nil }):
		return Untold
	case len(s.Seen) == 0:
		return Nothing
	}
	return Fine
}
