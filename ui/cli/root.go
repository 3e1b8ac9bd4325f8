package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"closup/ui"
	"closup/ui/work"
)

const defaultFile = work.DefaultPath

func rootCommand(e *env) *cobra.Command {
	var o ui.Options
	root := &cobra.Command{
		Use:   "closup",
		Short: "Bring a Clos up: define it, push it, watch its sessions",
		Long: `closup brings a Clos up: it defines a BGP-unnumbered fabric of spines, leafs
and Kubernetes nodes, shows every file it generates, pushes them over SSH, and
watches the sessions come up. Without a command it is a wizard.`,
		Args:              cobra.ArbitraryArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			err := cmd.ValidateFlagGroups() // cobra itself would do it after this
			e.started = err == nil
			return err
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknown(cmd, args[0])
			}
			return wizard(e, cmd, o)
		},
	}
	labFlag(root, &o.Lab)
	wizardFlags(e, root, &o)
	root.SuggestionsMinimumDistance = 2
	e.flags(root.PersistentFlags())
	_ = root.RegisterFlagCompletionFunc("output", oneOf(string(text), string(jsonText)))
	root.SetIn(e.in)
	root.SetOut(e.out)
	root.SetErr(e.err)
	for _, command := range commands {
		root.AddCommand(command(e))
	}
	return root
}

// wizard needs a terminal on both ends; without one it says what else there is.
func wizard(e *env, cmd *cobra.Command, o ui.Options) error {
	if e.accessible && !e.noInput {
		return e.linear(cmd.Context(), e.file, o.Lab, nil)
	}
	if e.noInput || !terminal(e.in) || !terminal(e.out) {
		cmd.SetOut(e.err)
		_ = cmd.Help()
		return &exit{status: statusUsage}
	}
	o.Path = e.file
	return guarded(e, e.file, func() error { return e.screens(cmd.Context(), o) })
}

// screens is the wizard, recorded where that was asked for.
func (e *env) screens(ctx context.Context, o ui.Options) error {
	if o.Theme == "" {
		o.Theme = os.Getenv("CLOSUP_THEME")
	}
	if !ui.KnownTheme(o.Theme) {
		return usagef("there is no theme %s; it is %s", o.Theme, strings.Join(ui.Themes, ", "))
	}
	o.ASCII = o.ASCII || truthy(os.Getenv("CLOSUP_ASCII"))
	o.ReadOnly = e.readOnly
	title := "closup " + filepath.Base(o.Path)
	if o.Simulated != nil {
		title = "closup demo"
	}
	return e.recorded(e.cast, title, func(c *cast) error {
		if c != nil {
			o.Output = c
		}
		return ui.Run(ctx, o)
	})
}

// wizardFlags are the flags of the commands that show the wizard.
func wizardFlags(e *env, cmd *cobra.Command, o *ui.Options) {
	cmd.Flags().BoolVar(&o.ASCII, "ascii", false, "draw the wizard with ASCII alone (CLOSUP_ASCII=1)")
	cmd.Flags().StringVar(&o.Theme, "theme", "", "dark, light, high-contrast or auto, which follows the terminal (CLOSUP_THEME)")
	_ = cmd.RegisterFlagCompletionFunc("theme", oneOf(ui.Themes...))
	cmd.Flags().StringVar(&e.cast, "record", "", "record the screen in this file, as asciicast v2")
}

// truthy says whether an environment variable turns something on.
func truthy(v string) bool { return v != "" && v != "0" && v != "false" && v != "no" }

// unknown is the error for a word that is no command of cmd.
func unknown(cmd *cobra.Command, word string) error {
	message := "there is no command " + quote(word)
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		message += "; did you mean " + quote(near[0]) + "?"
	}
	return usagef("%s (%s lists them)", message, quote(cmd.CommandPath()+" --help"))
}

func quote(s string) string { return "`" + s + "`" }
