package ui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"closup/lab"
	"closup/model"
	"closup/provision/diagnose"
	"closup/ui/work"
)

// This file goes on with cmds.go: commands that ask devices why, and that break
// and mend the lab.

// scoping chooses the part of the fabric that a complaint is about. It goes
// through the predicted routes, so it is no work for Update.
type scoping func(*model.Plan) (diagnose.Scope, error)

// examinedMsg is what the devices said when they were asked why.
type examinedMsg struct {
	all
	id   int
	exam *work.Examination
	walk *diagnose.Walk // where a complaint was asked about
	err  error
}

// examine asks every device for its evidence, over the watch's connections
// where there is one, and walks through it for a complaint. One that is recent
// enough is taken as it is.
func examine(ctx context.Context, w *work.Watcher, p *work.Project, inLab bool, id int, scope scoping, recent *work.Examination) tea.Cmd {
	return func() tea.Msg {
		msg := examinedMsg{id: id, exam: recent}
		if w == nil && recent == nil {
			p.Secrets.Renew()
		}
		switch {
		case recent != nil:
		case w != nil:
			msg.exam, msg.err = w.Examine(ctx)
		default:
			msg.exam, msg.err = p.Examine(ctx, inLab)
		}
		if msg.err != nil || scope == nil {
			return msg
		}
		sc, err := scope(msg.exam.Plan)
		if err != nil {
			msg.err = err
			return msg
		}
		walk := msg.exam.Walk(sc)
		msg.walk = &walk
		return msg
	}
}

// puzzleMsg says that the lab was broken, or mended, or why not.
type puzzleMsg struct {
	all
	mended []lab.Broken // what had been broken; nil: it was broken
	broke  bool
	err    error
}

// breakLab breaks the lab somewhere, and does not tell where.
func breakLab(ctx context.Context, p *work.Project) tea.Cmd {
	return func() tea.Msg {
		_, _, err := p.LabBreak(ctx, "random", "")
		return puzzleMsg{broke: true, err: err}
	}
}

// mendLab takes every fault out of the lab.
func mendLab(ctx context.Context, p *work.Project) tea.Cmd {
	return func() tea.Msg {
		mended, err := p.LabMend(ctx)
		return puzzleMsg{mended: mended, err: err}
	}
}

// handOver gives the walk to the clipboard and to a file.
func handOver(w diagnose.Walk, fabric, complaint string, at time.Time, inTmux bool) tea.Cmd {
	return copyText("the report", "diagnosis-"+fabric+"-"+at.Format("20060102-150405")+".md", w.Markdown(fabric, complaint, at), inTmux)
}

// previewedMsg is what a remedy would change.
type previewedMsg struct {
	all
	id     int
	remedy work.Remedy
	err    error
}

func previewRemedy(ctx context.Context, p *work.Project, r work.Remedy, inLab bool, id int) tea.Cmd {
	return func() tea.Msg {
		p.Secrets.Renew()
		r, err := p.Preview(ctx, r, work.PushOptions{Lab: inLab})
		return previewedMsg{id: id, remedy: r, err: err}
	}
}

// appliedMsg is what came of a remedy.
type appliedMsg struct {
	all
	id      int
	at      time.Time
	applied work.Applied
	err     error
}

func applyRemedy(ctx context.Context, p *work.Project, r work.Remedy, inLab bool, id int) tea.Cmd {
	return func() tea.Msg {
		done, err := p.Apply(ctx, r, work.PushOptions{Lab: inLab}, work.Steps{})
		return appliedMsg{id: id, at: time.Now(), applied: done, err: err}
	}
}

// reportedMsg says that a report was written, or why not.
type reportedMsg struct {
	all
	id      int
	path    string
	verdict string
	err     error
}

func writeReport(ctx context.Context, p *work.Project, inLab bool, path string, id int) tea.Cmd {
	return func() tea.Msg {
		msg := reportedMsg{id: id, path: path}
		form, err := work.ReportFormat(path, "")
		if err != nil {
			msg.err = err
			return msg
		}
		p.Secrets.Renew()
		b, err := p.BringUp(ctx, work.PushOptions{Lab: inLab})
		if err == nil {
			msg.verdict, err = b.Document().Verdict, b.Write(path, form)
		}
		msg.err = err
		return msg
	}
}
