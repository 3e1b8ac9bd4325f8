package provision_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"closup/model"
	"closup/provision"
	"closup/provision/fake"
)

// shell is a session on this machine's own sh, with a sudo that does what the
// script says.
func shell(t *testing.T, sudo string) provision.Session {
	t.Helper()
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "sudo"), []byte("#!/bin/sh\n"+sudo+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	// Also where the tests run as root, the script takes the way through sudo.
	if err := os.WriteFile(filepath.Join(bin, "id"), []byte("#!/bin/sh\necho 1000\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	var tr fake.Transport
	tr.Set("leaf1", fake.Shell(t.TempDir(), bin))
	s, err := tr.Dial(t.Context(), model.Endpoint{Device: "leaf1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

const sudoWorks = `test "$1" = -n && shift; exec "$@"`

func TestRunRoot(t *testing.T) {
	tests := []struct {
		name, sudo, script string
		out                string
		err                error
		status             int
		contains           string
	}{
		{name: "output", sudo: sudoWorks, script: "printf 'a\\nb'", out: "a\nb"},
		{name: "ends in line breaks", sudo: sudoWorks, script: "printf 'a\\n\\n'", out: "a\n\n"},
		{name: "chatty login", sudo: "echo Welcome; " + sudoWorks, script: "echo x", out: "x\n"},
		{name: "status and reason", sudo: sudoWorks, script: "echo half; echo broken >&2; exit 7", out: "half\n", status: 7, contains: "broken"},
		{name: "nothing on stdin", sudo: sudoWorks, script: "cat; echo end", out: "end\n"},
		{name: "here document", sudo: sudoWorks, script: "cat <<'X'\n$HOME `id`\nX", out: "$HOME `id`\n"},
		{name: "password", sudo: "echo 'sudo: a password is required' >&2; exit 1", script: "echo x", err: provision.ErrSudo, contains: "NOPASSWD"},
		{name: "no sudoer", sudo: "echo 'x is not in the sudoers file.' >&2; exit 1", script: "echo x", err: provision.ErrSudo, contains: "sudoers"},
		{name: "syntax error", sudo: sudoWorks, script: "if", err: provision.ErrSudo},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := provision.RunRoot(t.Context(), shell(t, tt.sudo), tt.script)
			if string(out) != tt.out {
				t.Errorf("printed %q, want %q", out, tt.out)
			}
			var exit *provision.ExitError
			switch {
			case tt.err != nil && !errors.Is(err, tt.err):
				t.Errorf("error %v, want %v", err, tt.err)
			case tt.status != 0 && (!errors.As(err, &exit) || exit.Status != tt.status):
				t.Errorf("error %v, want status %d", err, tt.status)
			case tt.err == nil && tt.status == 0 && err != nil:
				t.Errorf("error %v", err)
			case tt.contains != "" && !strings.Contains(err.Error(), tt.contains):
				t.Errorf("error %q does not say %q", err, tt.contains)
			}
		})
	}
}

// A script that arrives cut off at any byte runs nothing of itself.
func TestRunRootCutOff(t *testing.T) {
	var sent string
	var tr fake.Transport
	tr.Set("leaf1", func(c fake.Command) int {
		b := new(strings.Builder)
		buf := make([]byte, 4096)
		for {
			n, err := c.Stdin.Read(buf)
			b.Write(buf[:n])
			if err != nil {
				break
			}
		}
		sent = b.String()
		return 0
	})
	s, err := tr.Dial(t.Context(), model.Endpoint{Device: "leaf1"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	witness := filepath.Join(dir, "ran")
	_, _ = provision.RunRoot(t.Context(), s, "touch "+witness+"\ntouch "+witness)

	tr.Set("leaf1", fake.Shell(dir, dir))
	main := strings.Index(sent, "(closup_main)")
	for n := 0; n <= main; n += 3 {
		_, _ = provision.Run(t.Context(), s, "sh -s", strings.NewReader(sent[:n]))
		if _, err := os.Stat(witness); err == nil {
			t.Fatalf("the first %d bytes ran something:\n%s", n, sent[:n])
		}
	}
	_, _ = provision.Run(t.Context(), s, "sh -s", strings.NewReader(sent))
	if _, err := os.Stat(witness); err != nil {
		t.Error("the whole script did not run either")
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	var tr fake.Transport
	tr.Set("leaf1", fake.Hangs)
	s, err := tr.Dial(t.Context(), model.Endpoint{Device: "leaf1"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := provision.Run(ctx, s, "sleep 1000", nil)
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
}

func TestQuote(t *testing.T) {
	s := shell(t, sudoWorks)
	for _, word := range []string{"", "a b", "it's", "$(touch x)", "`x`", "-n", "a\nb", "\\", "%s", "''"} {
		out, err := provision.Run(t.Context(), s, "printf %s "+provision.Quote(word), nil)
		if err != nil || string(out) != word {
			t.Errorf("%q came out as %q (%v)", word, out, err)
		}
	}
}

func TestPlain(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"text", "Debian GNU/Linux 12\n\tleaf1", "Debian GNU/Linux 12\n\tleaf1"},
		{"accents", "Grüße", "Grüße"},
		{"colour", "\x1b[31mred\x1b[0m", "red"},
		{"clipboard (OSC 52)", "a\x1b]52;c;ZXZpbA==\ab", "ab"},
		{"clipboard, ended by ST", "a\x1b]52;c;ZXZpbA==\x1b\\b", "ab"},
		{"never ended", "a\x1b]0;title", "a"},
		{"C1 control sequence", "a\u009b31mb", "ab"},
		{"C1 command string", "a\u009d52;c;x\u009cb", "ab"},
		{"charset", "\x1b(0lqk\x1b(B", "lqk"},
		{"bell, backspace, carriage return", "a\a\b\rb", "ab"},
		{"right to left", "a\u202eb", "ab"},
		{"not UTF-8", "a\xffb", "ab"},
		{"lone escape", "a\x1b", "a"},
		{"escape in a sequence", "\x1b[3\x1b[31mx", "x"},
	}
	for _, tt := range tests {
		if got := provision.Plain(tt.in); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("\x1b]52;c;x\a\x1b[1m")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range provision.Plain(s) {
			if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r <= 0x9f {
				t.Fatalf("%q keeps %q", s, r)
			}
		}
	})
}

// A command that floods its standard error is heard out, and its words cut.
func TestRunIsBounded(t *testing.T) {
	_, err := provision.Run(t.Context(), shell(t, sudoWorks), "head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 3", nil)
	var exit *provision.ExitError
	if !errors.As(err, &exit) || exit.Status != 3 || len(exit.Stderr) != 256<<10 {
		t.Errorf("%d bytes of standard error, %.100v", len(exit.Stderr), err)
	}
}
