package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"
	"github.com/muesli/cancelreader"

	"closup/provision"
)

// secrets asks on the terminal; with nobody there it only tells of touches.
func (e *env) secrets() *provision.Secrets {
	s := &provision.Secrets{Tell: func(text string) {
		if text == "" {
			return
		}
		e.asking.Lock()
		defer e.asking.Unlock()
		fmt.Fprintln(e.err, "\r"+ansi.EraseLineRight+text)
	}}
	if e.canAsk() {
		s.Ask = e.askSecret
	}
	return s
}

// askSecret asks for a secret. It is not shown while it is typed.
func (e *env) askSecret(ctx context.Context, q provision.Question) (provision.Secret, error) {
	tty, isFile := e.in.(*os.File)
	if q.Echo || !isFile || !term.IsTerminal(tty.Fd()) {
		answer, err := e.put(ctx, q.String()+": ", q.Echo)
		return provision.NewSecret(answer), err
	}
	e.asking.Lock()
	defer e.asking.Unlock()
	fmt.Fprint(e.err, "\r"+ansi.EraseLineRight+q.String()+": ")
	before, err := term.MakeRaw(tty.Fd())
	if err != nil {
		return provision.Secret{}, err
	}
	defer func() {
		_ = term.Restore(tty.Fd(), before)
		fmt.Fprintln(e.err)
	}()
	r, err := cancelreader.NewReader(tty)
	if err != nil {
		return provision.Secret{}, err
	}
	defer func() { _ = r.Close() }()
	stop := context.AfterFunc(ctx, func() { r.Cancel() })
	defer stop()
	line, err := typed(r)
	switch {
	case ctx.Err() != nil:
		return provision.Secret{}, ctx.Err()
	case err == errInterrupt: //nolint:errorlint // typed gives it as it is
		interrupt() // raw, the terminal makes no signal of ctrl+c
		<-ctx.Done()
		return provision.Secret{}, ctx.Err()
	case err != nil, len(line) == 0:
		return provision.Secret{}, provision.ErrNotGiven
	}
	return provision.NewSecret(string(line)), nil
}

var errInterrupt = fmt.Errorf("ctrl+c")

// typed reads one line from a terminal in raw mode, with the keys that a
// terminal itself would understand.
func typed(r io.Reader) ([]byte, error) {
	var line []byte
	for b := make([]byte, 1); ; {
		n, err := r.Read(b)
		if n == 0 {
			if err != nil {
				return nil, err
			}
			continue
		}
		switch b[0] {
		case '\r', '\n':
			return line, nil
		case 0x03: // ctrl+c
			return nil, errInterrupt
		case 0x04: // ctrl+d
			if len(line) == 0 {
				return nil, io.EOF
			}
		case 0x08, 0x7f: // backspace
			_, size := utf8.DecodeLastRune(line)
			line = line[:len(line)-size]
		case 0x15: // ctrl+u
			line = nil
		default:
			line = append(line, b[0])
		}
	}
}

// interrupt does what ctrl+c does.
func interrupt() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Signal(os.Interrupt)
	}
}
