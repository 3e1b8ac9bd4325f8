package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/cancelreader"

	"closup/provision"
)

// ask puts a question on standard error and waits for one line of standard
// input, or for ctx to end.
func (e *env) ask(ctx context.Context, question string) (string, error) {
	return e.put(ctx, question, true)
}

// put is ask; seen: an answer that no terminal shows is printed.
func (e *env) put(ctx context.Context, question string, seen bool) (string, error) {
	e.asking.Lock()
	defer e.asking.Unlock()
	if !e.accessible {
		fmt.Fprint(e.err, "\r"+ansi.EraseLineRight)
	}
	fmt.Fprint(e.err, question)
	from := e.in
	if r, err := cancelreader.NewReader(e.in); err == nil { // a file cannot be waited for, and need not be
		defer func() { _ = r.Close() }()
		stop := context.AfterFunc(ctx, func() { r.Cancel() })
		defer stop()
		from = r
	}
	line, err := readLine(from)
	if ctx.Err() != nil {
		fmt.Fprintln(e.err)
		return "", ctx.Err()
	}
	if seen && e.answers && !terminal(e.in) {
		fmt.Fprintln(e.err, line) // as a terminal would show it
	}
	if err != nil && line == "" {
		return "", fmt.Errorf("no answer: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// readLine takes no byte beyond the line: the next question needs those.
func readLine(r io.Reader) (string, error) {
	var line []byte
	for b := make([]byte, 1); ; {
		n, err := r.Read(b)
		if n == 1 && b[0] == '\n' {
			return string(line), nil
		}
		line = append(line, b[:n]...)
		if err != nil {
			return string(line), err
		}
	}
}

// askHostKey asks about the key of a device that is not known yet; nil where
// nobody can answer.
func (e *env) askHostKey() func(context.Context, *provision.HostKeyError) bool {
	if !e.canAsk() {
		return nil
	}
	return func(ctx context.Context, key *provision.HostKeyError) bool {
		if e.met { // it was not taken there
			return false
		}
		answer, err := e.ask(ctx, fmt.Sprintf("%v\nTake it and go on (yes or no)? ", key))
		return err == nil && affirmed(answer)
	}
}
