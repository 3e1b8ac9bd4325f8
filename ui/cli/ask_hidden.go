package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"unicode/utf8"

	"github.com/charmbracelet/x/term"
	"github.com/muesli/cancelreader"

	"closup/provision"
	"closup/ui"
)

var errNoTerminal = errors.New("a password is typed on a terminal only")

// askHidden puts a question and reads a line that is not shown while it is
// typed.
func (e *env) askHidden(ctx context.Context, question string) (provision.Secret, error) {
	e.asking.Lock()
	defer e.asking.Unlock()
	in, ok := e.in.(*os.File)
	if !ok || !term.IsTerminal(in.Fd()) {
		return provision.Secret{}, errNoTerminal
	}
	fmt.Fprint(e.err, question)
	before, err := term.MakeRaw(in.Fd())
	if err != nil {
		return provision.Secret{}, err
	}
	defer func() {
		_ = term.Restore(in.Fd(), before)
		fmt.Fprintln(e.err)
	}()
	r, err := cancelreader.NewReader(in)
	if err != nil {
		return provision.Secret{}, err
	}
	defer func() { _ = r.Close() }()
	stop := context.AfterFunc(ctx, func() { r.Cancel() })
	defer stop()
	var line []byte
	for b := make([]byte, 1); ; {
		if _, err := r.Read(b); err != nil {
			return provision.Secret{}, errors.Join(ctx.Err(), err)
		}
		switch b[0] {
		case '\r', '\n':
			return provision.NewSecret(string(line)), nil
		case 3: // ctrl+c, which a raw terminal passes on
			return provision.Secret{}, ui.ErrInterrupted
		case 4: // ctrl+d
			return provision.Secret{}, errDeclined
		case 21: // ctrl+u
			line = nil
		case 8, 127:
			_, n := utf8.DecodeLastRune(line)
			line = line[:len(line)-n]
		default:
			line = append(line, b[0])
		}
	}
}
