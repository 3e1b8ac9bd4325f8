package cli

import (
	"io"
	"os"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/term"
)

// terminal says whether v is one.
func terminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(f.Fd())
}

// width is that of the terminal w, 0 where w is a pipe or a file: there nothing
// is cut.
func width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(f.Fd()) {
		return 0
	}
	columns, _, err := term.GetSize(f.Fd())
	if err != nil || columns <= 0 {
		return 80
	}
	return columns
}

// canAsk says whether somebody is there to answer.
func (e *env) canAsk() bool {
	return !e.noInput && (e.answers || terminal(e.in) && terminal(e.err))
}

// coloured is w with colours where it is a terminal that has them and NO_COLOR
// is not set.
func coloured(w io.Writer) io.Writer {
	return colorprofile.NewWriter(w, os.Environ())
}
