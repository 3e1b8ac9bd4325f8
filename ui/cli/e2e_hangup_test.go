package cli

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestHangup closes the terminal of a demo: it ends in order, and its folder
// goes with it.
func TestHangup(t *testing.T) {
	b := newBench(t, "article")
	scratch := filepath.Join(b.dir, "scratch")
	if err := os.Mkdir(scratch, 0o755); err != nil {
		t.Fatal(err)
	}
	there := func() int {
		all, err := filepath.Glob(filepath.Join(scratch, "closup-demo-*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	demo := *b
	demo.program = filepath.Join(b.dir, "demo")
	if err := os.WriteFile(demo.program, []byte("#!/bin/sh\nTMPDIR="+scratch+" exec "+b.program+" demo\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := demo.newScreen(80, 24)
	s.shows(`go on`, 2*soon)
	if n := there(); n != 1 {
		t.Fatalf("%d folders of a demo that runs", n)
	}
	s.tmux("kill-server")
	for end := time.Now().Add(2 * soon); there() > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("its folder was left behind")
		}
	}
}
