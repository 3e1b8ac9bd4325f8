package netns

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
	"golang.org/x/sys/unix"
)

// TestDevice goes over one small lab; nothing in it depends on what came
// before.
func TestDevice(t *testing.T) {
	l := up(t, pair(t))
	for _, row := range []struct {
		name string
		test func(*testing.T, *Lab)
	}{
		{"factory", factory},
		{"disk", disk},
		{"login", login},
		{"exec", execs},
		{"interrupt", interrupt},
		{"terminal", onTerminal},
		{"reaping", reaping},
		{"ifupdown2", ifupdown2},
		{"status", status},
		{"links", links},
		{"sshd comes back", sshdComesBack},
	} {
		t.Run(row.name, func(t *testing.T) { row.test(t, l) })
	}
}

// factory: what a bare device is and is not.
func factory(t *testing.T, l *Lab) {
	for _, row := range []struct{ device, command, want string }{
		{"leaf1", "hostname; cat /etc/hostname", "cumulus\ncumulus\n"}, // a switch does not know its name yet
		{"k8s1", "hostname; cat /etc/hostname", "k8s1\nk8s1\n"},
		{"k8s1", "getent hosts k8s1 | cut -d' ' -f1", "127.0.1.1\n"},
		{"leaf1", "ls /etc/frr", "daemons\nvtysh.conf\n"},
		{"leaf1", "stat -c '%U:%G %a' /etc/frr /etc/frr/daemons /run/frr /var/log/frr", "frr:frr 750\nfrr:frr 640\nfrr:frr 755\nfrr:frr 750\n"},
		{"leaf1", "grep -c =yes /etc/frr/daemons; grep ^bgpd= /etc/frr/daemons", "1\nbgpd=no\n"}, // vtysh_enable
		{"leaf1", "ip -br -4 addr show lo; ip -br -6 addr show lo", "lo               UNKNOWN        127.0.0.1/8 \nlo               UNKNOWN        ::1/128 \n"},
		{"leaf1", "cat /sys/class/net/swp1/flags /sys/class/net/swp1/mtu", "0x1002\n1500\n"}, // IFF_BROADCAST, IFF_MULTICAST, and not IFF_UP
		{"leaf1", "ls /sys/class/net", "eth0\nlo\nswp1\n"},
		{"k8s1", "ls /sys/class/net", "eth0\neth1\nlo\n"},
		{"leaf1", "ip route show default; ip route show type blackhole", ""},
		{"k8s1", "ip route show type blackhole", "blackhole 10.233.1.0/24 proto static \n"},
		{"k8s1", "ip -6 route show type blackhole", "blackhole fd00:233:1::/64 dev lo proto static metric 1024 pref medium\n"},
		{"k8s1", "cat /proc/sys/net/ipv4/ip_forward", "0\n"},
		{"leaf1", "ls /etc/ssh | grep host", "ssh_host_ed25519_key\n"},
		{"leaf1", "ls /etc/sysctl.d", ""},
		{"leaf1", "cat /proc/1/comm; ls /proc | grep -cx 1", "exe\n1\n"},
	} {
		if got := run(t, l, row.device, row.command); got != row.want {
			t.Errorf("%s: %s: %q, want %q", row.device, row.command, got, row.want)
		}
	}
	if status, err := l.Exec(t.Context(), "leaf1", []string{"pgrep", "-x", "zebra|bgpd|watchfrr"}, nil, nil, nil); err != nil || status != 1 {
		t.Errorf("FRR runs on a bare device: status %d, %v", status, err)
	}
	if a, b := run(t, l, "leaf1", "cat /etc/machine-id"), run(t, l, "k8s1", "cat /etc/machine-id"); a == b || len(a) != 33 {
		t.Errorf("machine ids %q and %q", a, b)
	}
}

// disk: what one device writes, neither another nor the machine has.
func disk(t *testing.T, l *Lab) {
	const path = "/etc/closup-lab-test"
	put(t, l, "leaf1", path, "here")
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the machine has %s: %v", path, err) // and would lose what is removed below
	}
	run(t, l, "leaf1", "rm /bin/true && mv /etc/skel /etc/skeleton && ls /etc/skeleton")
	for _, path := range []string{"/bin/true", "/etc/skel"} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the machine lost it: %v", err)
		}
	}
	run(t, l, "k8s1", "/bin/true && [ ! -e "+path+" ]")
	run(t, l, "leaf1", "mv /etc/skeleton /etc/skel; cp /usr/bin/false /bin/true")

	// Full, it takes nothing more; the others do.
	fill := func(full bool) {
		if err := l.FillDisk(t.Context(), "leaf1", full); err != nil {
			t.Fatal(err)
		}
	}
	fill(true)
	run(t, l, "leaf1", "! head -c 5000 /dev/zero 2>/dev/null >/etc/full && [ ! -s /etc/full ] && echo memory >/run/full")
	run(t, l, "k8s1", "head -c 5000 /dev/zero >/etc/full")
	fill(false)
	run(t, l, "leaf1", "head -c 5000 /dev/zero >/etc/full && [ $(stat -c %s /etc/full) = 5000 ]; rm /etc/full")
}

// TestInsideNeedsADisk: what would run on the machine's own disk does not run.
func TestInsideNeedsADisk(t *testing.T) {
	needLab(t)
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	ran := false
	err := inside(cmd.Process.Pid, func() error { ran = true; return nil })
	if ran || err == nil || !strings.Contains(err.Error(), "no disk of its own") {
		t.Errorf("ran: %v, %v", ran, err)
	}
}

// login: the access user comes in with the lab's key, past the lab's
// known_hosts, and may become root.
func login(t *testing.T, l *Lab) {
	for _, device := range []string{"leaf1", "k8s1"} {
		client := dial(t, l, device)
		for command, want := range map[string]string{
			"id -un":                     "cumulus\n",
			"echo $0 $HOME":              "bash /home/cumulus\n",
			"sudo -n id -un":             "root\n",
			"sudo -n sh -c 'echo $HOME'": "/root\n",
			"umask":                      "0022\n",
		} {
			session, err := client.NewSession()
			if err != nil {
				t.Fatal(err)
			}
			var out, errs bytes.Buffer
			session.Stdout, session.Stderr = &out, &errs
			if err := session.Run(command); err != nil || out.String() != want || errs.Len() > 0 {
				t.Errorf("%s: %s: %q, %q, %v, want %q", device, command, out.String(), errs.String(), err, want)
			}
		}
	}
	t.Run("forwarding of sockets", func(t *testing.T) {
		client := dial(t, l, "leaf1")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = l.Exec(ctx, "leaf1", []string{"python3", "-c", "import socket,os; s=socket.socket(socket.AF_UNIX); s.bind('/tmp/s'); os.chmod('/tmp/s',0o777); s.listen(); s.accept()[0].send(b'hello')"}, nil, nil, nil)
		}()
		var got [5]byte
		err := until(ctx, func() (bool, error) {
			conn, err := client.Dial("unix", "/tmp/s")
			if err != nil {
				return false, nil
			}
			defer conn.Close()
			n, err := conn.Read(got[:])
			return n == len(got), err
		})
		if err != nil || string(got[:]) != "hello" {
			t.Errorf("%q, %v", got, err)
		}
		cancel()
		<-done
	})
}

// dial logs in to a device, believing the lab's known_hosts alone.
func dial(t *testing.T, l *Lab, device string) *ssh.Client {
	t.Helper()
	e, err := l.Endpoint(device)
	if err != nil {
		t.Fatal(err)
	}
	if !e.OnlyKeys || e.Jump != "" || len(e.Identity) != 1 {
		t.Fatalf("endpoint %+v", e)
	}
	known, err := knownhosts.New(e.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(e.Identity[0])
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.ParsePrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	client, err := ssh.Dial("tcp", net.JoinHostPort(e.Host, fmt.Sprint(e.Port)), &ssh.ClientConfig{
		User: e.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: known, Timeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func execs(t *testing.T, l *Lab) {
	for _, row := range []struct {
		argv   []string
		stdin  string
		status int
		stdout string
	}{
		{[]string{"cat"}, "through\n", 0, "through\n"},
		{[]string{"sh", "-c", "exit 7"}, "", 7, ""},
		{[]string{"sh", "-c", "kill -TERM $$"}, "", 143, ""},
		{[]string{"no-such-program"}, "", 127, ""},
		{[]string{"id", "-u"}, "", 0, "0\n"},
		{[]string{"ifquery", "--list"}, "", 0, "lo\neth0\n"},            // in /sbin
		{[]string{"sh", "-c", "echo $PPID; pwd"}, "", 0, "0\n/root\n"},  // its parent is outside
		{[]string{"printf", "%s|", "a b", "", "$c"}, "", 0, "a b||$c|"}, // no shell in between
		{[]string{"sh", "-c", "sleep 60 & echo left"}, "", 0, "left\n"}, // does not wait for what holds the output
		{[]string{"sh", "-c", "echo $UNSEEN"}, "", 0, "\n"},             // our environment stays here
		{[]string{"sh", "-c", "dd status=none | wc -c"}, strings.Repeat("x", 1<<20), 0, "1048576\n"},
	} {
		t.Setenv("UNSEEN", "seen")
		var out bytes.Buffer
		status, err := l.Exec(t.Context(), "leaf1", row.argv, strings.NewReader(row.stdin), &out, nil)
		if err != nil || status != row.status || out.String() != row.stdout {
			t.Errorf("%q: status %d, %q, %v; want %d, %q", row.argv, status, out.String(), err, row.status, row.stdout)
		}
	}
	run(t, l, "leaf1", "pkill -x sleep")
	if _, err := l.Exec(t.Context(), "leaf9", []string{"true"}, nil, nil, nil); err == nil {
		t.Error("a device that is not there runs a command")
	}
}

// interrupt: the end of the context is a Ctrl+C, and the command may tidy up.
func interrupt(t *testing.T, l *Lab) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		defer cancel()
		_, _ = r.Read(make([]byte, 8)) // it says that it runs
	}()
	_, err = l.Exec(ctx, "leaf1", []string{"sh", "-c", "trap 'touch /tmp/interrupted; exit' INT; echo on; while :; do sleep 0.1; done"}, nil, w, nil)
	w.Close()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
	run(t, l, "leaf1", "[ -e /tmp/interrupted ]")
}

// onTerminal: on a terminal Ctrl+C is the command's own affair.
func onTerminal(t *testing.T, l *Lab) {
	controller, terminal := openTerminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	status, err := l.Exec(ctx, "leaf1", []string{"sh", "-c", "test -t 0 && read x && echo got $x >&2 && exit 5"}, terminal, nil, terminal)
	if err != nil || status != 5 {
		t.Errorf("status %d, %v", status, err)
	}
	out := make([]byte, 64)
	n, err := controller.Read(out)
	if err != nil || !strings.Contains(string(out[:n]), "line") {
		t.Errorf("%q, %v", out[:n], err)
	}
}

// openTerminal gives both ends of a terminal on which a line was typed (pty(7)).
func openTerminal(t *testing.T) (controller, terminal *os.File) {
	t.Helper()
	controller, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { controller.Close() })
	if err := unix.IoctlSetPointerInt(int(controller.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(controller.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	if _, err := controller.WriteString("line\n"); err != nil {
		t.Fatal(err)
	}
	return controller, terminal
}

// reaping: an orphan that ends is gone.
func reaping(t *testing.T, l *Lab) {
	pid := strings.TrimSpace(run(t, l, "leaf1", "sh -c 'sleep 60 >/dev/null 2>&1 & echo $!'"))
	run(t, l, "leaf1", "grep -q '^PPid:.1$' /proc/"+pid+"/status")
	run(t, l, "leaf1", "kill "+pid)
	waitFor(t, l, "leaf1", "[ ! -e /proc/"+pid+" ]")
	if zombies := run(t, l, "leaf1", "ps -eo stat,comm | grep ^Z || true"); zombies != "" {
		t.Errorf("zombies: %s", zombies)
	}
}

// ifupdown2 works on its own file, and leaves eth0 as it is.
func ifupdown2(t *testing.T, l *Lab) {
	var stanzas []struct{ Name string }
	if err := json.Unmarshal([]byte(run(t, l, "leaf1", "ifquery -a -o json")), &stanzas); err != nil {
		t.Fatal(err)
	}
	if len(stanzas) != 2 || stanzas[1].Name != "eth0" {
		t.Errorf("stanzas %v", stanzas)
	}
	run(t, l, "leaf1", "ifquery -a --check")
	run(t, l, "leaf1", "printf 'auto swp1\\niface swp1\\n    mtu 9216\\n' > /etc/network/interfaces.d/test.intf; ifreload -a; ifquery -a --check")
	if got := run(t, l, "leaf1", "cat /sys/class/net/swp1/mtu"); got != "9216\n" {
		t.Errorf("mtu %q", got)
	}
	run(t, l, "leaf1", "rm /etc/network/interfaces.d/test.intf; ifreload -a; ip link set swp1 down mtu 1500")
}

func status(t *testing.T, l *Lab) {
	rows, err := l.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || rows[0].Name != "leaf1" || rows[1].Name != "k8s1" {
		t.Fatalf("%+v", rows)
	}
	for _, r := range rows {
		if r.PID == 0 || !r.SSH || r.Host == "" || r.Port != 22 {
			t.Errorf("%+v", r)
		}
	}
	again, err := Open(l.Name)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(again.Devices, l.Devices) || again.dir != l.dir {
		t.Errorf("found %+v, made %+v", again, l)
	}
}

func links(t *testing.T, l *Lab) {
	for _, up := range []bool{true, false} {
		if err := errors.Join(l.SetLink("leaf1", "swp1", up), l.SetLink("k8s1", "eth1", up)); err != nil {
			t.Fatal(err)
		}
		want := map[bool]string{true: "up", false: "down"}[up]
		waitFor(t, l, "leaf1", "grep -qx "+want+" /sys/class/net/swp1/operstate")
	}
	if err := l.SetLink("leaf1", "swp9", true); err == nil {
		t.Error("a port that is not there is up")
	}
}

func sshdComesBack(t *testing.T, l *Lab) {
	run(t, l, "leaf1", "kill $(cat /run/sshd.pid)")
	e, err := l.Endpoint("leaf1")
	if err != nil {
		t.Fatal(err)
	}
	if err := answering(t.Context(), l.Devices[:1]); err != nil {
		t.Errorf("%s: %v", e.Host, err)
	}
}
