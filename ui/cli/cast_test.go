package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"closup/lab/labtest"
)

// castEvent is one line of a recording.
type castEvent struct {
	at         float64
	kind, text string
}

var castSize = regexp.MustCompile(`^[1-9]\d*x[1-9]\d*$`)

// readCast reads asciicast v2 as its description has it, and takes nothing
// else: a header object with version, width and height, then arrays of time,
// kind and text, one a line, in the order of time.
func readCast(data []byte) (width, height int, events []castEvent, err error) {
	if !utf8.Valid(data) || !bytes.HasSuffix(data, []byte("\n")) {
		return 0, 0, nil, errors.New("not UTF-8, or the last line does not end")
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	var head struct {
		Version       int               `json:"version"`
		Width         int               `json:"width"`
		Height        int               `json:"height"`
		Timestamp     int64             `json:"timestamp"`
		Duration      float64           `json:"duration"`
		IdleTimeLimit float64           `json:"idle_time_limit"`
		Command       string            `json:"command"`
		Title         string            `json:"title"`
		Env           map[string]string `json:"env"`
		Theme         json.RawMessage   `json:"theme"`
	}
	dec := json.NewDecoder(strings.NewReader(lines[0]))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&head); err != nil || dec.More() {
		return 0, 0, nil, fmt.Errorf("header: %w in %s", err, lines[0])
	}
	if head.Version != 2 || head.Width < 1 || head.Height < 1 {
		return 0, 0, nil, fmt.Errorf("header: %s", lines[0])
	}
	last := 0.0
	for i, line := range lines[1:] {
		var row []json.RawMessage
		var e castEvent
		if err := json.Unmarshal([]byte(line), &row); err != nil || len(row) != 3 {
			return 0, 0, nil, fmt.Errorf("line %d: %s", i+2, line)
		}
		for k, to := range []any{&e.at, &e.kind, &e.text} {
			if err := json.Unmarshal(row[k], to); err != nil {
				return 0, 0, nil, fmt.Errorf("line %d: %w", i+2, err)
			}
		}
		switch {
		case e.at < last:
			return 0, 0, nil, fmt.Errorf("line %d: %f is before %f", i+2, e.at, last)
		case e.kind != "o" && e.kind != "r":
			return 0, 0, nil, fmt.Errorf("line %d: kind %q", i+2, e.kind)
		case e.kind == "r" && !castSize.MatchString(e.text):
			return 0, 0, nil, fmt.Errorf("line %d: size %q", i+2, e.text)
		}
		last = e.at
		events = append(events, e)
	}
	return head.Width, head.Height, events, nil
}

// The strict reader refuses what is not asciicast v2.
func TestReadCast(t *testing.T) {
	const head = `{"version": 2, "width": 80, "height": 24}` + "\n"
	for text, ok := range map[string]bool{
		head: true, head + `[0.1, "o", "x"]` + "\n" + `[0.1, "r", "90x20"]` + "\n": true,
		"": false, head[:20]: false, strings.Replace(head, "2", "1", 1): false, strings.Replace(head, "80", "0", 1): false,
		strings.Replace(head, "width", "wide", 1): false, head + `[0.1, "o"]` + "\n": false, head + `[0.1, "o", "x"]`: false,
		head + `[0.2, "o", "x"]` + "\n" + `[0.1, "o", "x"]` + "\n": false, head + `[0.1, "r", "big"]` + "\n": false,
		head + `["0.1", "o", "x"]` + "\n": false, head + `[0.1, "q", "x"]` + "\n": false, head + "[0.1, \"o\", \"\xff\"]\n": false,
	} {
		if _, _, _, err := readCast([]byte(text)); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What is written reaches the terminal as it was, and the recording with every
// character whole, however the writes cut it.
func TestCastWhole(t *testing.T) {
	dir := t.TempDir()
	tty, err := os.Create(filepath.Join(dir, "tty"))
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	path := filepath.Join(dir, "x.cast")
	c, err := record(tty, path, "a \"title\"")
	if err != nil {
		t.Fatal(err)
	}
	tick := c.begun
	c.now = func() time.Time { tick = tick.Add(250 * time.Millisecond); return tick }
	text := "a\x1b[1m⣀√世\U0001F600 <&>\x00\r\n" + strings.Repeat("ü", 50)
	for i := range len(text) {
		if _, err := c.Write([]byte{text[i]}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Write([]byte("\xe2\x82")); err != nil { // never whole
		t.Fatal(err)
	}
	if err := c.end(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w, h, events, err := readCast(data)
	if err != nil || w != 80 || h != 24 {
		t.Fatalf("%d by %d, %v\n%s", w, h, err, data)
	}
	var b strings.Builder
	for _, e := range events {
		b.WriteString(e.text)
	}
	if got := strings.TrimRight(b.String(), "\ufffd"); got != text || got == b.String() {
		t.Errorf("%q, want %q", b.String(), text)
	}
	if seen, err := os.ReadFile(tty.Name()); err != nil || string(seen) != text+"\xe2\x82" {
		t.Errorf("the terminal got %q, %v", seen, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	// A file that is there is kept, and a disk that is full ends the recording
	// and nothing else.
	if _, err := record(tty, path, ""); err == nil {
		t.Error("a file was replaced")
	}
	c, err = record(tty, filepath.Join(dir, "y.cast"), "")
	if err != nil {
		t.Fatal(err)
	}
	c.to.Close()
	for range 2 {
		if n, err := io.WriteString(c, "on"); n != 2 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	if err := c.end(); err == nil || !strings.Contains(err.Error(), "not whole") {
		t.Errorf("%v", err)
	}
}

// TestCastPlays records the wizard in a real terminal and plays it in another
// one: the screens are the same.
func TestCastPlays(t *testing.T) {
	b := newBench(t, "article")
	s := b.newScreen(100, 30, "--record", "wizard.cast", "--theme", "dark")
	s.shows(`go on`, soon)
	s.press("3")
	s.shows(`│ Spines  `, soon)
	s.tmux("resize-window", "-x", "90", "-y", "28")
	s.press("7")
	s.shows(`Nothing stands in the way`, soon)
	want := s.text()
	s.press("q")
	if status := s.ended(soon); status != statusOK {
		t.Fatalf("status %d", status)
	}
	s.shows(`recorded in wizard\.cast`, soon)
	path := filepath.Join(b.dir, "wizard.cast")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w, h, events, err := readCast(data)
	if err != nil || w != 100 || h != 30 {
		t.Fatalf("%d by %d, %v", w, h, err)
	}
	// What was written until the wizard left its own screen, at the last size.
	var shown strings.Builder
	resized := ""
	for _, e := range events {
		if e.kind == "r" {
			resized = e.text
			continue
		}
		before, _, left := strings.Cut(e.text, "\x1b[?1049l")
		shown.WriteString(before)
		if left {
			break
		}
	}
	if resized != "90x28" {
		t.Errorf("resized to %q", resized)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "shown"), []byte(shown.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	player := *b
	player.program = filepath.Join(b.dir, "player")
	if err := os.WriteFile(player.program, []byte("#!/bin/sh\nstty -echo raw\ncat shown\nexec sleep 60\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	p := player.newScreen(90, 28)
	p.shows(`Nothing stands in the way`, soon)
	if got := p.text(); got != want {
		t.Errorf("played back it is\n%s\nand was\n%s", got, want)
	}
	// asciinema's own reader takes it too.
	if _, err := exec.LookPath("asciinema"); err != nil {
		labtest.Skip(t, "asciinema is not installed: apt-get install asciinema")
	}
	player.program = filepath.Join(b.dir, "asciinema")
	if err := os.WriteFile(player.program, []byte("#!/bin/sh\nasciinema cat wizard.cast >cat.out && echo read\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	player.newScreen(80, 24).shows(`^read$`, soon)
	var all strings.Builder
	for _, e := range events {
		if e.kind == "o" {
			all.WriteString(e.text)
		}
	}
	if out, err := os.ReadFile(filepath.Join(b.dir, "cat.out")); err != nil || string(out) != all.String() {
		t.Errorf("asciinema reads %d bytes of %d: %v", len(out), all.Len(), err)
	}
}
