package ui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"closup/provision"
)

// told is how somebody who asked was answered.
type told struct {
	secret provision.Secret
	err    error
}

// wants asks as a login does, and waits until the question is on the screen.
func (d *driver) wants(ctx context.Context, q provision.Question) <-chan told {
	d.Helper()
	answer := make(chan told, 1)
	go func() {
		s, err := d.app.desk.secrets.Put(ctx, q)
		answer <- told{s, err}
	}()
	d.until("it is asked", func() bool { return d.app.secret.q != nil })
	return answer
}

// asksFor plays a question of a device.
func asksFor(q provision.Question) func(*driver) {
	return func(d *driver) {
		d.press("9")
		d.only(questionMsg{&request{q, make(chan provision.Secret, 1), make(chan struct{})}})
	}
}

var sudoOf = provision.Question{Kind: provision.SudoPassword, Device: "leaf1", User: "cumulus"}

// TestSecret answers a question: what is typed goes to whoever asked, and is
// seen nowhere, not even how long it is.
func TestSecret(t *testing.T) {
	const word = "q1 hunter:2?"
	d := opened(t, 80, 24)
	d.press("9")
	answer := d.wants(t.Context(), sudoOf)
	d.shows("Password of cumulus for sudo at leaf1")
	d.shows("used on all others of cumulus")
	d.press("enter") // an empty one is none
	d.write("x")
	one := d.app.View().Content
	for _, r := range word {
		d.press(string(r))
		if d.app.View().Content != one {
			t.Fatalf("the screen changes with what is typed:\n%s", d.screen())
		}
	}
	d.press("ctrl+u")
	d.write(word + "!")
	d.press("backspace")
	if d.step() != "push" || d.ended {
		t.Error("a key of the answer did something else")
	}
	d.app.crash = &crash{errors.New("none"), nil}
	for what, text := range map[string]string{"the screen": d.app.View().Content, "the crash report": d.app.report(), "the memory": fmt.Sprintf("%+v", d.app.memory()), "the program": fmt.Sprintf("%+v", d.app.desk.secrets)} {
		if strings.Contains(text, "hunter") {
			t.Errorf("%s has it:\n%s", what, text)
		}
	}
	d.app.crash = nil
	d.press("enter")
	if a := <-answer; a.err != nil || a.secret.Reveal() != word {
		t.Errorf("%q, %v", a.secret.Reveal(), a.err)
	}
	if d.app.secret.open() || len(d.app.secret.typed) > 0 || strings.Contains(string(d.app.secret.typed[:cap(d.app.secret.typed)]), "hunter") {
		t.Error("it is kept")
	}
	_ = filepath.WalkDir(os.Getenv("XDG_STATE_HOME"), func(path string, e os.DirEntry, err error) error {
		if data, _ := os.ReadFile(path); err == nil && strings.Contains(string(data), "hunter") {
			t.Errorf("%s has it", path)
		}
		return nil
	})
}

// TestSecretPasted takes what is pasted, without its end of line.
func TestSecretPasted(t *testing.T) {
	d := opened(t, 80, 24)
	answer := d.wants(t.Context(), provision.Question{Kind: provision.Passphrase, File: "/home/anna/.ssh/id"})
	d.shows("Passphrase of /home/anna/.ssh/id")
	d.tell(tea.PasteMsg{Content: "long\tword\r\n"})
	d.press("enter")
	if a := <-answer; a.secret.Reveal() != "longword" {
		t.Errorf("%q, %v", a.secret.Reveal(), a.err)
	}
}

// TestSecretRefused gives none, and nothing else is lost by it; whoever begins
// anew is asked anew.
func TestSecretRefused(t *testing.T) {
	d := opened(t, 80, 24)
	d.press("4", "a")
	d.clear()
	d.write("leaf[3-4]")
	d.until("it was tried", func() bool {
		seen := d.app.screens[3].(*deviceScreen).trial.seen
		return seen != nil && len(seen.Plan.Devices) == 8
	})
	before := d.screen()
	answer := d.wants(t.Context(), sudoOf)
	d.write("more")
	d.shows("enter begins the answer")
	d.press("esc")
	if a := <-answer; !errors.Is(a.err, provision.ErrNotGiven) || !errors.Is(a.err, provision.ErrNoSecret) {
		t.Errorf("%v", a.err)
	}
	if d.screen() != before {
		t.Errorf("the form is not as it was:\n%s", d.screen())
	}
	// Somebody who types sees it come, and no letter of his goes into it.
	answer = d.wants(t.Context(), sudoOf)
	d.write("[5-6]")
	d.press("enter")
	d.write("right")
	d.press("enter")
	if a := <-answer; a.secret.Reveal() != "right" {
		t.Errorf("%q, %v", a.secret.Reveal(), a.err)
	}
	if d.screen() != before {
		t.Errorf("the form is not as it was:\n%s", d.screen())
	}

	uses := 0
	use := func() error {
		done := make(chan error, 1)
		go func() {
			done <- d.app.desk.secrets.Use(t.Context(), sudoOf, func(s provision.Secret) error { uses++; return nil })
		}()
		for {
			select {
			case err := <-done:
				return err
			case msg := <-d.msgs:
				d.tell(msg)
			}
			if d.app.secret.q != nil {
				d.press("esc")
			}
		}
	}
	if err := use(); !errors.Is(err, provision.ErrNotGiven) {
		t.Errorf("%v", err)
	}
	d.app.desk.secrets.Renew()
	done := make(chan error, 1)
	go func() {
		done <- d.app.desk.secrets.Use(t.Context(), sudoOf, func(s provision.Secret) error { uses++; return nil })
	}()
	d.until("it is asked again", func() bool { return d.app.secret.q != nil })
	d.press("enter")
	d.write("right")
	d.press("enter")
	if err := <-done; err != nil || uses != 1 {
		t.Errorf("%v, used %d times", err, uses)
	}
}

// TestSecretWithdrawn takes a question away whose login is over.
func TestSecretWithdrawn(t *testing.T) {
	d := opened(t, 80, 24)
	ctx, stop := context.WithCancel(t.Context())
	answer := d.wants(ctx, sudoOf)
	d.write("half")
	stop()
	d.until("it is gone", func() bool { return d.app.secret.q == nil })
	if a := <-answer; !errors.Is(a.err, context.Canceled) {
		t.Errorf("%v", a.err)
	}
	if d.app.secret.open() || len(d.app.secret.typed) > 0 {
		t.Error("it is still open")
	}
	// ctrl+c gives none, and does what it does.
	answer = d.wants(t.Context(), sudoOf)
	_, cmd := d.app.Update(keyNamed("ctrl+c"))
	if a := <-answer; !errors.Is(a.err, provision.ErrNotGiven) || !quits(cmd) {
		t.Errorf("%v", a.err)
	}
}

// TestTouch tells what is to be touched, until it is.
func TestTouch(t *testing.T) {
	d := opened(t, 80, 24)
	touched := make(chan struct{})
	go func() {
		done, err := d.app.desk.secrets.Touch(t.Context(), "Touch the security key yubi, to log in to leaf1")
		if err == nil {
			<-touched
			done()
		}
	}()
	d.until("it is told", func() bool { return d.app.secret.open() })
	d.shows("Touch the security key yubi, to log in to leaf1, now.")
	d.press("esc")
	d.shows("Touch the security key yubi")
	if d.app.secret.open() {
		t.Error("it is not put aside")
	}
	close(touched)
	d.until("it is over", func() bool { return d.app.secret.touch == "" })
	d.hides("yubi")
}
