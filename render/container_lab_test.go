//go:build linux

package render_test

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"closup/lab/labtest"
	"closup/lab/netns"
	"closup/provision/push"
	"closup/provision/ssh"
	"closup/render"
)

// containersFabric has a router in a container of every kind: FRR with few
// rights and with all, and Quagga as the article has it, which real FRR stands
// in for.
const containersFabric = `name: containers-test
timers: {keepalive: 1, hold: 3, connect: 1}
platform: {spines: debian, leafs: debian, nodes: debian}
router: {nodes: frr-container}
container: {engine: podman}
spines: [{name: spine1}]
leafs: [{name: leaf1}]
nodes:
  - {name: few}
  - {name: all, container: {privileged: true}}
  - {name: old, router: quagga-container, container: {engine: docker, privileged: true}}
`

// containerLab is a lab of it.
type containerLab struct {
	*testing.T
	lab *netns.Lab
}

// in runs a command in a device, as root and not through SSH.
func (l containerLab) in(device, script string) (string, error) {
	l.Helper()
	var out bytes.Buffer
	status, err := l.lab.Exec(l.Context(), device, []string{"sh", "-c", script}, nil, &out, &out)
	if err == nil && status != 0 {
		err = &exitStatus{status}
	}
	return out.String(), err
}

type exitStatus struct{ status int }

func (e *exitStatus) Error() string { return "status " + strconv.Itoa(e.status) }

func (l containerLab) must(device, script string) string {
	l.Helper()
	out, err := l.in(device, script)
	if err != nil {
		l.Fatalf("%s: %s: %v: %s", device, script, err, out)
	}
	return out
}

// push gives what became of each device.
func (l containerLab) push(text string, only ...string) map[string]push.DeviceReport {
	l.Helper()
	p := planOf(l.T, "fabric.yaml", []byte(text))
	var targets []push.Target
	for i := range p.Devices {
		d := &p.Devices[i]
		if len(only) > 0 && d.Name != only[0] {
			continue
		}
		files, err := render.Device(p, d)
		if err != nil {
			l.Fatal(err)
		}
		at, err := l.lab.Endpoint(d.Name)
		if err != nil {
			l.Fatal(err)
		}
		targets = append(targets, push.Target{Device: *d, Endpoint: at, Artifacts: files})
	}
	out := map[string]push.DeviceReport{}
	for e := range push.Run(l.Context(), ssh.New(ssh.Config{}), targets, push.Options{}) {
		if e.Kind == push.Done {
			out[e.Device] = *e.Report
		}
	}
	return out
}

// established waits until bgpd says so through that vtysh.
func (l containerLab) established(device, vtysh string) {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), time.Minute)
	defer cancel()
	for {
		out, err := l.in(device, vtysh+" -c 'show bgp neighbors json'")
		if err == nil && strings.Contains(out, `"bgpState":"Established"`) {
			return
		}
		select {
		case <-ctx.Done():
			l.Fatalf("%s is not Established: %v: %s", device, err, out)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// TestContainersOnLab brings routers up in real containers by push, by the
// service's own ExecStart: sessions come up from inside, with the rights that
// were asked for and no more; a second push leaves them alone; a change is
// reloaded without a restart; and without a capability that is on the list
// nothing comes up, and the old files come back.
func TestContainersOnLab(t *testing.T) {
	need(t, true, "podman", "crun")
	p := planOf(t, "fabric.yaml", []byte(containersFabric))
	t.Cleanup(func() { // after the lab's end
		if left, _ := os.ReadDir("/sys/fs/cgroup/pids/libpod_parent"); len(left) > 0 {
			t.Errorf("the containers left control groups: %v", left)
		}
	})
	l := containerLab{t, labtest.Up(t, p, netns.Options{})}
	begin := time.Now()
	for device, r := range l.push(containersFabric) {
		if r.Result != push.Changed {
			t.Fatalf("%s is %s: %s", device, r.Result, r.Error)
		}
	}
	t.Logf("first push: %v", time.Since(begin).Round(time.Second))
	places := map[string][2]string{"few": {"podman", "frr"}, "all": {"podman", "frr"}, "old": {"docker", "quagga"}}
	started := map[string]string{}
	for device, at := range places {
		engine := "/usr/bin/" + at[0]
		l.established(device, engine+" exec "+at[1]+" vtysh")
		l.established(device, "vtysh") // where everybody looks for it
		inside := l.must(device, engine+` exec `+at[1]+` sh -c 'for p in /proc/[0-9]*; do [ "$(cat $p/comm)" != bgpd ] || sed -n s/^CapBnd:.//p $p/status; done'
pid=$(`+engine+` inspect --format '{{.State.Pid}}' `+at[1]+`); readlink /proc/$pid/ns/mnt /proc/$pid/ns/net`)
		words := strings.Fields(inside)
		if len(words) != 3 {
			t.Fatalf("%s: bgpd in the container: %q", device, inside)
		}
		if few := words[0] == "00000000002034e3"; few != (device == "few") {
			t.Errorf("%s: capabilities %s", device, words[0])
		}
		outside := strings.Fields(l.must(device, `readlink /proc/1/ns/mnt /proc/1/ns/net`))
		if words[1] == outside[0] || words[2] != outside[1] {
			t.Errorf("%s: namespaces %v, outside %v", device, words, outside)
		}
		started[device] = l.must(device, engine+` inspect --format '{{.State.StartedAt}}' `+at[1])
	}

	// Twice: nothing. Changed: reloaded where that can be, FRR's.
	for device, r := range l.push(containersFabric) {
		if r.Result != push.Unchanged {
			t.Errorf("the second push of %s is %s: %s", device, r.Result, r.Error)
		}
	}
	slower := strings.Replace(containersFabric, "hold: 3", "hold: 5", 1)
	for device, r := range l.push(slower) {
		if r.Result != push.Changed {
			t.Errorf("the change of %s is %s: %s", device, r.Result, r.Error)
		}
	}
	for device, at := range places {
		now := l.must(device, `/usr/bin/`+at[0]+` inspect --format '{{.State.StartedAt}}' `+at[1])
		if again := now != started[device]; again != (device == "old") {
			t.Errorf("%s: the container was started anew: %t", device, again)
		}
		if conf := l.must(device, `vtysh -c 'show running-config'`); !strings.Contains(conf, "timers 1 5") {
			t.Errorf("%s does not run the change:\n%s", device, conf)
		}
	}

	// A machine that boots brings its router up, and no second one beside it.
	if err := l.lab.Reboot(t.Context(), "few"); err != nil {
		t.Fatal(err)
	}
	l.established("few", "vtysh")
	l.withoutCapability("few")
}

// withoutCapability is the negative control of the list of capabilities.
func (l containerLab) withoutCapability(device string) {
	l.Helper()
	const unit = "/etc/systemd/system/frr-container.service"
	out, err := l.in(device, `podman rm --force frr >/dev/null
cmd=$(sed -n 's/^ExecStart=//p' `+unit+` | sed 's/ --cap-add SYS_ADMIN//')
case $cmd in *SYS_ADMIN*) exit 3 ;; esac
sh -c "exec $cmd" >/run/without.log 2>&1 &
for i in $(seq 150); do ! grep -q cap_sys_admin /run/without.log || break; sleep 0.1; done
cat /run/without.log; vtysh -c 'show daemons' | grep zebra || exit 4`)
	if err == nil || !strings.Contains(out, "cap_sys_admin") {
		l.Errorf("without SYS_ADMIN it runs: %v: %s", err, out)
	}
}
