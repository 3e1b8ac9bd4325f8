package work

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"closup/provision/push"
)

func journalled(t *testing.T) (*Project, func(push.Entry) error, string) {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	p, err := New("fabric.yaml", "article")
	if err != nil {
		t.Fatal(err)
	}
	write, err := p.journal(false)
	if err != nil {
		t.Fatal(err)
	}
	path, err := p.journalPath(false)
	if err != nil {
		t.Fatal(err)
	}
	return p, write, path
}

// The journal only grows, is nobody else's to read, and the lab's is another.
func TestJournalGrows(t *testing.T) {
	p, write, path := journalled(t)
	var before []byte
	for _, e := range []push.Entry{
		{Push: "a", Event: "begin", Who: "anna@ops1", What: "push", Names: []string{"leaf1", "leaf2"}},
		{Push: "a", Event: "start", Device: "leaf1"},
		{Push: "a", Event: "result", Device: "leaf1", Result: push.Changed},
	} {
		e.At = time.Now()
		if err := write(e); err != nil {
			t.Fatal(err)
		}
		after, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(after, before) || bytes.Count(after, []byte("\n")) != bytes.Count(before, []byte("\n"))+1 {
			t.Fatalf("%v: %q became %q", err, before, after)
		}
		before = after
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	past, err := p.History(false)
	if err != nil || len(past) != 1 || past[0].Ended || past[0].Who != "anna@ops1" || past[0].What != "push" || len(past[0].Devices) != 2 ||
		past[0].Devices[0].Result != push.Changed || !past[0].Devices[0].Started || past[0].Devices[1].Result != "" || past[0].Devices[1].Started {
		t.Errorf("%+v %v", past, err)
	}
	if inLab, err := p.History(true); err != nil || len(inLab) != 0 {
		t.Errorf("the lab's journal has %+v, %v", inLab, err)
	}
}

// A line that a crash cut off is passed over, and swallows none that follows.
func TestJournalCutOff(t *testing.T) {
	p, write, path := journalled(t)
	if err := write(push.Entry{Push: "a", Event: "begin", Names: []string{"leaf1"}}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) {
		if err := os.WriteFile(path, append(whole[:len(whole):len(whole)], whole[:cut]...), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := write(push.Entry{Push: "b", Event: "begin", Names: []string{"leaf2"}}); err != nil {
			t.Fatal(err)
		}
		past, err := p.History(false)
		if err != nil || len(past) != 2 || past[0].ID != "a" || past[1].ID != "b" {
			t.Fatalf("cut after %d bytes: %+v %v", cut, past, err)
		}
	}
}

// Several at once write whole lines.
func TestJournalOfSeveral(t *testing.T) {
	p, _, path := journalled(t)
	var all sync.WaitGroup
	for range 8 {
		write, err := p.journal(false)
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			for range 20 {
				if err := write(push.Entry{Push: "a", Event: "result", Device: "leaf1", Result: push.Failed, Error: strings.Repeat("x", 300)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range bytes.Lines(data) {
		var e push.Entry
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Errorf("%q: %v", line, err)
		}
		n++
	}
	if n != 160 {
		t.Errorf("%d lines", n)
	}
}

// A thousand devices of one push begin at once: each line is there when its write
// returns, and none twice.
func TestJournalOfMany(t *testing.T) {
	_, write, path := journalled(t)
	var all sync.WaitGroup
	begin := time.Now()
	for i := range 1000 {
		all.Go(func() {
			name := fmt.Sprintf("leaf%04d", i)
			if err := write(push.Entry{Push: "a", Event: "start", Device: name}); err != nil {
				t.Error(err)
			}
			if data, err := os.ReadFile(path); err != nil || bytes.Count(data, []byte(name)) != 1 {
				t.Errorf("%s stands there %d times: %v", name, bytes.Count(data, []byte(name)), err)
			}
		})
	}
	all.Wait()
	t.Logf("1000 lines in %v", time.Since(begin))
	data, err := os.ReadFile(path)
	if err != nil || bytes.Count(data, []byte("\n")) != 1000 {
		t.Errorf("%d lines: %v", bytes.Count(data, []byte("\n")), err)
	}
}

// A rollback is refused where the last push was cut off.
func TestRollbackAfterACutOffPush(t *testing.T) {
	p, write, _ := journalled(t)
	for _, tt := range []struct {
		entry  push.Entry
		refuse bool
	}{
		{push.Entry{Push: "a", Event: "start", Device: "leaf1"}, true},
		{push.Entry{Push: "a", Event: "result", Device: "leaf1", Result: push.Changed}, false},
		{push.Entry{Push: "b", Event: "begin", Names: []string{"leaf1"}}, false},
		{push.Entry{Push: "b", Event: "start", Device: "leaf1"}, true},
		{push.Entry{Push: "c", Event: "start", Device: "leaf1"}, true},
		{push.Entry{Push: "c", Event: "result", Device: "leaf1", Result: push.RolledBack}, false}, // which ended b first
	} {
		if err := write(tt.entry); err != nil {
			t.Fatal(err)
		}
		if err := p.cutOff(PushOptions{}); (err != nil) != tt.refuse {
			t.Errorf("after %+v: %v", tt.entry, err)
		}
		if err := p.cutOff(PushOptions{Only: []string{"leaf2"}}); err != nil {
			t.Errorf("leaf2: %v", err)
		}
	}
}
