package ui

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/lab"
	"closup/model"
	"closup/provision/diagnose"
	"closup/provision/observe"
	"closup/ui/work"
)

// What diagnose has to say on the live screen: it is asked when faults stay as
// they are, on a key, and for the row under the cursor. And the puzzles.

// causes is what the devices said when they were last asked why.
type causes struct {
	exam *work.Examination
	id   int // of the examination under way; 0: none
	err  error

	mark   uint64 // of the faults of the round before
	still  int    // rounds in which they stayed the same
	asked  uint64 // the mark of those that were asked about
	puzzle bool   // the lab was broken by us, and it is not told how
	busy   bool   // it is being broken or mended
	looked int    // questions that it took to find it
}

// settledFor is how many rounds faults stay as they are before the devices are
// asked why: while sessions come up, each round is another.
const settledFor = 3

// markOf tells faults from each other; 0: there are none.
func markOf(s *observe.Status) uint64 {
	h := fnv.New64a()
	faults := false
	for i := range s.Devices {
		if d := &s.Devices[i]; !d.Reachable {
			faults = true
			h.Write([]byte(d.Name))
		}
	}
	for i := range s.Sessions {
		if n := &s.Sessions[i]; n.State != "Established" || wrongPeer(*n) {
			faults = true
			h.Write([]byte(n.Device + ":" + n.Port))
		}
	}
	if a := s.Summary; a.RoutesOK != a.RoutesExpected {
		faults = true
		fmt.Fprint(h, a.RoutesOK)
	}
	if !faults {
		return 0
	}
	return h.Sum64() | 1
}

// askWhy asks the devices why once faults have stayed the same for a while.
func (s *liveScreen) askWhy() tea.Cmd {
	w := &s.why
	mark := markOf(&s.latest)
	if mark != w.mark {
		w.mark, w.still = mark, 0
	}
	w.still++
	if mark == 0 || w.still < settledFor || mark == w.asked || w.puzzle || s.frozen {
		return nil
	}
	return s.ask()
}

// ask asks every device why.
func (s *liveScreen) ask() tea.Cmd {
	if s.why.id != 0 || s.watcher == nil {
		return nil
	}
	s.why.asked, s.why.id = s.why.mark, s.desk.newID()
	return examine(s.desk.ctx, s.watcher, s.of, s.desk.lab, s.why.id, nil, nil)
}

// examined keeps what the devices said, whoever asked.
func (s *liveScreen) examined(msg examinedMsg) {
	s.guide.take(msg)
	if msg.id == s.why.id && msg.id != 0 {
		s.why.id, s.why.err = 0, msg.err
	}
	if msg.exam == nil || msg.err != nil || s.watcher == nil || msg.exam.Plan != s.of.Plan {
		return
	}
	before := make(map[string]bool)
	if s.why.exam != nil {
		for _, f := range s.why.exam.Findings {
			before[f.Place()+f.Cause] = true
		}
	}
	s.why.exam = msg.exam
	if !s.why.puzzle {
		for _, f := range msg.exam.Findings {
			if !before[f.Place()+f.Cause] {
				s.history.say(msg.exam.Snapshot.At, f.Device, confidenceTone(f.Confidence), strings.TrimPrefix(f.Place()+" ", f.Device+" ")+f.Cause+": "+printable(f.Message))
			}
		}
	}
	if s.seen {
		s.refill()
	}
}

// findings are those that are shown: a puzzle keeps them back.
func (s *liveScreen) findings() []diagnose.Finding {
	if s.why.exam == nil || s.why.puzzle {
		return nil
	}
	return s.why.exam.Findings
}

func (s *liveScreen) findingRows() (rows [][]cell) {
	for _, f := range s.findings() {
		t, glyph := confidenceTone(f.Confidence), s.look.fail
		rows = append(rows, []cell{{glyph, t}, {f.Place(), s.tone(f.Device)}, {f.Cause, plain}, {string(f.Confidence), t}, {printable(f.Message), plain}})
	}
	return rows
}

// noFindings says why the table of findings is empty.
func (s *liveScreen) noFindings() string {
	l, w := s.look, &s.why
	switch {
	case w.puzzle:
		return l.in(dim, cut("A puzzle is open: e on a row, or w in words, asks; p mends it and tells.", s.w, l.ellipsis))
	case w.id != 0:
		return l.in(accent, "Asking every device why.")
	case w.err != nil:
		return strings.Join(l.trouble(w.err.Error(), s.w), "\n")
	case w.exam == nil:
		return l.in(dim, "Not asked yet: d asks every device what it sees and how it is set.")
	}
	return l.in(good, l.done+" Nothing was found wrong") + l.in(dim, ", asked "+w.exam.Snapshot.At.Format("15:04:05")+"; d asks again.")
}

// verdict is the likeliest cause, below the counters.
func (s *liveScreen) verdict() []string {
	l := s.look
	switch all := s.findings(); {
	case s.why.puzzle && s.why.busy, s.why.busy:
		return []string{l.in(accent, "The lab is being worked on.")}
	case s.why.puzzle:
		return []string{l.in(warn, cut(l.mark+" A puzzle: find what is broken. p mends it and tells.", s.w, l.ellipsis))}
	case s.why.id != 0 && len(all) == 0 && !s.asExpected():
		return []string{l.in(accent, "Asking every device why.")}
	case len(all) > 0:
		f := all[0]
		more := ""
		if len(all) > 1 {
			more = fmt.Sprintf("  and %d more", len(all)-1)
		}
		if old := s.now.Sub(s.why.exam.Snapshot.At); s.asExpected() {
			more += "  (asked " + age(max(0, old.Seconds())) + " ago; all is as expected now)"
		}
		lead := l.fail + " " + f.Cause + ": "
		rest := max(0, s.w-width(lead)-width(more))
		return []string{l.in(confidenceTone(f.Confidence), cut(lead, s.w, l.ellipsis)) + cut(printable(f.Message), rest, l.ellipsis) + l.in(dim, cut(more, s.w, l.ellipsis))}
	}
	return nil
}

// explain asks why the row under the cursor is as it is.
func (s *liveScreen) explain() tea.Cmd {
	at := s.tables[s.view].at
	if at >= s.tables[s.view].n {
		s.symptom.begin()
		return nil
	}
	row := s.tables[s.view].rows[at]
	switch liveViews[s.view].name {
	case "sessions":
		return s.guideTo("session", row[1].text+":"+row[2].text, "")
	case "routes":
		return s.routeWhy(row[1].text, row[2].text)
	case "devices":
		return s.guideTo("device", row[1].text, "")
	case "nodes":
		return s.nodeWhy(row[1].text)
	case "findings":
		return s.findingWhy(row[1].text, row[2].text)
	}
	if name := row[1].text; name != "" {
		return s.guideTo("at", name, "")
	}
	return s.guideTo("unknown", "", "")
}

// guideTo begins the guide with a symptom.
func (s *liveScreen) guideTo(symptom, from, to string) tea.Cmd {
	row, _ := diagnose.FindSymptom(symptom)
	about := row.Sentence(from, to)
	if symptom == "session" || symptom == "device" { // it may be in order: the row says how it is
		about = "the " + symptom + " " + from
	}
	if symptom == "session" {
		return s.guide.begin(s, about, func(p *model.Plan) (diagnose.Scope, error) {
			device, port, _ := strings.Cut(from, ":")
			return diagnose.OfSession(p, device, port), nil
		})
	}
	return s.guide.begin(s, about, func(p *model.Plan) (diagnose.Scope, error) { return row.Scope(p, from, to) })
}

// routeWhy follows a route from the device that should have it.
func (s *liveScreen) routeWhy(device, prefix string) tea.Cmd {
	to, err := netip.ParsePrefix(prefix)
	if err != nil {
		return nil
	}
	return s.guide.begin(s, device+" has no full route to "+prefix, func(p *model.Plan) (diagnose.Scope, error) {
		return diagnose.OfRoute(p, device, to), nil
	})
}

// nodeWhy follows what every other device should know of a node.
func (s *liveScreen) nodeWhy(node string) tea.Cmd {
	return s.guide.begin(s, "the fabric lacks something of "+node, func(p *model.Plan) (diagnose.Scope, error) {
		return diagnose.OfOrigin(p, node), nil
	})
}

// findingWhy shows a finding in its place in the tree.
func (s *liveScreen) findingWhy(place, cause string) tea.Cmd {
	device, port, _ := strings.Cut(place, ":")
	if port == "" {
		return s.guideTo("at", device, "")
	}
	return s.guide.begin(s, place+": "+cause, func(p *model.Plan) (diagnose.Scope, error) { return diagnose.OfSession(p, device, port), nil })
}

func (w *causes) puzzleKey() key.Binding {
	if w.puzzle {
		return called(keys.puzzle, "mend it, and tell")
	}
	return keys.puzzle
}

// puzzle breaks the lab, or mends it.
func (s *liveScreen) puzzle() tea.Cmd {
	if s.why.busy || s.of == nil {
		return nil
	}
	s.why.busy = true
	if s.why.puzzle {
		return mendLab(s.desk.ctx, s.of)
	}
	return breakLab(s.desk.ctx, s.of)
}

// puzzled goes on once the lab is broken, or mended.
func (s *liveScreen) puzzled(msg puzzleMsg) tea.Cmd {
	s.why.busy = false
	switch {
	case msg.err != nil:
		return say(bad, "%v", msg.err)
	case msg.broke:
		s.why.puzzle, s.why.looked, s.why.exam, s.why.asked = true, 0, nil, 0
		s.history.say(s.status.At, "", warn, "a puzzle: something in the lab is broken")
		s.refill()
		return say(warn, "the puzzle begins: a fault was put into the lab")
	}
	s.why.puzzle, s.why.exam, s.why.asked = false, nil, 0
	var what []string
	for _, b := range msg.mended {
		f, _ := lab.FindFault(b.Fault)
		what = append(what, fmt.Sprintf("%s at %s (%s)", b.Fault, strings.TrimSuffix(b.Target.String(), ":"), f.Sentence))
	}
	text := "nothing was broken"
	if len(what) > 0 {
		text = "mended; "
		if s.why.looked > 0 {
			text += "found with " + count(s.why.looked, "question") + "; "
		}
		text += "it was " + strings.Join(what, ", ")
	}
	s.history.say(s.status.At, "", good, text)
	s.guide = guide{}
	s.refill()
	return say(good, "%s", text)
}
