package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"closup/model"
	"closup/ui"
	"closup/ui/work"
)

// The exit statuses of the contract.
const (
	statusOK          = 0
	statusError       = 1   // it could not be done
	statusUsage       = 2   // wrong usage or an invalid fabric
	statusDiffers     = 3   // it differs (diff), or was applied only in part (push)
	statusUnexpected  = 4   // not as expected (status, preflight, diagnose)
	statusInterrupted = 130 // 128 + SIGINT, as shells have it
)

// exit is an error that knows the status it ends the process with. With an
// empty message the output has said it all.
type exit struct {
	status  int
	message string
}

func (e *exit) Error() string { return e.message }

func usagef(format string, args ...any) error {
	return &exit{statusUsage, fmt.Sprintf(format, args...)}
}

// finish says what went wrong and returns the exit status.
func finish(ctx context.Context, e *env, cmd *cobra.Command, err error) int {
	if err == nil {
		return statusOK
	}
	status := statusOf(ctx, err, e.started)
	if status == statusInterrupted {
		fmt.Fprintln(e.err, "closup: interrupted")
		return status
	}
	if message := describe(err); message != "" {
		fmt.Fprintln(e.err, message)
	}
	if !e.started {
		fmt.Fprintf(e.err, "`%s --help` shows how it is used.\n", cmd.CommandPath())
	}
	return status
}

func statusOf(ctx context.Context, err error, started bool) int {
	var (
		known   *exit
		invalid model.Errors
		broken  *work.RuleErrors
	)
	switch {
	case ctx.Err() != nil, errors.Is(err, ui.ErrInterrupted):
		return statusInterrupted
	case errors.As(err, &known):
		return known.status
	case !started, errors.As(err, &invalid), errors.As(err, &broken):
		return statusUsage
	}
	return statusError
}

// describe is the error as it is printed. Errors of a fabric bring their own
// place (file:line:), all others are introduced by the program's name.
func describe(err error) string {
	var (
		invalid model.Errors
		broken  *work.RuleErrors
	)
	if errors.As(err, &invalid) || errors.As(err, &broken) {
		return err.Error()
	}
	if err.Error() == "" {
		return ""
	}
	return "closup: " + err.Error()
}
