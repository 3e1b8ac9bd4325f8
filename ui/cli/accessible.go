package cli

import (
	"context"

	"closup/ui"
	"closup/ui/work"
)

// linear is the wizard as questions, one after the other. All of it goes to
// standard output, the questions too, in the order in which it happens.
func (e *env) linear(ctx context.Context, path string, inLab bool, simulated func(*work.Project) error) error {
	at := &env{streams: streams{e.in, e.out, e.out}, paint: e.paint, accessible: true, answers: true}
	return ui.Linear{
		Path: path, Lab: inLab, Simulated: simulated, Out: e.out, Ask: at.ask,
		Run: func(ctx context.Context, args ...string) error {
			if e.readOnly {
				args = append([]string{"--read-only"}, args...)
			}
			sub := &env{streams: at.streams, paint: e.paint, accessible: true, answers: true}
			root := e.tree(sub)
			root.SetArgs(args)
			cmd, err := root.ExecuteContextC(ctx)
			finish(ctx, sub, cmd, err)
			return err
		},
	}.Wizard(ctx)
}
