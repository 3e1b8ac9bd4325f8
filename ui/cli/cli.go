// Package cli is closup's command line, one file a command.
//
// Its rules: standard output carries what was asked for and nothing else, so
// that it can be piped; progress, questions and errors go to standard error.
// Nothing asks where nobody can answer. Every exit status is decided in
// exit.go.
package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// streams are what a command talks through.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// env is what every command gets: its streams and the global flags.
type env struct {
	streams
	file    string // -f
	output  output // -o
	noInput bool
	verbose bool
	// readOnly refuses what would write to a device.
	readOnly bool
	cast     string // --record
	// accessible prints line by line: nothing is drawn again, nothing turns.
	accessible bool
	answers    bool                      // standard input has the answers, also where it is no terminal
	tree       func(*env) *cobra.Command // the whole command line, for a command that runs others

	paint   paint
	met     bool       // the host keys that nobody knew were asked about, all together
	asking  sync.Mutex // held while a question waits for its answer
	started bool       // a command runs: what fails from here on is not usage
}

// commands lists every command in the order of the help.
var commands = []func(*env) *cobra.Command{
	demoCommand,
	newCommand,
	presetsCommand,
	importCommand,
	validateCommand,
	planCommand,
	targetsCommand,
	renderCommand,
	labCommand,
	preflightCommand,
	diffCommand,
	pushCommand,
	confirmCommand,
	rollbackCommand,
	historyCommand,
	hostkeyCommand,
	statusCommand,
	diagnoseCommand,
	troubleshootCommand,
	traceCommand,
	reportCommand,
	kubeCommand,
	manCommand,
	versionCommand,
	guardCommand,
}

// Main runs the process's command line and returns its exit status. The first
// interrupt ends the command in order, a second one at once; so does a terminal
// that is closed, unless nohup(1) asked to outlive it.
func Main() int {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
}

func run(ctx context.Context, args []string, s streams) int {
	e := &env{streams: s, paint: paints}
	e.accessible = truthy(os.Getenv("ACCESSIBLE")) || os.Getenv("TERM") == "dumb"
	e.noInput = truthy(os.Getenv("CI"))
	e.tree = rootCommand
	root := rootCommand(e)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	return finish(ctx, e, cmd, err)
}

// output is the value of -o.
type output string

const (
	text     output = "text"
	jsonText output = "json"
)

// String, Set and Type make output a pflag.Value.
func (o *output) String() string { return string(*o) }

// Set takes text or json.
func (o *output) Set(s string) error {
	for _, known := range []output{text, jsonText} {
		if output(s) == known {
			*o = known
			return nil
		}
	}
	return usagef("it is text or json")
}

// Type names the values in the help.
func (o *output) Type() string { return "text|json" }

func (e *env) flags(f *pflag.FlagSet) {
	e.output = text
	f.StringVarP(&e.file, "file", "f", defaultFile, "the fabric")
	f.VarP(&e.output, "output", "o", "what standard output carries")
	f.BoolVar(&e.noInput, "no-input", e.noInput, "never ask (CI=1)")
	f.BoolVar(&e.accessible, "accessible", e.accessible, "print line by line and draw nothing again; the wizard asks its questions one by one (ACCESSIBLE=1)")
	f.BoolVar(&e.readOnly, "read-only", truthy(os.Getenv("CLOSUP_READ_ONLY")), "write to no device (CLOSUP_READ_ONLY=1)")
	f.BoolVarP(&e.verbose, "verbose", "v", false, "show every remote command")
}
