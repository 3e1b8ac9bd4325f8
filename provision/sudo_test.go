package provision_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"closup/provision"
)

// sudoAsks is a sudo that wants a password, and keeps all that it was given for
// one in the file tries.
func sudoAsks(password, tries string) string {
	return `prompt= n=
while :; do case "$1" in -n) n=yes; shift;; -S|-k) shift;; -p) prompt=$2; shift 2;; *) break;; esac; done
[ -z "$n" ] || { echo 'sudo: a password is required' >&2; exit 1; }
for try in 1 2 3; do
	printf 'We trust you have received the usual lecture. %s' "$prompt" >&2
	IFS= read -r got || { echo 'sudo: no password was provided' >&2; exit 1; }
	echo "$got" >>` + tries + `
	[ "$got" != "` + password + `" ] || exec "$@"
	echo 'Sorry, try again.' >&2
done
echo 'sudo: 3 incorrect password attempts' >&2; exit 1`
}

// known is a session that says who is logged in.
type known struct {
	provision.Session
	login provision.Login
}

func (k known) Login() provision.Login { return k.login }

// wrapped is a session around another, as a trace is.
type wrapped struct{ provision.Session }

func (w wrapped) Unwrap() provision.Session { return w.Session }

// answers gives one answer after the other, and keeps the questions.
type answers struct {
	mu   sync.Mutex
	give []string
	got  []provision.Question
}

func (a *answers) ask(_ context.Context, q provision.Question) (provision.Secret, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.got = append(a.got, q)
	if len(a.give) == 0 {
		return provision.Secret{}, provision.ErrNotGiven
	}
	secret := a.give[0]
	a.give = a.give[1:]
	return provision.NewSecret(secret), nil
}

const right, wrong = "correct horse", "battery staple"

func TestSudoPassword(t *testing.T) {
	tests := []struct {
		name   string
		sudo   func(tries string) string
		give   []string // nil: nobody can be asked
		script string
		out    string
		err    error
		says   string
		asked  int
		tries  string // what sudo was given, one a line
	}{
		{name: "right", give: []string{right}, script: "echo x", out: "x\n", asked: 1, tries: right + "\n"},
		{name: "its commands find no input", give: []string{right}, script: "cat; echo end", out: "end\n", asked: 1, tries: right + "\n"},
		{name: "status and reason", give: []string{right}, script: "echo half; echo broken >&2; exit 7", out: "half\n", says: "broken", asked: 1, tries: right + "\n"},
		{name: "wrong, then right", give: []string{wrong, right}, script: "echo x", out: "x\n", asked: 2, tries: wrong + "\n" + right + "\n"},
		{name: "wrong", give: []string{wrong, wrong, wrong, wrong}, script: "echo x", err: provision.ErrWrongSecret, says: "is wrong", asked: 3, tries: strings.Repeat(wrong+"\n", 3)},
		{name: "none given", give: []string{}, script: "echo x", err: provision.ErrSudo, says: "none was given", asked: 1},
		{name: "nobody there", script: "echo x", err: provision.ErrSudo, says: "--no-input"},
		{
			// Between two commands sudoers was changed: what would be the
			// password is read by nobody.
			name: "NOPASSWD after all", give: []string{right}, script: "cat; echo end", out: "end\n",
			sudo: func(string) string {
				return `case "$1" in -n) echo 'sudo: a password is required' >&2; exit 1; esac; while [ "$1" != sh ]; do shift; done; exec "$@"`
			},
			asked: 1,
		},
		{
			name: "not a sudoer", give: []string{right}, script: "echo x", err: provision.ErrSudo, says: "not in sudoers", asked: 1, tries: right + "\n",
			sudo: func(tries string) string {
				return strings.Replace(sudoAsks(right, tries), `exec "$@"`, "{ echo 'anna is not in the sudoers file.' >&2; exit 1; }", 1)
			},
		},
		{
			name: "one try is all", give: []string{wrong, right}, script: "echo x", out: "x\n", asked: 2, tries: wrong + "\n" + right + "\n",
			sudo: func(tries string) string { return strings.Replace(sudoAsks(right, tries), "1 2 3", "1", 1) },
		},
		{
			name: "must be changed", give: []string{right}, script: "echo x", err: provision.ErrSudo, says: "log in with ssh", asked: 1,
			sudo: func(string) string {
				return `case "$1" in -n) echo 'sudo: a password is required' >&2;; *) echo 'sudo: Account or password is expired, reset your password and try again' >&2; esac; exit 1`
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tries := filepath.Join(t.TempDir(), "tries")
			if tt.sudo == nil {
				tt.sudo = func(tries string) string { return sudoAsks(right, tries) }
			}
			a := &answers{give: tt.give}
			secrets := &provision.Secrets{}
			if tt.give != nil {
				secrets.Ask = a.ask
			}
			s := wrapped{known{shell(t, tt.sudo(tries)), provision.Login{Device: "leaf1", User: "anna", Secrets: secrets}}}
			out, err := provision.RunRoot(t.Context(), s, tt.script)
			if string(out) != tt.out {
				t.Errorf("printed %q, want %q", out, tt.out)
			}
			switch {
			case tt.err != nil && !errors.Is(err, tt.err):
				t.Errorf("error %v, want %v", err, tt.err)
			case tt.err == nil && tt.says == "" && err != nil:
				t.Errorf("error %v", err)
			case tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)):
				t.Errorf("error %v does not say %q", err, tt.says)
			}
			for i, q := range a.got {
				if q.Again != (i > 0) || q.Kind != provision.SudoPassword {
					t.Errorf("question %d: %+v", i, q)
				}
			}
			if len(a.got) != tt.asked {
				t.Errorf("asked %d times, want %d", len(a.got), tt.asked)
			}
			if got, _ := os.ReadFile(tries); string(got) != tt.tries {
				t.Errorf("sudo was given %q, want %q", got, tt.tries)
			}
			if err != nil && strings.Contains(fmt.Sprintf("%+v", err), right) {
				t.Errorf("the error holds the password: %+v", err)
			}
		})
	}
}

// TestSudoMended: where no password was given and sudoers was mended instead, the
// next time none is asked for.
func TestSudoMended(t *testing.T) {
	a := &answers{}
	secrets := &provision.Secrets{Ask: a.ask}
	login := provision.Login{Device: "leaf1", User: "anna", Secrets: secrets}
	asks := known{shell(t, sudoAsks(right, filepath.Join(t.TempDir(), "tries"))), login}
	if _, err := provision.RunRoot(t.Context(), asks, "echo x"); !errors.Is(err, provision.ErrNoSecret) {
		t.Fatalf("error %v", err)
	}
	out, err := provision.RunRoot(t.Context(), known{shell(t, sudoWorks), login}, "echo x")
	if err != nil || string(out) != "x\n" || len(a.got) != 1 {
		t.Errorf("%q, %v, asked %d times", out, err, len(a.got))
	}
}

// A program that is held gets what it is asked and nothing else, whether sudo
// wants a password or none.
func TestHoldRoot(t *testing.T) {
	for _, asks := range []bool{false, true} {
		tries := filepath.Join(t.TempDir(), "tries")
		sudo, want := sudoWorks, ""
		if asks {
			sudo, want = sudoAsks(right, tries), right+"\n"+right+"\n"
		}
		a := &answers{give: []string{right}}
		s := known{shell(t, sudo), provision.Login{Device: "leaf1", User: "anna", Secrets: &provision.Secrets{Ask: a.ask}}}
		if _, err := provision.RunRoot(t.Context(), s, "true"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		p, err := provision.HoldRoot(ctx, s, "echo begin $$; exec cat 2>&1")
		if err != nil {
			t.Fatal(err)
		}
		out := bufio.NewReader(p.Stdout)
		if line, err := out.ReadString('\n'); err != nil || !strings.HasPrefix(line, "begin ") {
			t.Errorf("asks %v: it began with %q, %v", asks, line, err)
		}
		for _, text := range []string{"one\n", "two\n"} {
			if _, err := io.WriteString(p.Stdin, text); err != nil {
				t.Fatal(err)
			}
			if line, err := out.ReadString('\n'); err != nil || line != text {
				t.Errorf("asks %v: %q was answered with %q, %v", asks, text, line, err)
			}
		}
		_ = p.Stdin.Close()
		if left, err := io.ReadAll(out); err != nil || len(left) > 0 {
			t.Errorf("asks %v: left was %q, %v", asks, left, err)
		}
		if err := p.Wait(); err != nil {
			t.Errorf("asks %v: %v", asks, err)
		}
		cancel()
		if got, _ := os.ReadFile(tries); string(got) != want || len(a.got) != strings.Count(want, "\n")/2 {
			t.Errorf("asks %v: sudo was given %q after %d questions", asks, got, len(a.got))
		}
	}
}

// A password that is not right any more is said to be wrong, and is no input of
// the program.
func TestHoldRootRefused(t *testing.T) {
	tries := filepath.Join(t.TempDir(), "tries")
	word := filepath.Join(t.TempDir(), "word")
	if err := os.WriteFile(word, []byte(right), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &answers{give: []string{right}}
	s := known{shell(t, sudoAsks("$(cat "+word+")", tries)), provision.Login{Device: "leaf1", User: "anna", Secrets: &provision.Secrets{Ask: a.ask}}}
	if _, err := provision.RunRoot(t.Context(), s, "true"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(word, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := provision.HoldRoot(t.Context(), s, "exec cat"); !errors.Is(err, provision.ErrSudo) {
		t.Errorf("error %v", err)
	}
}

// One answer serves a fleet, and a wrong one fails on one device and not on
// all. A device with a password of its own is asked about by itself, and once.
func TestOneAnswerForAll(t *testing.T) {
	a := &answers{give: []string{wrong, right, "its own"}}
	secrets := &provision.Secrets{Ask: a.ask}
	dir := t.TempDir()
	var sessions []provision.Session
	for i := range 12 {
		password := right
		if i == 11 {
			password = "its own"
		}
		name := fmt.Sprintf("leaf%d", i)
		sessions = append(sessions, known{shell(t, sudoAsks(password, filepath.Join(dir, name))), provision.Login{Device: name, User: "anna", Secrets: secrets}})
	}
	run := func(s provision.Session) {
		if out, err := provision.RunRoot(t.Context(), s, "id >/dev/null; echo x"); err != nil || string(out) != "x\n" {
			t.Errorf("%q, %v", out, err)
		}
	}
	run(sessions[0]) // so that it is known which is the first
	var work sync.WaitGroup
	for range 3 {
		for _, s := range sessions {
			work.Go(func() { run(s) })
		}
	}
	work.Wait()
	if len(a.got) != 3 || !a.got[1].Again || a.got[1].Alone || !a.got[2].Alone || a.got[2].Device != "leaf11" {
		t.Errorf("questions: %v", a.got)
	}
	var given string
	for i := range sessions {
		got, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("leaf%d", i)))
		if err != nil {
			t.Fatal(err)
		}
		given += string(got)
	}
	if n := strings.Count(given, wrong); n != 1 {
		t.Errorf("the wrong password was tried %d times", n)
	}
}

// A password that nobody gives is asked for once, not once a device.
func TestNoAnswerForAll(t *testing.T) {
	a := &answers{}
	secrets := &provision.Secrets{Ask: a.ask}
	for i := range 3 {
		s := known{shell(t, sudoAsks(right, "/dev/null")), provision.Login{Device: fmt.Sprintf("leaf%d", i), User: "anna", Secrets: secrets}}
		if _, err := provision.RunRoot(t.Context(), s, "echo x"); !errors.Is(err, provision.ErrNoSecret) {
			t.Errorf("error %v", err)
		}
	}
	if len(a.got) != 1 {
		t.Errorf("asked %d times", len(a.got))
	}
}

// Who types slowly is no slow device: the clock stands still, for those too
// who wait for the same answer. Without a question it runs.
func TestClockWaitsForAnswers(t *testing.T) {
	const limit = 100 * time.Millisecond
	typing := make(chan struct{})
	secrets := &provision.Secrets{Ask: func(ctx context.Context, _ provision.Question) (provision.Secret, error) {
		<-typing
		return provision.NewSecret(right), ctx.Err()
	}}
	outer, stop := provision.WithTimeout(t.Context(), limit)
	defer stop()
	var work sync.WaitGroup
	for range 2 {
		work.Go(func() {
			ctx, cancel := provision.WithTimeout(outer, limit)
			defer cancel()
			if err := secrets.Use(ctx, provision.Question{User: "anna"}, func(provision.Secret) error { return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	time.Sleep(5 * limit)
	if outer.Err() != nil {
		t.Error("the clock ran while somebody typed")
	}
	close(typing)
	work.Wait()
	<-outer.Done()
	if !errors.Is(context.Cause(outer), context.DeadlineExceeded) {
		t.Errorf("cause %v", context.Cause(outer))
	}
}

// A secret prints as nothing else than what says that it is one.
func TestSecretPrintsRedacted(t *testing.T) {
	s := provision.NewSecret(right)
	held := struct {
		Public  provision.Secret
		private provision.Secret
		list    []provision.Secret
		deep    map[string]*provision.Secret
	}{s, s, []provision.Secret{s}, map[string]*provision.Secret{"a": &s}}
	var printed strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T", "%p"} {
		for _, v := range []any{s, &s, held, &held} {
			fmt.Fprintf(&printed, verb+"\n", v)
		}
	}
	text, err := json.Marshal(held)
	if err != nil || !strings.Contains(string(text), "redacted") {
		t.Errorf("%s, %v", text, err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "held", held, "s", s)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "held", held, "s", s)
	printed.WriteString(string(text) + log.String())
	printed.WriteString(fmt.Sprint(fmt.Errorf("wrapped: %v", s)))
	for _, form := range []string{right, "correct", "horse", fmt.Sprintf("%x", right)} {
		if strings.Contains(printed.String(), form) {
			t.Errorf("%q is in what was printed:\n%s", form, printed.String())
		}
	}
	if s.Reveal() != right || s.Empty() || !(provision.Secret{}).Empty() {
		t.Error("it cannot be had any more")
	}
	// The control: an ordinary text is found by the same look.
	if !strings.Contains(fmt.Sprintf("%+v", struct{ private string }{right}), right) {
		t.Error("the look finds nothing")
	}
}
