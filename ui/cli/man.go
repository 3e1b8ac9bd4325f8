package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func manCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "man",
		Short:   "Print the manual page",
		Example: "  closup man | man -l -",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(e.out, manual(cmd.Root()))
			return err
		},
	}
}

// statuses is what each exit status means.
var statuses = []struct {
	status int
	means  string
}{
	{statusOK, "as asked"},
	{statusError, "it could not be done"},
	{statusUsage, "wrong usage, or an invalid fabric"},
	{statusDiffers, "it differs (diff), or was applied only in part (push)"},
	{statusUnexpected, "not as expected (status)"},
	{statusInterrupted, "interrupted"},
}

// manual is the command tree as a manual page (man(7)).
func manual(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString(".TH CLOSUP 1\n.SH NAME\nclosup \\- " + roff(root.Short) + "\n")
	b.WriteString(".SH SYNOPSIS\n.B closup\n[COMMAND] [FLAGS]\n.SH DESCRIPTION\n" + roff(root.Long) + "\n")
	b.WriteString(".SH FLAGS OF EVERY COMMAND\n")
	flags(&b, root.PersistentFlags())
	b.WriteString(".SH COMMANDS\n")
	commandPages(&b, root)
	b.WriteString(".SH EXIT STATUS\n")
	for _, s := range statuses {
		fmt.Fprintf(&b, ".TP\n.B %d\n%s\n", s.status, roff(s.means))
	}
	return b.String()
}

func commandPages(b *strings.Builder, parent *cobra.Command) {
	for _, cmd := range parent.Commands() {
		switch {
		case !cmd.IsAvailableCommand() || cmd.Name() == "help":
			continue
		case cmd.Name() == "completion": // cobra's own, a page for each shell
			fmt.Fprintf(b, ".SS %s SHELL\n%s.\n", roff(cmd.CommandPath()), roff(cmd.Short))
			continue
		}
		if cmd.Runnable() && !cmd.HasSubCommands() {
			fmt.Fprintf(b, ".SS %s\n%s.\n", roff(strings.TrimSuffix(cmd.UseLine(), " [flags]")), roff(cmd.Short))
			if cmd.Long != "" {
				b.WriteString(".PP\n" + roff(cmd.Long) + "\n")
			}
			flags(b, cmd.LocalNonPersistentFlags())
			if cmd.Example != "" {
				b.WriteString(".PP\n.nf\n" + roff(cmd.Example) + "\n.fi\n")
			}
		}
		commandPages(b, cmd)
	}
}

func flags(b *strings.Builder, set *pflag.FlagSet) {
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		kind, usage := pflag.UnquoteUsage(f)
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(strings.TrimSpace(name+" "+kind)), roff(usage))
	})
}

// roff is text with what means something to roff escaped: backslashes, hyphens
// (which would be typeset), and lines that begin like a request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
