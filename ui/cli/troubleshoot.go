package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"closup/provision/diagnose"
	"closup/ui/work"
)

func troubleshootCommand(e *env) *cobra.Command {
	var (
		inLab bool
		out   string
	)
	cmd := &cobra.Command{
		Use:   "troubleshoot WORDS...",
		Short: "Walk the fault tree for a complaint in words",
		Long: "troubleshoot reads what is wrong as somebody says it, finds the devices and sessions\n" +
			"between the two ends, and goes down the fault tree for them: each question with what\n" +
			"was looked at, what was seen, what it means and what to do. The exit status is 4\n" +
			"where something is wrong. In the wizard the keys e and w of the step Live do the\n" +
			"same. It reads:\n\n" + symptoms(),
		Example: "  closup troubleshoot k8s1 cannot reach pods in rack 2\n  closup troubleshoot --lab the session at leaf1:swp1 is not Established\n  closup troubleshoot --out report.md leaf1 does not answer",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("say what is wrong, such as: closup troubleshoot k8s1 cannot reach pods in rack 2")
			}
			return nil
		},
		ValidArgsFunction: e.completeEnds,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := e.load()
			if err != nil {
				return err
			}
			words := strings.Join(args, " ")
			symptom, from, to, ok := diagnose.ReadSymptom(p.Plan, words)
			if !ok {
				return usagef("%q names nothing of this fabric and no symptom; name devices as `closup plan` does. It reads:\n%s", words, symptoms())
			}
			scope, err := symptom.Scope(p.Plan, from, to)
			if err != nil {
				return usagef("%v", err)
			}
			if err := e.meet(cmd.Context(), p, inLab, false, nil); err != nil {
				return err
			}
			exam, err := p.Examine(cmd.Context(), inLab)
			if err != nil {
				return err
			}
			return e.walk(exam, exam.Walk(scope), p.Plan.Name, symptom.Sentence(from, to), out)
		},
	}
	labFlag(cmd, &inLab)
	cmd.Flags().StringVar(&out, "out", "", "also write it as Markdown to this file, to hand over")
	return cmd
}

// symptoms lists the sentences that are understood.
func symptoms() string {
	var b strings.Builder
	for _, s := range diagnose.Symptoms {
		fmt.Fprintf(&b, "  %s\n", s.Words)
	}
	return strings.TrimRight(b.String(), "\n")
}

// walk prints a walk, and writes it where that was asked for.
func (e *env) walk(exam *work.Examination, w diagnose.Walk, fabric, complaint, to string) error {
	if to != "" {
		if err := work.WriteText(to, w.Markdown(fabric, complaint, exam.Snapshot.At)); err != nil {
			return err
		}
		fmt.Fprintf(e.err, "written to %s\n", to)
	}
	var err error
	if e.output == jsonText {
		err = e.json(struct {
			At        time.Time `json:"at"`
			Complaint string    `json:"complaint"`
			diagnose.Walk
		}{exam.Snapshot.At, complaint, w})
	} else {
		page := e.page()
		e.printWalk(page, w, complaint)
		err = e.show(page)
	}
	if err == nil && w.First() >= 0 {
		err = &exit{status: statusUnexpected}
	}
	return err
}

// printWalk is the questions with their answers; what was seen stands where
// something is wrong.
func (e *env) printWalk(out *page, w diagnose.Walk, complaint string) {
	out.printf("%s\non the way: %s\n\n", e.paint.strong.Render(complaint), strings.Join(w.Scope.Devices, ", "))
	for i, s := range w.Steps {
		style := e.paint.faint.Render
		switch s.Verdict {
		case diagnose.Fine:
			style = e.paint.good.Render
		case diagnose.Fault:
			style = e.paint.bad.Render
		case diagnose.Doubt:
			style = e.paint.warn.Render
		}
		out.printf("%2d  %s  %s\n", i+1, s.Question, style(s.Verdict.Word()))
		if len(s.Findings) > 0 {
			out.printf("\n")
			e.printCauses(out, s.Findings)
			out.printf("\n")
		}
	}
	switch {
	case w.First() < 0 && len(w.Elsewhere) == 0:
		out.printf("\n%s: nothing is found wrong on the way, nor elsewhere\n", e.paint.good.Render("healthy"))
	case w.First() < 0:
		out.printf("\nnothing is found wrong on the way\n")
	}
	if n := len(w.Elsewhere); n > 0 {
		out.printf("\n%s elsewhere in the fabric; `closup diagnose` tells\n", count(n, "finding"))
	}
}
