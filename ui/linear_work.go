package ui

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"closup/model"
	"closup/render"
	"closup/ui/work"
)

// The steps of the linear wizard after the definition: cables, files, push,
// live.

// cabling lists the cables, and changes them one by one.
func (l *linear) cabling() error {
	s := screenOf[*cablingScreen](l, "cabling")
	for {
		var lines []string
		for i := range s.links {
			lines = append(lines, fmt.Sprintf("%3d  %s to %s, %s", i+1, s.links[i].A, s.links[i].B, s.table.rows[i][6].text))
		}
		for _, line := range firstOf(lines, 200) {
			l.say("%s", line)
		}
		actions := []string{"pin", "add", "change", "delete", "go on"}
		if l.project().Fabric.Cabled {
			actions[0] = "automatic"
		}
		action, err := l.ask(question{text: "Cables", now: "go on", one: actions, help: "pin writes the cables that were chosen into the file, so that none of them ever moves; automatic takes them out again."})
		if err != nil {
			return err
		}
		switch action {
		case "pin":
			_, err = l.change(change{said: count(len(s.links), "cable") + " pinned", make: pinAll})
		case "automatic":
			_, err = l.change(change{said: "cabled automatically", make: func(p *work.Project) error { return p.Doc.Delete("links") }})
		case "add":
			s.adding = dialog{}
			s.add()
			err = l.cable(s)
		case "change":
			err = l.withCable(s, func(link model.Link) error { s.edit(link); return l.cable(s) })
		case "delete":
			err = l.withCable(s, func(link model.Link) error {
				_, err := l.change(change{said: fmt.Sprintf("%s to %s deleted", link.A, link.B), make: removeLink(link)})
				return err
			})
		case "go on":
			return nil
		}
		if err != nil && !errors.Is(err, errBack) {
			return err
		}
	}
}

// cable asks for both ends until the cable is taken.
func (l *linear) cable(s *cablingScreen) error {
	defer func() { s.form = dialog{} }()
	for {
		var all []*field
		for i := range s.form.fields {
			all = append(all, &s.form.fields[i])
		}
		if err := l.fields(all); err != nil {
			return err
		}
		taken, err := l.change(change{said: s.form.value("a") + " to " + s.form.value("b") + " cabled", make: s.write()})
		if taken || err != nil {
			return err
		}
	}
}

func (l *linear) withCable(s *cablingScreen, do func(model.Link) error) error {
	var ends []string
	for i := range s.links {
		ends = append(ends, s.links[i].A.String())
	}
	i, err := l.pick(question{text: "Cable, by its number or its upper end"}, ends, nil)
	if err != nil {
		return err
	}
	s.table.at = i
	return do(s.links[i])
}

// preview prints files: of a device, of a target, or what differs.
func (l *linear) preview() error {
	help := "diff is what a push would change; a device's name prints its files, with explain before it also why each line is there; or one of the targets " + strings.Join(targetNames(), ", ") + "."
	for {
		what, err := l.ask(question{text: "A device, explain DEVICE, a target, diff, or go on", now: "go on", help: help, check: func(v string) error {
			name := strings.TrimSpace(strings.TrimPrefix(v, "explain "))
			if _, ok := l.project().Plan.Device(name); ok || v == "go on" || v == "diff" {
				return nil
			}
			if _, ok := render.TargetNamed(v); ok {
				return nil
			}
			return fmt.Errorf("there is no device and no target %q; ? lists the targets", v)
		}})
		if err != nil || what == "go on" {
			return err
		}
		device, explain := strings.CutPrefix(what, "explain ")
		_, isDevice := l.project().Plan.Device(device)
		switch {
		case what == "diff":
			var inLab []string
			if inLab, err = l.where(); err != nil {
				return err
			}
			l.run(append([]string{"diff"}, inLab...)...)
		case isDevice && explain:
			l.run("render", "--device", device, "--explain")
		case isDevice:
			l.run("render", "--device", device)
		default:
			l.run("render", "--target", what)
		}
		if err := l.ctx.Err(); err != nil {
			return err
		}
	}
}

func targetNames() []string {
	var names []string
	for _, t := range render.Targets {
		names = append(names, t.Name)
	}
	return names
}

// where asks which devices are meant, where a lab of this fabric runs.
func (l *linear) where() ([]string, error) {
	if !l.Lab && !l.project().LabRunning() {
		return nil, nil
	}
	now := "real"
	if l.Lab {
		now = "lab"
	}
	answer, err := l.ask(question{text: "Which devices", now: now, one: []string{"lab", "real"}, help: "A lab of this fabric runs; it has the same devices."})
	if err != nil {
		return nil, err
	}
	if l.Lab = answer == "lab"; l.Lab {
		return []string{"--lab"}, nil
	}
	return nil, nil
}

// push pushes as the command does: it shows what would change, and asks for the
// fabric's name.
func (l *linear) push() error {
	inLab, err := l.where()
	if err != nil {
		return err
	}
	pending, err := l.ask(question{
		text: "Time to confirm in, like 120s, empty keeps it at once",
		help: "The devices put their old configuration back by themselves, unless you confirm in that time.",
		check: func(v string) error {
			if d, err := time.ParseDuration(v); v != "" && (err != nil || d < time.Second) {
				return errors.New("write a time of at least a second, like 120s or 5m")
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	args := append([]string{"push"}, inLab...)
	if pending != "" {
		args = append(args, "--confirm", pending)
	}
	for !l.run(args...) {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		again, err := l.ask(question{text: "Push once more", now: "no", one: []string{"no", "again", "overwrite", "resume"}, help: "overwrite lets go what was changed by hand since the last push; resume ends first what a push that was cut off had begun."})
		switch {
		case err != nil:
			return err
		case again == "no":
			return errSteps
		case again == "overwrite":
			args = append(args, "--overwrite-drift")
		case again == "resume":
			args = append(args, "--resume")
		}
	}
	if pending == "" {
		return nil
	}
	keep, err := l.yes("Keep the change for good", false)
	if err != nil || !keep {
		l.say("It is not confirmed: the devices take it back.")
		return err
	}
	l.run(append([]string{"confirm"}, inLab...)...)
	return l.ctx.Err()
}

// live shows how it stands, as often as it is wanted, and why.
func (l *linear) live() error {
	inLab, err := l.where()
	if err != nil {
		return err
	}
	for {
		now := "leave"
		if !l.run(append([]string{"status"}, inLab...)...) {
			now = "again"
		}
		for next := ""; next != "again"; {
			next, err = l.ask(question{text: "Status", now: now, one: []string{"again", "diagnose", "leave"}, help: "diagnose says why something is not as expected, and what to do."})
			switch {
			case err != nil:
				return err
			case next == "leave":
				return errSteps
			case next == "diagnose":
				l.run(append([]string{"diagnose"}, inLab...)...)
			}
		}
	}
}

// run runs a command on the fabric.
func (l *linear) run(args ...string) bool {
	if l.Simulated != nil {
		if err := l.Simulated(l.project()); err != nil {
			l.say("%v", err)
			return false
		}
	}
	return l.Run(l.ctx, append([]string{"-f", l.app.desk.path}, args...)...) == nil
}
