package push

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"closup/provision"
	"closup/provision/fake"
	"closup/render"
)

func TestCutConnection(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 12; n++ {
		t.Run(fmt.Sprint("at command ", n), func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			b := s.box("leaf1")
			standing(b, "old\n")
			c := &cutting{n: n, inner: b.shell()}
			s.Set("leaf1", c.run)
			w := b.watch(2, b.target("new\n"))
			l := s.push(t.Context(), Options{Units: []render.Unit{b.unit()}, Undo: 30 * time.Second}, b.target("new\n"))
			r := l.reports["leaf1"]
			want := map[Result]string{Changed: "new\n", Failed: "old\n", RolledBack: "old\n"}[r.Result]
			if want == "" || b.read("etc/app.conf") != want || b.read("run/app") != want {
				t.Errorf("%q (%s), but the file is %q and %q runs", r.Result, r.Error, b.read("etc/app.conf"), b.read("run/app"))
			}
			if n > 4 && r.Result != Changed {
				t.Errorf("from the install on the push should go on: %q %s", r.Result, r.Error)
			}
			w.ended(r.Result)
		})
	}
}

// 3: a configuration that cuts the device off; 23: one whose host key is another
// when it is asked again. The device takes it back by itself.
func TestLockedOut(t *testing.T) {
	t.Parallel()
	for row, refusal := range map[int]error{
		3:  &provision.DeviceError{Device: "leaf1", Kind: provision.ErrUnreachable},
		23: &provision.HostKeyError{Host: "leaf1", Known: "SHA256:a", SHA256: "SHA256:b", Changed: true},
	} {
		t.Run(fmt.Sprint("fault ", row), func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			b := s.box("leaf1")
			standing(b, "old\n")
			w := b.watch(row, b.target("new\n"))
			done := make(chan log)
			s.at.settle = 100 * time.Millisecond
			go func() {
				done <- s.push(context.Background(), Options{Units: []render.Unit{b.unit()}, Undo: time.Second}, b.target("new\n"))
			}()
			await(t, "the new file is live", func() bool {
				if b.read("run/app") != "new\n" {
					return false
				}
				s.Refuse("leaf1", refusal)
				s.Set("leaf1", func(fake.Command) int { return -1 })
				return true
			})
			await(t, "the device took the old file back", func() bool { return b.read("run/app") == "old\n" })
			var l log
			if row == 23 { // nobody tries that again: it has met the wrong key before the right one is back
				l = <-done
			}
			s.Set("leaf1", b.shell())
			s.Refuse("leaf1", nil)
			if row != 23 {
				l = <-done
			}
			r, told := l.reports["leaf1"], 0
			for _, e := range l.events {
				if e.Kind == Retried {
					told++
					if e.Retries != told || e.Text == "" {
						t.Errorf("%+v is the %dth", e, told)
					}
				}
			}
			if row == 3 && told == 0 || r.Retries != told {
				t.Errorf("%d connections were made once more, and %d told", r.Retries, told)
			}
			if want := map[int]Result{3: RolledBack, 23: Failed}[row]; r.Result != want {
				t.Errorf("%q (%s), the file is %q", r.Result, r.Error, b.read("etc/app.conf"))
			}
			await(t, "the push ended there", func() bool { return len(b.portrait()) == len(w.old) })
			w.ended(r.Result)
		})
	}
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not happen that %s", what)
		}
	}
}

func TestSecondPushIsKeptOut(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.box("leaf1")
	standing(b, "old\n")
	must(t, os.MkdirAll(b.path("closup"), 0o700))
	hold := exec.Command("flock", b.path("closup/lock"), "cat")
	in, err := hold.StdinPipe()
	must(t, err)
	must(t, hold.Start())
	await(t, "the lock is taken", func() bool {
		return exec.Command("flock", "-n", b.path("closup/lock"), "true").Run() != nil
	})
	w := b.watch(7, b.target("new\n"))
	l := s.push(t.Context(), Options{Units: []render.Unit{b.unit()}}, b.target("new\n"))
	if r := l.reports["leaf1"]; r.Result != Failed || !strings.Contains(r.Error, "another push") {
		t.Errorf("%q %q", r.Result, r.Error)
	}
	w.ended(Failed)
	// Another operator's push says whose it is.
	must(t, os.MkdirAll(b.path("closup/push/20200101T000000-X"), 0o700))
	b.write("closup/push/20200101T000000-X/state", "applying\n")
	b.write("closup/push/20200101T000000-X/owner", "")
	b.write("closup/holder", "20200101T000000-X\n")
	b.write("closup/owner", "anna@ops1 since noon\n")
	alive := exec.Command("flock", b.path("closup/push/20200101T000000-X/alive"), "cat")
	in2, err := alive.StdinPipe()
	must(t, err)
	must(t, alive.Start())
	l = s.push(t.Context(), Options{Units: []render.Unit{b.unit()}}, b.target("new\n"))
	if r := l.reports["leaf1"]; r.Result != Failed || !strings.Contains(r.Error, "by anna@ops1 since noon") {
		t.Errorf("%q %q", r.Result, r.Error)
	}
	must(t, os.RemoveAll(b.path("closup/push/20200101T000000-X")))
	w.ended(Failed)
	must(t, in2.Close())
	must(t, alive.Wait())
	must(t, in.Close())
	must(t, hold.Wait())
}

func TestJobDies(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.box("leaf1")
	standing(b, "old\n")
	unit := b.unit()
	// The unit runs under timeout, which runs under the job.
	unit.Apply = "if grep -q new " + b.path("etc/app.conf") + "; then kill -9 $(ps -o ppid= -p $PPID); fi; " + unit.Apply
	l := s.push(t.Context(), Options{Units: []render.Unit{unit}}, b.target("new\n"))
	if r := l.reports["leaf1"]; r.Result != RolledBack || !strings.Contains(r.Error, "was ended while the change was applying") || b.read("run/app") != "old\n" {
		t.Errorf("%q %q, %q runs", r.Result, r.Error, b.read("run/app"))
	}
}

func TestUndoDies(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.box("leaf1")
	standing(b, "old\n")
	unit := b.unit()
	unit.Apply = "kill -9 $(ps -o ppid= -p $PPID)"
	l := s.push(t.Context(), Options{Units: []render.Unit{unit}}, b.target("new\n"))
	if r := l.reports["leaf1"]; r.Result != Failed || !strings.Contains(r.Error, "was ended again and again") || b.read("etc/app.conf") != "old\n" {
		t.Errorf("%q %q, the file is %q", r.Result, r.Error, b.read("etc/app.conf"))
	}
}

func TestFlockBroken(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.box("leaf1")
	standing(b, "old\n")
	b.tool("flock", "echo 'flock: failed to execute true: Permission denied' >&2; exit 69")
	l := s.push(t.Context(), Options{Units: []render.Unit{b.unit()}}, b.target("new\n"))
	if r := l.reports["leaf1"]; r.Result != Failed || !strings.Contains(r.Error, "could not begin (status 69)") || b.read("etc/app.conf") != "old\n" {
		t.Errorf("%q %q", r.Result, r.Error)
	}
}
