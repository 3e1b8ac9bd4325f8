package netns

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"closup/lab"
)

func TestUpAndDownLeaveNothing(t *testing.T) {
	needLab(t)
	home := isolate(t)
	before := machine(t)
	t.Cleanup(func() { down(t, "article") })
	l, err := Up(t.Context(), article(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := take(t, home)
	if len(f.pids) != 7 || len(f.links) != 1 || len(f.namespaces) < 7*4 || len(f.files) == 0 {
		t.Fatalf("the lab is not where this test looks for it: %+v", f)
	}
	if len(f.mounts) != 0 {
		t.Errorf("the machine sees mounts of the lab: %q", f.mounts)
	}
	for _, d := range l.Devices {
		run(t, l, d.Name, "echo changed >> /etc/hosts; rm /etc/passwd; sysctl -q -w net.ipv4.ip_forward=1; nohup sleep 600 >/dev/null 2>&1 &")
	}
	down(t, "article")
	gone(t, home, f)
	unchanged(t, before)
	down(t, "article") // there is nothing to do
	gone(t, home, f)
	if _, err := Open("article"); !errors.Is(err, lab.ErrNotRunning) {
		t.Errorf("%v, want %v", err, lab.ErrNotRunning)
	}
}

// TestKilledUp kills an up at each of its steps, and some time after its
// start. Whatever it had made is gone after down; and so is the lab of one
// that was killed when it was done.
func TestKilledUp(t *testing.T) {
	needLab(t)
	type moment struct {
		name  string
		line  string
		after time.Duration
	}
	moments := []moment{
		{name: "at once", line: upStarted},
		{name: "disks", line: "making disks"},
		{name: "cables", line: "cabling"},
		{name: "boot", line: "booting"},
		{name: "sshd", line: "waiting"},
		{name: "done", line: upDone},
	}
	for after := 20 * time.Millisecond; after < 400*time.Millisecond; after = after * 4 / 3 {
		moments = append(moments, moment{name: after.String(), line: upStarted, after: after})
	}
	for _, m := range moments {
		t.Run(m.name, func(t *testing.T) {
			home := isolate(t)
			cmd, say := startAlone(t, "killed")
			t.Cleanup(func() { down(t, "killed") })
			reached := false
			for line := range say {
				if reached = strings.HasPrefix(line, m.line); reached {
					break
				}
			}
			if !reached {
				t.Fatalf("it never said %q", m.line)
			}
			if m.after > 0 {
				end := time.After(m.after)
				for waiting := true; waiting; {
					select {
					case <-end:
						waiting = false
					case <-say:
					}
				}
			}
			f := take(t, home)
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			if m.line == upDone {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				l, err := Open("killed")
				if err != nil {
					t.Fatal(err)
				}
				if err := answering(ctx, l.Devices); err != nil {
					t.Errorf("a lab that was up did not survive: %v", err)
				}
			}
			down(t, "killed")
			gone(t, home, f)
		})
	}
}

// TestKilledUpAgain: what a killed one left is no obstacle to the next.
func TestKilledUpAgain(t *testing.T) {
	needLab(t)
	isolate(t)
	cmd, say := startAlone(t, "pair")
	t.Cleanup(func() { down(t, "pair") })
	for line := range say {
		if strings.HasPrefix(line, "booting") {
			break
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := until(ctx, func() (bool, error) {
		_, err := Up(ctx, pair(t), Options{})
		if errors.Is(err, ErrRunning) || errors.Is(err, errBusy) {
			return false, nil // it dies at this moment
		}
		return true, err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestSecondUpLeavesTheFirst(t *testing.T) {
	l := up(t, pair(t))
	before, err := l.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Up(t.Context(), article(t), Options{}); err != nil {
		t.Errorf("a lab of another name: %v", err)
	}
	t.Cleanup(func() { down(t, "article") })
	_, err = Up(t.Context(), pair(t), Options{})
	if !errors.Is(err, ErrRunning) || !strings.Contains(err.Error(), "closup lab down") {
		t.Errorf("%v, want %v and what to do", err, ErrRunning)
	}
	after, err := l.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(before, after) {
		t.Errorf("%+v became %+v", before, after)
	}
}

func TestCancelledUpLeavesNothing(t *testing.T) {
	needLab(t)
	for _, step := range []string{"making disks", "cabling", "booting", "waiting"} {
		t.Run(step, func(t *testing.T) {
			home := isolate(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var f footprint
			_, err := Up(ctx, article(t), Options{Progress: func(s string) {
				if strings.HasPrefix(s, step) {
					f = take(t, home)
					cancel()
				}
			}})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v, want %v", err, context.Canceled)
			}
			gone(t, home, f)
		})
	}
}

// TestFailedUpLeavesNothing: one device fails half way.
func TestFailedUpLeavesNothing(t *testing.T) {
	needLab(t)
	home := isolate(t)
	p := pair(t)
	p.Devices[0].Name = strings.Repeat("leaf", 17) // longer than the kernel's 64
	p.Devices[0].Platform, p.Links = "debian", nil
	_, err := Up(t.Context(), p, Options{})
	if err == nil || !strings.Contains(err.Error(), "leafleaf") {
		t.Errorf("%v, want one that names the device", err)
	}
	gone(t, home, footprint{})
}

// TestHubDies: the lab goes with it, status says so, down tidies up.
func TestHubDies(t *testing.T) {
	l := up(t, pair(t))
	home := os.Getenv("XDG_STATE_HOME")
	f := take(t, home)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := kill(ctx, hubArgs(l.dir)); err != nil {
		t.Fatal(err)
	}
	rows, err := l.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.PID != 0 || r.SSH {
			t.Errorf("%+v", r)
		}
	}
	if _, err := l.Exec(ctx, "leaf1", []string{"true"}, nil, nil, nil); !errors.Is(err, ErrOff) {
		t.Errorf("%v, want %v", err, ErrOff)
	}
	down(t, "pair")
	gone(t, home, f)
}

// TestDownOfNothing makes nothing either.
func TestDownOfNothing(t *testing.T) {
	base := filepath.Join(t.TempDir(), "state")
	t.Setenv("XDG_STATE_HOME", base)
	down(t, "article")
	if _, err := os.Stat(base); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v", base, err)
	}
}

// TestDownDuringUp waits for it, and then ends what it made.
func TestDownDuringUp(t *testing.T) {
	needLab(t)
	home := isolate(t)
	ended := make(chan error, 1)
	var f footprint
	_, err := Up(t.Context(), pair(t), Options{Progress: func(s string) {
		if strings.HasPrefix(s, "booting") {
			f = take(t, home)
			go func() { ended <- Down(context.WithoutCancel(t.Context()), "pair") }()
		}
	}})
	if err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	gone(t, home, f)
}

// TestDownWithoutFiles: somebody removed the state directory under the lab.
func TestDownWithoutFiles(t *testing.T) {
	up(t, pair(t))
	home := os.Getenv("XDG_STATE_HOME")
	f := take(t, home)
	if err := os.RemoveAll(filepath.Join(home, "closup")); err != nil {
		t.Fatal(err)
	}
	down(t, "pair")
	gone(t, home, f)
}

// TestDownTouchesNothingElse: an interface that has the lab's name by chance,
// a file in its directory, a process that looks like its hub.
func TestDownTouchesNothingElse(t *testing.T) {
	needLab(t)
	isolate(t)
	dir := stateOf(t, "pair")
	attrs := netlink.NewLinkAttrs()
	attrs.Name = uplinkName(dir)
	foreign := &netlink.Bridge{LinkAttrs: attrs}
	if err := netlink.LinkAdd(foreign); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = netlink.LinkDel(foreign) })
	if err := netlink.LinkSetAlias(foreign, "somebody else's"); err != nil {
		t.Fatal(err)
	}
	if _, err := Up(t.Context(), pair(t), Options{}); err == nil || !strings.Contains(err.Error(), attrs.Name) {
		t.Errorf("%v, want one that names the interface", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(dir, "notes")
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	down(t, "pair")
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
	if _, err := netlink.LinkByName(attrs.Name); err != nil {
		t.Errorf("%s: %v", attrs.Name, err)
	}
}

// TestTwoAtOnce: labs that start together do not take the same addresses.
func TestTwoAtOnce(t *testing.T) {
	needLab(t)
	isolate(t)
	names := []string{"one", "two", "three"}
	labs := make([]*Lab, len(names))
	errs := make(chan error)
	for i, name := range names {
		p := pair(t)
		p.Name = name
		t.Cleanup(func() { down(t, name) })
		go func() {
			l, err := Up(t.Context(), p, Options{})
			labs[i] = l
			errs <- err
		}()
	}
	for range names {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for _, l := range labs {
		for _, d := range l.Devices {
			if seen[d.Host] {
				t.Errorf("%s is taken twice", d.Host)
			}
			seen[d.Host] = true
		}
		for _, row := range must(l.Status(t.Context())) {
			if !row.SSH {
				t.Errorf("%s: %+v", l.Name, row)
			}
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestLongPaths: a state directory with a path longer than a socket's address
// or with a comma in it, and host names as long as they come.
func TestLongPaths(t *testing.T) {
	needLab(t)
	base := filepath.Join(t.TempDir(), strings.Repeat("a,b:c ", 20), strings.Repeat("long/", 30))
	if err := os.MkdirAll(base, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_STATE_HOME", base)
	t.Cleanup(func() { down(t, "long") })
	name := strings.Repeat("leaf-", 12) + "1" // 61; the kernel takes 64
	p := fabric(t, "long", []string{name + ":swp1 k8s1:eth1"}, name, "k8s1")
	p.Devices[0].Platform = "debian"
	p.Devices[0].PodCIDRs = []netip.Prefix{netip.MustParsePrefix("10.9.0.0/24")} // only nodes have pods
	l, err := Up(t.Context(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := run(t, l, name, "hostname; ip route show type blackhole"); got != name+"\n" {
		t.Errorf("%q", got)
	}
	if err := l.Reboot(t.Context(), name); err != nil {
		t.Error(err)
	}
}
