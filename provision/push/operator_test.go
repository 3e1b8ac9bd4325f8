//go:build linux

package push_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"closup/provision/push"
	"closup/render"
	"closup/ui/work"
)

// operating tells this binary to be an operator's closup: a process of its own,
// with its journal, which can be killed at any moment.
const operating = "CLOSUP_TEST_OPERATOR"

// orders are what an operator's process does.
type orders struct {
	Fabric        string // path of the fabric.yaml
	Way           string // push, keep, take back, rollback; empty: push
	Only          []string
	Undo, Confirm time.Duration
	Resume        bool
	Overwrite     bool
}

// told is one line of what it prints: a phase that begins, or a report.
type told struct {
	Device, Phase string
	Result        push.Result
	Error, Note   string
}

// operate is the main of an operator's process.
func operate(text string) int {
	var o orders
	err := json.Unmarshal([]byte(text), &o)
	var p *work.Project
	if err == nil {
		p, err = work.Open(o.Fabric)
	}
	var events <-chan push.Event
	if err == nil {
		way := map[string]func(context.Context, work.PushOptions) (<-chan push.Event, error){
			"": p.Push, "keep": p.Keep, "take back": p.TakeBack, "rollback": p.Rollback,
		}[o.Way]
		events, err = way(context.Background(), work.PushOptions{Lab: true, Only: o.Only, Undo: o.Undo, Confirm: o.Confirm, Resume: o.Resume, OverwriteDrift: o.Overwrite})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	out := json.NewEncoder(os.Stdout)
	for e := range events {
		switch e.Kind {
		case push.Started:
			_ = out.Encode(told{Device: e.Device, Phase: e.Phase})
		case push.Done:
			_ = out.Encode(told{Device: e.Device, Result: e.Report.Result, Error: e.Report.Error, Note: e.Report.Note})
		}
	}
	return 0
}

// operator is a running one.
type operator struct {
	t    *testing.T
	cmd  *exec.Cmd
	said chan told // closed at its end
}

// operator starts one. What it cannot even begin is a fault of the test.
func (s *site) operator(o orders) *operator {
	s.t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		s.t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	op := &operator{t: s.t, cmd: exec.Command(self), said: make(chan told, 1000)}
	op.cmd.Env = append(os.Environ(), operating+"="+string(text))
	var stderr strings.Builder
	op.cmd.Stderr = &stderr
	stdout, err := op.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := op.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		defer close(op.said)
		lines := json.NewDecoder(stdout)
		for {
			var line told
			if err := lines.Decode(&line); err != nil {
				break
			}
			op.said <- line
		}
		err := op.cmd.Wait()
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 0) {
			s.t.Errorf("the operator's process: %v: %s", err, stderr.String())
		}
	}()
	return op
}

// kill ends it as a crash does.
func (op *operator) kill() { _ = op.cmd.Process.Kill() }

// end waits for its end, and gives what it told of each device.
func (op *operator) end() map[string]told {
	reports := map[string]told{}
	for line := range op.said {
		if line.Result != "" {
			reports[line.Device] = line
		}
	}
	return reports
}

// killedAt kills it as soon as the phase begins, and says whether it came to that.
func (op *operator) killedAt(phase string) bool {
	for line := range op.said {
		if line.Phase == phase {
			op.kill()
			op.end()
			return true
		}
	}
	return false
}

// fabric writes the site's fabric with other values, pairs of a key's path and
// its YAML, and gives its path.
func (s *site) fabric(name string, values ...string) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), name+".yaml")
	if err := os.WriteFile(path, []byte(s.text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	p, err := work.Open(path)
	for i := 0; i < len(values) && err == nil; i += 2 {
		err = p.Set(values[i], values[i+1])
	}
	if err == nil {
		err = p.Blocked()
	}
	if err == nil {
		err = p.Save()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return path
}

// portrait is all that a push may change on a device, and all that would be
// left over: its files with mode and owner, what runs by the word of each unit,
// and traces of a push that did not end.
func (s *site) portrait(device string) string {
	s.t.Helper()
	var b strings.Builder
	b.WriteString("exec 2>&1; PATH=$PATH:/usr/sbin:/sbin\n")
	for _, path := range []string{
		"/etc/hosts", "/etc/hostname", "/etc/network/interfaces", "/etc/sysctl.d/90-closup.conf",
		"/etc/frr/daemons", "/etc/frr/frr.conf", "/etc/frr/vtysh.conf",
	} {
		fmt.Fprintf(&b, "echo '== %[1]s'; [ ! -e %[1]s ] || { stat -L -c '%%a %%U:%%G' %[1]s; cat %[1]s; }\n", path)
	}
	for _, name := range []string{"hostname", "ifupdown2", "sysctl", "frr-daemons", "frr"} {
		u, _ := render.UnitNamed(name)
		fmt.Fprintf(&b, "echo '== running %s'\n(\n%s\n)\n", name, u.Show)
	}
	b.WriteString(`echo '== left'
for s in /var/lib/closup/push/*/state; do
	case $(cat $s 2>/dev/null) in
	done | rolled-back | released | refused | locked | '') ls -d ${s%/*}/boot 2>/dev/null ;;
	staged | ready) flock -n ${s%/*}/alive true || echo "${s%/*} is ready" ;; # dead, it has changed nothing
	*) echo "$s: $(cat $s)" ;;
	esac
done
find /etc -name '*.closup' -o -name 'closup-recover*' -o -name '*closup-recover'
true
`)
	var out strings.Builder
	// It may be booting.
	_, err := s.lab.Exec(s.t.Context(), device, []string{"sh", "-c", b.String()}, nil, &out, &out)
	if err != nil {
		return "it cannot be asked: " + err.Error()
	}
	return out.String()
}

// becomes waits until the device is as one of those portraits, and says as
// which; -1: it did not happen. A portrait costs more than a push, so none is
// taken while a push is under way there.
func (s *site) becomes(device string, within time.Duration, portraits ...string) (which int, last string) {
	for deadline := time.Now().Add(within); ; time.Sleep(500 * time.Millisecond) {
		open, err := s.lab.Exec(s.t.Context(), device, []string{"sh", "-c", "grep -qxE 'applying|active|committing|undoing' /var/lib/closup/push/*/state"}, nil, nil, nil)
		late := time.Now().After(deadline)
		if err == nil && open != 0 || late {
			last = s.portrait(device)
			for i, p := range portraits {
				if last == p {
					return i, last
				}
			}
		}
		if late || time.Now().After(deadline) {
			return -1, last
		}
	}
}
