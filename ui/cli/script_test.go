package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"closup/lab/labtest"
	"closup/lab/netns"
)

// TestMain makes this binary closup itself where a script or a lab runs it.
func TestMain(m *testing.M) {
	netns.Init() // before a command's name is looked at
	testscript.Main(attended{tidy{m}}, map[string]func(){"closup": func() { os.Exit(Main()) }})
}

// attended are the tests, which leave nothing behind however they end.
type attended struct{ tidy }

func (a attended) Run() int { return labtest.Main(a.tidy) }

// tidy are the tests, and the end of what they built.
type tidy struct{ *testing.M }

func (t tidy) Run() int {
	defer func() { _ = os.RemoveAll(programDir) }()
	return t.M.Run()
}

// TestScript runs testdata/script/*.txtar: each command, its output, its exit
// status.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"json":  jsonHas,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_STATE_HOME", e.WorkDir+"/state")
			e.Setenv("TZ", "UTC")
			return nil
		},
	})
}

// exits runs a command that must end with the status: exits 2 closup validate.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND [ARGUMENT...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		got = failed.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%s ended with status %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// jsonHas looks into the one JSON document of standard output:
// json devices.0.asn 65501. With one argument it prints what is there; a list
// or an object stands as compact JSON, and LIST.len is a list's length.
func jsonHas(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: json PATH VALUE")
	}
	got, err := dig(ts.ReadFile("stdout"), args[0])
	if err != nil {
		ts.Fatalf("%v", err)
	}
	if (got == args[1]) == neg {
		ts.Fatalf("%s is %s", args[0], got)
	}
}

func dig(text, path string) (string, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var at any
	if err := dec.Decode(&at); err != nil {
		return "", err
	}
	if dec.More() {
		return "", errors.New("more than one document")
	}
	for _, step := range strings.Split(path, ".") {
		switch v := at.(type) {
		case map[string]any:
			next, ok := v[step]
			if !ok {
				return "", fmt.Errorf("%s: no key %s", path, step)
			}
			at = next
		case []any:
			if step == "len" {
				at = json.Number(strconv.Itoa(len(v)))
				continue
			}
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return "", fmt.Errorf("%s: no row %s of %d", path, step, len(v))
			}
			at = v[i]
		default:
			return "", fmt.Errorf("%s: %v has nothing inside", path, v)
		}
	}
	if s, ok := at.(string); ok {
		return s, nil
	}
	out, err := json.Marshal(at)
	return string(out), err
}
