package push

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"closup/model"
	"closup/provision"
	"closup/provision/fake"
	"closup/render"
)

// Faults of docs/push.md in which the device, or the way to it, is rude.

// 6: power is lost while the change is made, and while it waits: nothing of the
// push lives on, and the hook at boot puts the old file back.
func TestPowerLost(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"applying", "active"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			b := s.box("leaf1")
			standing(b, "old\n")
			b.tool("unshare", "exit 1") // so that the new file is on the disk then
			w := b.watch(6, b.target("new\n"))
			unit := b.unit()
			if when == "applying" {
				unit.Apply = b.hang("run/applying")
			}
			o := Options{Units: []render.Unit{unit}, ID: NewID(), Confirm: time.Minute, Undo: 30 * time.Second}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan log, 1)
			go func() { done <- s.push(ctx, o, b.target("new\n")) }()
			if when == "applying" {
				await(t, "it applies", func() bool { return exists(b.path("run/applying")) })
			} else {
				await(t, "it is active", func() bool { return b.read("closup/push/"+o.ID+"/state") == "active\n" })
			}
			s.Set("leaf1", func(fake.Command) int { return -1 })
			// All at once, so that nobody mourns; the pattern does not match itself.
			out, err := exec.Command("sh", "-c", "all=$(pgrep -f '["+o.ID[:1]+"]"+o.ID[1:]+"'); kill -STOP $all; kill -KILL $all").CombinedOutput()
			t.Logf("%v %s", err, out)
			if b.read("etc/app.conf") != "new\n" {
				t.Error("the new file was not on the disk, so there is nothing to undo")
			}
			boot := exec.Command("sh", "closup/push/"+o.ID+"/job", "boot")
			boot.Dir = b.dir
			if out, err := boot.CombinedOutput(); err != nil {
				t.Errorf("%v %s", err, out)
			}
			must(t, exec.Command("cp", b.path("etc/app.conf"), b.path("run/app")).Run()) // as what starts then reads it
			w.ended(RolledBack)
			s.Set("leaf1", b.shell())
			if r := (<-done).reports["leaf1"]; r.Result != RolledBack || !strings.Contains(r.Error, map[string]string{"applying": "it was switched off while the change was applying", "active": "the old files are back"}[when]) {
				t.Errorf("%q %s", r.Result, r.Error)
			}
		})
	}
}

// 21: a device that takes a command and does not answer, at each one before it
// is changed, fails, touches nobody else's push, and leaves no connection behind.
func TestFrozenDevice(t *testing.T) {
	t.Parallel()
	for n := int32(1); n <= 3; n++ {
		t.Run(fmt.Sprint("at command ", n), func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			b, frozen := s.box("leaf1"), s.box("leaf2")
			standing(b, "old\n")
			standing(frozen, "old\n")
			w, f := b.watch(21, b.target("new\n")), frozen.watch(21, frozen.target("new\n"))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var count atomic.Int32
			inner := frozen.shell()
			s.Set("leaf2", func(c fake.Command) int {
				if count.Add(1) != n {
					return inner(c)
				}
				cancel() // the operator has seen enough
				return fake.Hangs(c)
			})
			l := s.push(ctx, Options{Units: []render.Unit{b.unit(), frozen.unit()}}, b.target("new\n"), frozen.target("new\n"))
			for _, r := range l.reports {
				if r.Result != Skipped {
					t.Errorf("%s is %q: %s", r.Name, r.Result, r.Error)
				}
			}
			w.ended(Skipped)
			f.ended(Skipped)
		})
	}
}

// dropping is a way to a device on which some connections are dropped before
// they are there, as sshd does above MaxStartups.
type dropping struct {
	provision.Transport
	dials      atomic.Int32
	from, till int32
}

func (d *dropping) Dial(ctx context.Context, e model.Endpoint) (provision.Session, error) {
	if n := d.dials.Add(1); n >= d.from && n <= d.till {
		return nil, &provision.DeviceError{Device: e.Device, Kind: provision.ErrUnreachable, Detail: "the connection was dropped at once"}
	}
	return d.Transport.Dial(ctx, e)
}

// 22: connections are dropped. Before the device is touched it fails and is as it
// was; afterwards it is asked until it answers, for as long as it waits.
func TestDropped(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		from, till int32
		want       Result
	}{"the first": {1, 1, Failed}, "those that verify": {2, 4, Changed}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.at.settle = 100 * time.Millisecond // far less than that takes
			b := s.box("leaf1")
			standing(b, "old\n")
			w := b.watch(22, b.target("new\n"))
			var got DeviceReport
			for e := range run(t.Context(), &dropping{Transport: s, from: tt.from, till: tt.till}, []Target{b.target("new\n")}, Options{Units: []render.Unit{b.unit()}}, s.at) {
				if e.Kind == Done {
					got = *e.Report
				}
			}
			if got.Result != tt.want {
				t.Errorf("%q %s", got.Result, got.Error)
			}
			w.ended(got.Result)
		})
	}
}

// loggedIn is a way to devices whose sessions know who is logged in.
type loggedIn struct {
	provision.Transport
	secrets *provision.Secrets
}

type login struct {
	provision.Session
	who provision.Login
}

func (l login) Login() provision.Login { return l.who }

func (l loggedIn) Dial(ctx context.Context, e model.Endpoint) (provision.Session, error) {
	s, err := l.Transport.Dial(ctx, e)
	if err != nil {
		return nil, err
	}
	return login{s, provision.Login{Device: e.Device, Where: e.Host, User: "cumulus", Secrets: l.secrets}}, nil
}

// 24: sudo with the right password, a wrong one, none, and one that it does not
// ask for. Where root is not to be had nothing is touched; nowhere is the
// password left behind.
func TestSudo(t *testing.T) {
	t.Parallel()
	const right = "s3same-0pen"
	asks := `n=
while :; do case "$1" in -n) n=yes; shift;; -S|-k) shift;; -p) prompt=$2; shift 2;; *) break;; esac; done
[ -z "$n" ] || { echo 'sudo: a password is required' >&2; exit 1; }
printf '%s' "$prompt" >&2
IFS= read -r got; [ "$got" = ` + right + ` ] && exec "$@"
printf 'Sorry, try again.\n%s' "$prompt" >&2; IFS= read -r got; exit 1`
	for name, tt := range map[string]struct {
		sudo, gives string
		want        Result
	}{
		"right":     {asks, right, Changed},
		"wrong":     {asks, "guess", Failed},
		"none":      {asks, "", Failed},
		"not asked": {`while [ "$1" != sh ]; do shift; done; exec "$@"`, right, Changed},
		"not let":   {"echo 'cumulus is not in the sudoers file.' >&2; exit 1", right, Failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			b := s.box("leaf1")
			standing(b, "old\n")
			b.tool("id", "echo 1000")
			b.tool("sudo", tt.sudo)
			w := b.watch(24, b.target("new\n"))
			given := false
			secrets := &provision.Secrets{Ask: func(context.Context, provision.Question) (provision.Secret, error) {
				if tt.gives == "" || given && tt.gives != right {
					return provision.Secret{}, provision.ErrNoSecret
				}
				given = true
				return provision.NewSecret(tt.gives), nil
			}}
			var got DeviceReport
			for e := range run(t.Context(), loggedIn{s, secrets}, []Target{b.target("new\n")}, Options{Units: []render.Unit{b.unit()}, Verbose: true}, s.at) {
				if e.Kind == Done {
					got = *e.Report
				}
				if text := e.Text + got.Error; tt.gives != "" && strings.Contains(text, tt.gives) {
					t.Errorf("the password is in %q", text)
				}
			}
			if got.Result != tt.want || tt.want == Failed && !errors.Is(got.Err, provision.ErrSudo) {
				t.Errorf("%q %s", got.Result, got.Error)
			}
			w.ended(got.Result)
			if out, err := exec.Command("grep", "-rl", right, b.dir).Output(); err == nil {
				t.Errorf("the password is in %s", out)
			}
		})
	}
}

// 25: names and texts that would be commands, were they read by a shell, and a
// device that answers with control characters. Its files are what was asked, or
// what they were, and nothing else was made.
func TestHostile(t *testing.T) {
	t.Parallel()
	const evil = "$(touch PWNED)`touch PWNED`;touch PWNED\n" + `'"\%s END_OF_FILE` + "\nEND_OF_FILE\ntouch PWNED\n\x00\xff"
	for want, body := range map[Result]string{Changed: evil, Failed: "BAD " + evil, RolledBack: "DEAF " + evil} {
		t.Run(string(want), func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.at.settle = 300 * time.Millisecond
			b := s.box("leaf1")
			unit := b.unit()
			const name = "etc/it's; touch PWNED; $(touch PWNED) app.conf"
			unit.Name = "app; touch PWNED"
			for _, text := range []*string{&unit.Apply} {
				*text = strings.ReplaceAll(*text, provision.Quote(b.path("etc/app.conf")), provision.Quote(b.path(name)))
			}
			unit.Check = "printf '\\033]52;c;aGk=\\007\\r' >&2; " + unit.Check
			b.write(name, "old\n")
			b.write("run/app", "old\n")
			target := b.target(body)
			target.Artifacts[0].Path, target.Artifacts[0].Unit = b.path(name), unit.Name
			w := b.watch(25, target)
			o := Options{Units: []render.Unit{unit}, Who: "eve\n\x1b[2J$(touch PWNED)'"}
			var got DeviceReport
			for e := range run(t.Context(), s, []Target{target}, o, s.at) {
				if e.Kind == Done {
					got = *e.Report
				}
			}
			if got.Result != want || strings.ContainsAny(got.Error, "\x1b\a\r") {
				t.Errorf("%q %q", got.Result, got.Error)
			}
			w.ended(got.Result)
			if out, _ := exec.Command("find", b.dir, b.bin, "-name", "PWNED").Output(); len(out) > 0 {
				t.Errorf("it was run: %s", out)
			}
			if _, err := os.Stat("PWNED"); err == nil {
				t.Error("it was run here")
			}
		})
	}
}
