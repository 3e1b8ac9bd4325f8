package work

import (
	"fmt"
	"html/template"
	"path"
	"slices"
	"strings"
	"time"

	"closup/model"
	"closup/provision/diagnose"
	"closup/provision/push"
	"closup/render"
)

// The bring-up report's content: what stands in which table.

const clock = "2006-01-02 15:04:05 MST"

// maxRoutes is how many routes that are as planned a report lists; those that
// are not it lists all.
const maxRoutes = 500

// Document is the report to read.
func (b *BringUp) Document() Document {
	n := b.Status.Summary
	where := "the real devices"
	if b.Lab {
		where = "the lab's devices"
	}
	d := Document{
		Title: "Bring-up of " + b.Fabric,
		Lead:  fmt.Sprintf("%s of %s, asked %s by %s. Nothing was changed to make this report.", counted(len(b.plan.Devices), "device"), where, b.At.Format(clock), b.Who),
		Tone:  "good",
		Verdict: fmt.Sprintf("All is as planned: %d of %d sessions, %d of %d routes, no finding.",
			n.SessionsEstablished, n.SessionsExpected, n.RoutesOK, n.RoutesExpected),
	}
	if !b.AsExpected() {
		d.Tone = "bad"
		d.Verdict = fmt.Sprintf("Not as planned: %d of %d sessions, %d of %d routes, %s, %s not reached.",
			n.SessionsEstablished, n.SessionsExpected, n.RoutesOK, n.RoutesExpected, counted(len(b.Findings), "finding"), counted(n.DevicesUnreachable, "device"))
	}
	d.Drawing = b.drawing()
	d.Sections = []Section{b.findings(), b.pushes(), b.devices(), b.files(), b.sessions(), b.routes()}
	return d
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// maxDrawn is up to how many devices a fabric is drawn.
const maxDrawn = 200

// drawing is the Clos, as the target `diagram` makes it.
func (b *BringUp) drawing() template.HTML {
	if len(b.plan.Devices) > maxDrawn {
		return ""
	}
	for _, t := range render.Targets {
		if t.Name != "diagram" {
			continue
		}
		for f, err := range t.Files(b.plan) {
			if err == nil && strings.HasSuffix(f.Path, ".svg") {
				_, svg, _ := strings.Cut("\n"+string(f.Body), "<svg")
				return template.HTML("<svg" + svg) //nolint:gosec // our own drawing, which escapes names itself
			}
		}
	}
	return ""
}

func (b *BringUp) findings() Section {
	s := Section{Heading: "Findings", Head: []string{"where", "cause", "how sure", "what is wrong", "what to do"}}
	if len(b.Findings) == 0 {
		s.Text = []string{"Every device was asked what it sees and how it is set, and nothing was found wrong."}
	}
	for _, f := range b.Findings {
		tone := map[diagnose.Confidence]string{diagnose.Certain: "bad", diagnose.Likely: "warn"}[f.Confidence]
		s.Rows = append(s.Rows, Row{tone, []string{f.Place(), f.Cause, string(f.Confidence), f.Message, f.Remedy.Message}})
		for _, x := range f.Evidence {
			s.Blocks = append(s.Blocks, fmt.Sprintf("%s: %s\n%s$ %s\n%s", f.Place(), f.Cause, x.Device, x.Command, strings.TrimSpace(x.Output)))
		}
	}
	return s
}

func (b *BringUp) pushes() Section {
	s := Section{Heading: "Pushes", Head: []string{"began", "who", "what", "took", "devices"}}
	if len(b.Pushes) == 0 {
		s.Text = []string{"Nothing was pushed from this machine so far."}
	}
	for _, past := range b.Pushes {
		count := map[push.Result]int{}
		for _, d := range past.Devices {
			count[d.Result]++
		}
		var parts []string
		tone := ""
		for _, r := range []push.Result{push.Changed, push.Unchanged, push.Pending, push.RolledBack, push.Failed, push.Skipped, ""} {
			if count[r] > 0 {
				word := string(r)
				if r == "" {
					word = "not known"
				}
				parts = append(parts, fmt.Sprintf("%d %s", count[r], word))
			}
		}
		if count[push.Failed]+count[push.RolledBack] > 0 {
			tone = "warn"
		}
		took := took(past.End.Sub(past.At))
		if !past.Ended {
			took, tone = "cut off", "bad"
		}
		s.Rows = append(s.Rows, Row{tone, []string{past.At.In(b.At.Location()).Format(clock), past.Who, past.What, took, strings.Join(parts, ", ")}})
	}
	return s
}

// took is a duration as people say it.
func took(d time.Duration) string {
	switch {
	case d < 0:
		return ""
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// last is what the last push that began on a device came to.
func (b *BringUp) last(device string) (Past, PastDevice, bool) {
	for _, past := range slices.Backward(b.Pushes) {
		for _, d := range past.Devices {
			if d.Name == device && d.Result != "" && d.Result != push.Skipped {
				return past, d, true
			}
		}
	}
	return Past{}, PastDevice{}, false
}

func (b *BringUp) devices() Section {
	s := Section{Heading: "Devices", Head: []string{"device", "role", "ASN", "loopback", "answers", "router", "last push", "took"}}
	for _, said := range b.Status.Devices {
		d, _ := b.plan.Device(said.Name)
		if d == nil {
			continue
		}
		var loopbacks []string
		for _, l := range d.Loopbacks {
			loopbacks = append(loopbacks, l.Addr().String())
		}
		answers, tone, pushed, seconds := "yes", "", "", ""
		if !said.Reachable {
			answers, tone = strings.TrimSpace("no: "+said.Error), "bad"
		}
		if past, p, ok := b.last(said.Name); ok {
			pushed = string(p.Result) + ", " + past.At.In(b.At.Location()).Format(clock)
			if p.Seconds > 0 {
				seconds = fmt.Sprintf("%.1f s", p.Seconds)
			}
		}
		s.Rows = append(s.Rows, Row{tone, []string{said.Name, d.Role.String(), fmt.Sprint(d.ASN), strings.Join(loopbacks, ", "), answers, said.RouterVersion, pushed, seconds}})
	}
	return s
}

func (b *BringUp) files() Section {
	s := Section{Heading: "Files", Head: []string{"device", "as generated", "differs", "files"}}
	if b.Refused != "" {
		s.Text = append(s.Text, "They were not compared: "+b.Refused)
	}
	same := 0
	for _, r := range b.Devices {
		var names, differ []string
		for _, f := range r.Files {
			names = append(names, path.Base(f.Path))
			if f.Changed {
				differ = append(differ, f.Path)
			}
		}
		same += len(names) - len(differ)
		tone, word := "", strings.Join(differ, ", ")
		switch {
		case r.Error != "":
			tone, word = "bad", "not asked: "+r.Error
		case len(differ) > 0:
			tone = "warn"
		}
		s.Rows = append(s.Rows, Row{tone, []string{r.Name, fmt.Sprintf("%d of %d", len(names)-len(differ), len(names)), word, strings.Join(names, ", ")}})
		if r.Drift != "" {
			s.Blocks = append(s.Blocks, r.Name+", changed by hand since the last push:\n"+r.Drift)
		}
	}
	if b.Refused == "" {
		s.Text = append(s.Text, counted(same, "file")+" on the devices as closup generates them now.")
	}
	return s
}

func (b *BringUp) sessions() Section {
	s := Section{Heading: "Sessions", Head: []string{"device", "port", "expected", "actual", "state", "since", "prefixes in, out", "drops"}}
	var first, last time.Time
	for _, n := range b.Status.Sessions {
		tone, since := "", ""
		if n.State == "Established" {
			at := b.At.Add(-time.Duration(n.Uptime * float64(time.Second)))
			since = at.In(b.At.Location()).Format("2006-01-02 15:04:05")
			if first.IsZero() || at.Before(first) {
				first = at
			}
			if at.After(last) {
				last = at
			}
		} else if n.Expected {
			tone = "bad"
		}
		expected := ""
		if n.Expected {
			expected = strings.TrimSuffix(n.Peer+":"+n.PeerPort, ":") + fmt.Sprintf(" AS%d", n.PeerASN)
		} else {
			tone = "warn"
		}
		s.Rows = append(s.Rows, Row{tone, []string{n.Device, n.Port, expected, strings.TrimSpace(fmt.Sprintf("%s AS%d", n.ActualPeer, n.ActualASN)), n.State, since, fmt.Sprintf("%d, %d", n.PrefixesReceived, n.PrefixesSent), fmt.Sprint(n.Flaps)}})
	}
	if !first.IsZero() {
		s.Text = []string{fmt.Sprintf("The first session that is up came up at %s, the last one at %s.", first.In(b.At.Location()).Format(clock), last.In(b.At.Location()).Format(clock))}
	}
	return s
}

func (b *BringUp) routes() Section {
	s := Section{Heading: "Routes", Head: []string{"device", "prefix", "state", "paths expected", "paths there"}}
	listed := 0
	for _, r := range b.Status.Routes {
		tone := map[string]string{"missing": "bad", "narrow": "warn", "wide": "warn"}[r.State]
		if r.State == "ok" {
			if listed++; listed > maxRoutes {
				continue
			}
		}
		s.Rows = append(s.Rows, Row{tone, []string{r.Device, r.Prefix.String(), r.State, fmt.Sprint(r.ExpectedPaths), fmt.Sprint(r.ActualPaths)}})
	}
	if listed > maxRoutes {
		s.Text = append(s.Text, fmt.Sprintf("%d routes are as planned; the first %d of them stand here.", listed, maxRoutes))
	}
	nodes, pods := 0, b.Status.Summary.RoutesPending
	for i := range b.plan.Devices {
		if b.plan.Devices[i].Role == model.Node {
			nodes++
		}
	}
	if pods > 0 {
		s.Text = append(s.Text, fmt.Sprintf("%s wait for the pods of their nodes (%s).", counted(pods, "pod route"), counted(nodes, "node")))
	}
	return s
}
