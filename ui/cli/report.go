package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"closup/ui/work"
)

func reportCommand(e *env) *cobra.Command {
	var (
		o    work.PushOptions
		out  string
		form string
	)
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write down what was pushed and what is seen",
		Long: `report asks every device for its files, its sessions and routes, and why something
is not as it should be, and writes it down with the pushes so far: to hand over a
fabric that was brought up, or the state of one that is not. It changes nothing.
The ending of --out chooses the format: .md for Markdown, .html for one page that
needs nothing from elsewhere.`,
		Example: "  closup report --out bringup.html\n  closup report --lab",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := e.load()
			if err != nil {
				return err
			}
			form, err := work.ReportFormat(out, form)
			if err != nil {
				return usagef("%v", err)
			}
			o.Ask, o.Verbose = e.askHostKey(), e.verbose
			b, err := p.BringUp(cmd.Context(), o)
			if err != nil {
				return err
			}
			if out != "" {
				if err := b.Write(out, form); err != nil {
					return err
				}
				fmt.Fprintf(e.err, "written to %s: %s\n", out, b.Document().Verdict)
			}
			switch {
			case e.output == jsonText:
				return e.json(b)
			case out != "":
				return nil
			}
			text, err := b.Text(form)
			if err != nil {
				return err
			}
			_, err = io.WriteString(e.out, text)
			return err
		},
	}
	labFlag(cmd, &o.Lab)
	cmd.Flags().StringVar(&out, "out", "", "the file to write: .md or .html")
	cmd.Flags().StringVar(&form, "format", "", "markdown or html, whatever the file is called")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(work.ReportFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}
