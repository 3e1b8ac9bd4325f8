package netns

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"closup/lab"
	"closup/model"
)

// upAlone is the environment variable that makes the test binary bring a lab
// up and do nothing else, so that a test can kill it.
const upAlone = "CLOSUP_LAB_TEST_UP"

const (
	upDone    = "done"
	upStarted = "started"
)

// upInThisProcess says each step on standard output, and waits when the lab is
// up.
func upInThisProcess() int {
	fmt.Println(upStarted)
	p := &model.Plan{
		Name: os.Getenv(upAlone),
		Devices: []model.Device{
			{Name: "leaf1", Role: model.Leaf, Access: model.Access{User: "cumulus"}},
			{Name: "k8s1", Role: model.Node, Access: model.Access{User: "cumulus"}},
		},
		Links: []model.Link{{A: model.End{Device: "leaf1", Port: "swp1"}, B: model.End{Device: "k8s1", Port: "eth1"}}},
	}
	if _, err := Up(context.Background(), p, Options{Progress: func(s string) { fmt.Println(s) }}); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(upDone)
	_, _ = os.Stdin.Read(make([]byte, 1))
	return 0
}

// startAlone starts it; say gives its lines.
func startAlone(t *testing.T, name string) (cmd *exec.Cmd, say <-chan string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(self)
	cmd.Env = append(os.Environ(), upAlone+"="+name)
	in, err := cmd.StdinPipe() // open until the test ends: it waits on it
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Process.Kill()
		for range lines { // so that its reader ends
		}
		_ = cmd.Wait()
	})
	return cmd, lines
}

// footprint is what a lab is made of, as the machine sees it.
type footprint struct {
	pids       []int
	namespaces []string // "net:[4026532...]"
	links      []string
	mounts     []string
	files      []string
	at         uint64 // clockTicks
}

var namespaceKinds = []string{"net", "mnt", "pid", "uts", "ipc"}

// take looks for what belongs to labs in the state directory home.
func take(t *testing.T, home string) footprint {
	t.Helper()
	real, err := filepath.EvalSymlinks(home)
	if err != nil {
		t.Fatal(err)
	}
	f := footprint{at: clockTicks(t)}
	all, err := processes()
	if err != nil {
		t.Fatal(err)
	}
	mine := ownNamespaces(t)
	for pid, args := range all {
		if len(args) > 2 && strings.HasPrefix(args[2], real+"/") {
			f.pids = append(f.pids, pid)
			for _, ns := range namespacesOf(pid) {
				if !slices.Contains(mine, ns) && !slices.Contains(f.namespaces, ns) {
					f.namespaces = append(f.namespaces, ns)
				}
			}
		}
	}
	found, err := whole(netlink.LinkList)
	if err != nil {
		t.Fatal(err)
	}
	dirs, err := filepath.Glob(filepath.Join(real, "closup", "labs", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range found {
		if slices.ContainsFunc(dirs, func(dir string) bool { return l.Attrs().Name == uplinkName(dir) }) {
			f.links = append(f.links, l.Attrs().Name)
		}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, real) {
			f.mounts = append(f.mounts, line)
		}
	}
	err = filepath.WalkDir(real, func(path string, _ fs.DirEntry, err error) error {
		if path != real {
			f.files = append(f.files, path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return f
}

func ownNamespaces(t *testing.T) []string {
	t.Helper()
	return namespacesOf(os.Getpid())
}

func namespacesOf(pid int) []string {
	var out []string
	for _, kind := range namespaceKinds {
		if ns, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind)); err == nil {
			out = append(out, ns)
		}
	}
	return out
}

// gone fails where anything of before is left, or anything new is there.
func gone(t *testing.T, home string, before footprint) {
	t.Helper()
	f := take(t, home)
	for what, left := range map[string][]string{"links": f.links, "mounts": f.mounts, "files": f.files} {
		if len(left) > 0 {
			t.Errorf("%s left: %q", what, left)
		}
	}
	if len(f.pids) > 0 {
		t.Errorf("processes left: %v", f.pids)
	}
	for _, name := range before.links {
		if _, err := netlink.LinkByName(name); err == nil {
			t.Errorf("the interface %s is left", name)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var in []string
	err := until(ctx, func() (bool, error) {
		in = threadsIn(t, before.namespaces, before.at)
		return len(in) == 0, nil
	})
	if err != nil {
		t.Errorf("still in namespaces of the lab: %q", in)
	}
}

// threadsIn are the threads of the machine in any of the namespaces, but for
// those that are dead and only wait for the machine's PID 1 to reap them, and
// those that started later than the footprint was taken: the kernel gives numbers
// of namespaces again, and what of a lab is left has its first process.
func threadsIn(t *testing.T, namespaces []string, at uint64) (in []string) {
	t.Helper()
	threads, err := filepath.Glob("/proc/[0-9]*/task/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		for _, kind := range namespaceKinds {
			ns, err := os.Readlink(filepath.Join(thread, "ns", kind))
			if err != nil || !slices.Contains(namespaces, ns) {
				continue
			}
			stat, err := os.ReadFile(filepath.Join(thread, "stat"))
			_, rest, ok := strings.Cut(string(stat), ") ") // proc_pid_stat(5): from the third field
			fields := strings.Fields(rest)
			if err != nil || !ok || len(fields) < 20 || fields[0] == "Z" {
				continue
			}
			if started, err := strconv.ParseUint(fields[19], 10, 64); err == nil && started <= at {
				in = append(in, thread+" "+ns)
			}
		}
	}
	return in
}

// clockTicks is the time since boot in the unit of proc_pid_stat(5), 10 ms.
func clockTicks(t *testing.T) uint64 {
	t.Helper()
	data, err := os.ReadFile("/proc/uptime")
	if err != nil {
		t.Fatal(err)
	}
	uptime, err := strconv.ParseFloat(strings.Fields(string(data))[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return uint64(uptime * 100)
}

// machine are the files of the machine that a lab could have touched: what its
// devices configure, and what it looks like.
func machine(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, root := range []string{"/etc/frr", "/etc/network", "/etc/ssh", "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/hostname", "/etc/hosts", "/etc/machine-id", "/etc/sudoers.d", "/etc/sysctl.d", "/etc/sysctl.conf", "/usr/lib/sysctl.d", "/home", "/root/.ssh", "/run/frr", "/run/sshd", "/var/log/frr", "/var/log/sshd.log", "/var/log/boot.log"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return nil // not there, before or after
			}
			info, err := os.Lstat(path)
			if err != nil {
				return err
			}
			out[path] = fmt.Sprint(info.Mode(), info.Size(), info.ModTime().UnixNano())
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	out["host name"], _ = os.Hostname()
	for _, key := range []string{"net/ipv4/ip_forward", "kernel/pid_max", "net/ipv6/conf/all/forwarding"} {
		value, err := os.ReadFile("/proc/sys/" + key)
		if err != nil {
			t.Fatal(err)
		}
		out[key] = string(value)
	}
	return out
}

// unchanged compares the machine with what it was.
func unchanged(t *testing.T, before map[string]string) {
	t.Helper()
	after := machine(t)
	for path, was := range before {
		if after[path] != was {
			t.Errorf("%s was %q and is %q", path, was, after[path])
		}
	}
	for path := range after {
		if _, ok := before[path]; !ok {
			t.Errorf("%s is new", path)
		}
	}
}

// stateOf is the directory of a lab, as the hub's arguments name it.
func stateOf(t *testing.T, name string) string {
	t.Helper()
	if _, err := lab.Dir(name); err != nil {
		t.Fatal(err)
	}
	dir, err := labDir(name)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

const patience = 20 * time.Second
