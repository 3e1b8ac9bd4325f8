package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/x/term"
)

// cast is a terminal that is recorded: what the wizard writes to it stands with
// its time in a file of asciicast v2 (docs.asciinema.org), which players show
// as it was. Keys are not recorded, so nothing that was typed unseen is in it.
// Every event is a line of its own, on disk at once: a recording that was cut
// off plays to where it was cut.
type cast struct {
	*os.File // the terminal
	to       *os.File
	now      func() time.Time
	begun    time.Time
	w, h     int
	rest     []byte // the beginning of a character that is not whole yet
	err      error  // the recording ended with it; the wizard goes on
}

// record begins a recording of a terminal in a file that must not be there yet.
func record(tty *os.File, path, title string) (*cast, error) {
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, usagef("%s is there already; record into another file", path)
	}
	if err != nil {
		return nil, fmt.Errorf("the recording: %w", err)
	}
	c := &cast{File: tty, to: to, now: time.Now, begun: time.Now()}
	if c.w, c.h, err = term.GetSize(tty.Fd()); err != nil || c.w < 1 || c.h < 1 {
		c.w, c.h = 80, 24
	}
	c.line(map[string]any{
		"version": 2, "width": c.w, "height": c.h, "timestamp": c.begun.Unix(), "title": title,
		"idle_time_limit": 3, "env": map[string]string{"TERM": os.Getenv("TERM"), "SHELL": os.Getenv("SHELL")},
	})
	return c, c.err
}

// Write implements io.Writer.
func (c *cast) Write(p []byte) (int, error) {
	n, err := c.File.Write(p)
	c.resized()
	c.output(p[:n])
	return n, err
}

// resized notes that the terminal has another size.
func (c *cast) resized() {
	w, h, err := term.GetSize(c.Fd())
	if err != nil || w < 1 || h < 1 || w == c.w && h == c.h {
		return
	}
	c.w, c.h = w, h
	c.event("r", fmt.Sprintf("%dx%d", w, h))
}

// output notes what was written; a character that is cut waits for its end.
func (c *cast) output(p []byte) {
	all := append(c.rest, p...)
	end := len(all)
	for i := max(0, end-utf8.UTFMax+1); i < end; i++ {
		if utf8.RuneStart(all[i]) && !utf8.FullRune(all[i:]) {
			end = i
			break
		}
	}
	c.rest = bytes.Clone(all[end:])
	if end > 0 {
		c.event("o", string(all[:end]))
	}
}

func (c *cast) event(kind, text string) {
	seconds := float64(c.now().Sub(c.begun).Microseconds()) / 1e6
	c.line([]any{json.Number(fmt.Sprintf("%.6f", max(0, seconds))), kind, text})
}

// line writes one line of the file. After the first one that fails there is no
// other.
func (c *cast) line(v any) {
	if c.err != nil {
		return
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if c.err = enc.Encode(v); c.err == nil {
		_, c.err = c.to.Write(b.Bytes())
	}
}

// end closes the recording, and says what went wrong with it.
func (c *cast) end() error {
	if len(c.rest) > 0 {
		c.event("o", string(c.rest))
	}
	if err := errors.Join(c.err, c.to.Close()); err != nil {
		return fmt.Errorf("the recording %s is not whole: %w", c.to.Name(), err)
	}
	return nil
}

// recorded runs a wizard on the terminal, recorded where a file is named.
func (e *env) recorded(path, title string, wizard func(*cast) error) error {
	tty, isFile := e.out.(*os.File)
	if path == "" || !isFile {
		return wizard(nil)
	}
	c, err := record(tty, path, title)
	if err != nil {
		return err
	}
	err = wizard(c)
	if failed := c.end(); failed != nil {
		return errors.Join(err, failed)
	}
	fmt.Fprintf(e.err, "recorded in %s; `asciinema play %s` shows it\n", path, path)
	return err
}
