package push

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"closup/model"
	"closup/provision"
	"closup/provision/fake"
	"closup/render"
)

// box is a device that is a directory: the scripts run with this machine's own
// sh, on files below dir. Its one unit, "app", is live when run/app holds a
// copy of etc/app.conf; every apply is written down in run/applied.
type box struct {
	t     *testing.T
	name  string
	dir   string
	owner string
	bin   string
}

// shop is a transport with boxes behind it.
type shop struct {
	t *testing.T
	fake.Transport
	at place
}

func newShop(t *testing.T) *shop {
	t.Helper()
	for _, tool := range []string{"flock", "setsid", "timeout", "base64", "sha256sum", "stat", "tar"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CLOSUP_NO_SKIP") == "1" {
				t.Fatalf("the device side needs %s", tool)
			}
			t.Skipf("the device side needs %s, which is not installed", tool)
		}
	}
	// The home is relative, so each box has its own below its directory.
	s := &shop{t: t, at: place{home: "closup", settle: 3 * time.Second, limit: 20 * time.Second, patience: time.Second, lease: time.Minute}}
	t.Cleanup(func() {
		if n := s.Open(); n != 0 {
			t.Errorf("%d sessions were left open", n)
		}
	})
	return s
}

// box adds a device.
func (s *shop) box(name string) *box {
	s.t.Helper()
	me, err := user.Current()
	if err != nil {
		s.t.Fatal(err)
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		s.t.Fatal(err)
	}
	b := &box{t: s.t, name: name, dir: s.t.TempDir(), owner: me.Username + ":" + group.Name, bin: s.t.TempDir()}
	for _, dir := range []string{"etc", "run"} {
		if err := os.Mkdir(filepath.Join(b.dir, dir), 0o755); err != nil {
			s.t.Fatal(err)
		}
	}
	b.tool("sudo", `test "$1" = -n && shift; exec "$@"`)
	s.Set(name, b.shell())
	return b
}

func (b *box) shell() fake.Device { return fake.Shell(b.dir, b.bin) }

// tool puts a program before the real one of that name.
func (b *box) tool(name, body string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.bin, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) path(name string) string { return filepath.Join(b.dir, name) }

// hang is a command that makes the file, and does not end while it is there.
func (b *box) hang(name string) string {
	return "touch " + b.path(name) + "; while [ -e " + b.path(name) + " ]; do sleep 0.1; done"
}

func (b *box) write(name, body string) {
	b.t.Helper()
	if err := os.WriteFile(b.path(name), []byte(body), 0o640); err != nil {
		b.t.Fatal(err)
	}
}

// read is a file's content; "-" where there is none.
func (b *box) read(name string) string {
	b.t.Helper()
	data, err := os.ReadFile(b.path(name))
	if os.IsNotExist(err) {
		return "-"
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return string(data)
}

// applied is how often the unit was made live.
func (b *box) applied() int { return strings.Count(b.read("run/applied"), "\n") }

// unit is the box's own. A configuration that says BAD does not pass its
// check, BROKEN cannot be applied, and DEAF is applied without effect.
func (b *box) unit() render.Unit {
	conf, run := provision.Quote(b.path("etc/app.conf")), provision.Quote(b.path("run"))
	return render.Unit{
		Name:   "app-" + b.name,
		Check:  `! grep -n BAD "$1"`,
		Show:   fmt.Sprintf("cat %s/app 2>/dev/null || echo stopped", run),
		Apply:  fmt.Sprintf("echo x >>%[2]s/applied; grep -q DEAF %[1]s 2>/dev/null && exit 0; if [ -e %[1]s ]; then cp %[1]s %[2]s/app; else rm -f %[2]s/app; fi; ! grep BROKEN %[1]s", conf, run),
		Verify: fmt.Sprintf(`cmp "$1" %s/app`, run),
	}
}

// target asks for a configuration.
func (b *box) target(body string) Target {
	return Target{
		Device:   model.Device{Name: b.name},
		Endpoint: model.Endpoint{Device: b.name, Host: "192.0.2.1"},
		Artifacts: []render.Artifact{{
			Device: b.name, Path: b.path("etc/app.conf"), Unit: "app-" + b.name, Mode: 0o640, Owner: b.owner, Body: []byte(body),
		}},
	}
}

// log is what a push said.
type log struct {
	events  []Event
	reports map[string]DeviceReport
}

func (s *shop) push(ctx context.Context, o Options, targets ...Target) log {
	s.t.Helper()
	l := log{reports: map[string]DeviceReport{}}
	for e := range run(ctx, s, targets, o, s.at) {
		l.events = append(l.events, e)
		if e.Kind == Done {
			l.reports[e.Device] = *e.Report
		}
	}
	return l
}

// cutting is a device whose connection breaks at the nth command, after the
// device got it and before its answer is back.
type cutting struct {
	mu    sync.Mutex
	n     int
	inner fake.Device
}

func (c *cutting) run(cmd fake.Command) int {
	c.mu.Lock()
	c.n--
	cut := c.n == 0
	c.mu.Unlock()
	if !cut {
		return c.inner(cmd)
	}
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	c.inner(cmd)
	return -1
}
