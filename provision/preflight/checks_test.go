package preflight

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"closup/model"
	"closup/provision"
	"closup/provision/observe"
	"closup/render"
)

const fabric = `version: 1
name: small
asn: {spines: 65501+, leafs: 65101+, nodes: 65801+}
loopbacks: {spines: 10.1.2.0/24, leafs: 10.1.1.0/24, nodes: 10.1.3.0/24}
platform: {spines: debian, leafs: debian, nodes: debian}
network: {spines: ifupdown2, leafs: ifupdown2, nodes: ifupdown2}
spines:
  - {name: spine1, mgmt: 192.0.2.1, serial: SPINE-1}
leafs:
  - {name: "leaf[1-2]", mgmt: "192.0.2.[11-12]"}
nodes:
  - {name: k8s1, mgmt: 192.0.2.21}
  - {name: k8s2, mgmt: 192.0.2.22, serial: K8S-2}
links:
  - spine1:swp1 leaf1:swp51
  - spine1:swp2 leaf2:swp51
  - leaf1:swp1 k8s1:eth1
  - leaf2:swp1 k8s2:eth1
`

func plan(t *testing.T) *model.Plan {
	t.Helper()
	f, err := model.ParseDocument("fabric.yaml", []byte(fabric)).Fabric()
	if err != nil {
		t.Fatal(err)
	}
	p, findings := model.NewPlan(f)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	return p
}

// captured is what a device of a lab said: k8s1 of article, pushed to.
func captured(t *testing.T) *Facts {
	t.Helper()
	answer, err := os.ReadFile("testdata/k8s1.txt")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse(answer)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// good is a healthy k8s1, its port up and its neighbor seen.
func good(t *testing.T) View {
	p := plan(t)
	d, _ := p.Device("k8s1")
	f := captured(t)
	for i := range f.Links {
		f.Links[i].Up, f.Links[i].Carrier = true, true
	}
	f.LLDPD, f.LLDP = true, []observe.Seen{{Port: "eth1", Device: "leaf1", PeerPort: "swp1"}}
	return View{
		Plan: p, Device: *d, Endpoint: model.Endpoint{Device: "k8s1", Host: "192.0.2.21", User: "ops"},
		Writes: Writes{Dirs: []string{"/etc/frr", closupHome}, Bytes: 10000},
		Shell:  Shell{Known: true, Took: 50 * time.Millisecond}, Facts: f,
		Sent: f.Clock.Add(-100 * time.Millisecond), Received: f.Clock.Add(time.Second),
	}
}

// onNVUE makes the device a leaf that runs NVUE.
func onNVUE(v *View) {
	d, _ := v.Plan.Device("leaf1")
	v.Device, v.Device.Platform = *d, "nvue"
	v.Facts.System = System{ID: "cumulus-linux", Version: "5.9.1", Name: "Cumulus Linux 5.9.1"}
	v.Facts.Hostname, v.Facts.OnDisk, v.Facts.Serials = "leaf1", "leaf1", nil
	v.Facts.Tools = append(v.Facts.Tools, "nv")
	v.Facts.NVUE = NVUE{Runs: true, Wrote: []string{"/etc/frr/frr.conf"}}
}

// TestNVUEAsked: whose change waits is asked of a device that is pushed to
// through NVUE, and of no other.
func TestNVUEAsked(t *testing.T) {
	unit, _ := render.UnitNamed("nvue")
	w := WritesOf([]render.Artifact{{Path: "/etc/nvue.d/startup.yaml", Unit: "nvue"}})
	if w.Free != unit.Trial.Free || !strings.Contains(Brief(w), "--confirm-status") {
		t.Errorf("it is not asked: %+v", w)
	}
	if w = WritesOf([]render.Artifact{{Path: "/etc/frr/frr.conf", Unit: "frr"}}); strings.Contains(Brief(w), "--confirm-status") {
		t.Error("a device with files is asked for NVUE's")
	}
	answer, _ := os.ReadFile("testdata/k8s1.txt")
	f, err := Parse([]byte(strings.Replace(string(answer), partMark+"nvue\n", partMark+"nvue\nruns\nwrote /etc/frr/frr.conf\nbusy root has a change\n", 1)))
	if err != nil || !f.NVUE.Runs || len(f.NVUE.Wrote) != 1 || f.NVUE.Busy != "root has a change" {
		t.Errorf("%v: %+v", err, f.NVUE)
	}
}

func TestParse(t *testing.T) {
	f := captured(t)
	if f.Hostname != "k8s1" || f.System.ID != "debian" || f.System.Version != "12" || f.Router != "8.4.4" || f.Arch != "amd64" {
		t.Errorf("facts %+v", f)
	}
	if f.Packages["frr-pythontools"] != "8.4.4-1.1~deb12u2" || f.Clock.IsZero() || f.Took <= 0 || f.Took > time.Minute {
		t.Errorf("packages %v, clock %v, took %v", f.Packages, f.Clock, f.Took)
	}
	for _, tool := range []string{"flock", "ifreload", "vtysh", "frr-reload.py"} {
		if !f.Has(tool) {
			t.Errorf("no %s among %v", tool, f.Tools)
		}
	}
	if len(f.ReadOnly) != 0 || len(f.Disks) != 1 || f.Disks[0].Point != "/" || f.Disks[0].Free < 1<<30 || f.Disks[0].Inodes < 1000 {
		t.Errorf("disks %+v, read-only %v", f.Disks, f.ReadOnly)
	}
	if len(f.Links) != 3 || f.NVUE.Runs || f.LLDPD {
		t.Errorf("links %+v, nvue %+v", f.Links, f.NVUE)
	}
	answer, _ := os.ReadFile("testdata/k8s1.txt")
	if _, err := Parse(answer[:len(answer)-40]); !errors.Is(err, provision.ErrOutput) {
		t.Errorf("an answer that stops in the middle is %v", err)
	}
}

// TestChecks has for each check what is as it should be, once, and each way in
// which it is not.
func TestChecks(t *testing.T) {
	all := Judge(good(t))
	for _, c := range all.Checks {
		if c.State != OK {
			t.Errorf("a healthy device: %s is %s: %s", c.Check, c.State, c.Message)
		}
	}
	if all.State != OK || all.Refusal() != nil || len(all.Checks) != len(Checks) {
		t.Errorf("a healthy device is %s with %d checks", all.State, len(all.Checks))
	}
	fail := func(kind error, detail string) error {
		return &provision.DeviceError{Device: "k8s1", Where: "192.0.2.21:22", Kind: kind, Detail: detail}
	}
	cases := []struct {
		check string
		state State
		says  string
		spoil func(*View)
	}{
		{"reachable", Failed, "does not answer: no route", func(v *View) { v.DialErr, v.Facts = fail(provision.ErrUnreachable, "no route to host"), nil }},
		{"reachable", Failed, "fell silent", func(v *View) { v.RootErr, v.Facts = fail(provision.ErrTimeout, "slow"), nil }},
		{"host-key", Failed, "changed", func(v *View) {
			v.DialErr, v.Facts = &provision.HostKeyError{Host: "k8s1", SHA256: "SHA256:b", Known: "SHA256:a", Changed: true}, nil
		}},
		{"host-key", Failed, "not known yet", func(v *View) { v.DialErr, v.Facts = &provision.HostKeyError{Host: "k8s1", SHA256: "SHA256:b"}, nil }},
		{"login", Failed, "login refused", func(v *View) { v.DialErr, v.Facts = fail(provision.ErrAuth, "no key"), nil }},
		{"login", Failed, "broken algorithms", func(v *View) { v.DialErr, v.Facts = fail(provision.ErrWeak, "old"), nil }},
		{"password", Failed, "wants the password of ops changed", func(v *View) {
			v.Shell.Err, v.RootErr, v.Facts = &provision.ExitError{Status: 1, Stderr: "WARNING: Your password has expired."}, provision.ErrSudo, nil
		}},
		{"sudo", Failed, "ops is not let be root: it asks", func(v *View) { v.RootErr, v.Facts = fmt.Errorf("%w: it asks", provision.ErrSudo), nil }},
		{"shell", Warning, "takes 5.0 s", func(v *View) { v.Shell.Took = 5 * time.Second }},
		{"shell", Failed, "take 30 s", func(v *View) { v.Received = v.Sent.Add(30*time.Second + v.Facts.Took) }},
		{"shell", Warning, `prints by itself: "fortune`, func(v *View) { v.Shell.Noise = "\nfortune\ncookie\n" }},
		{"identity", Failed, "calls itself leaf2", func(v *View) { v.Facts.Hostname, v.Facts.OnDisk = "leaf2.example.net", "leaf2" }},
		{"identity", Failed, "calls itself mail7", func(v *View) { v.Facts.Hostname, v.Facts.OnDisk, v.Facts.LLDP = "mail7", "mail7", nil }},
		{"identity", Failed, "cables are those of leaf2", func(v *View) {
			v.Device = device(v, "leaf1")
			v.Facts.Hostname, v.Facts.OnDisk, v.Facts.LLDP = "cumulus", "cumulus", []observe.Seen{{Port: "swp51", Device: "spine1", PeerPort: "swp2"}, {Port: "eth0", Device: "oob", PeerPort: "3"}}
		}},
		{"identity", OK, "neighbors are those of leaf2", func(v *View) {
			v.Device = device(v, "leaf2")
			v.Facts.Hostname, v.Facts.OnDisk, v.Facts.LLDP = "cumulus", "cumulus", []observe.Seen{{Port: "swp51", Device: "spine1", PeerPort: "swp2"}}
		}},
		{"identity", Unknown, "no proof", func(v *View) { v.Facts.Hostname, v.Facts.OnDisk, v.Facts.LLDP = "debian-12", "", nil }},
		{"identity", Failed, "serial is K8S-2, which is the one of k8s2", func(v *View) { v.Facts.Serials = []string{"k8s-2"} }},
		{"identity", Failed, "fabric.yaml says K8S-2", func(v *View) {
			v.Device = device(v, "k8s2")
			v.Facts.Hostname, v.Facts.Serials = "k8s2", []string{"OTHER"}
		}},
		{"identity", OK, "serial is K8S-2", func(v *View) {
			v.Device = device(v, "k8s2")
			v.Facts.Hostname, v.Facts.Serials = "spine1", []string{"BOARD", "K8S-2"}
		}},
		{"identity", OK, "on the disk is k8s1", func(v *View) { v.Facts.Hostname = "leaf2" }},
		{"identity", OK, "host name is k8s1", func(v *View) { v.Lab, v.Facts.Serials = true, []string{"K8S-2"} }},
		{"platform", Warning, "runs Ubuntu", func(v *View) { v.Facts.System = System{ID: "ubuntu", Name: "Ubuntu 24.04"} }},
		{"platform", OK, "stands in for", func(v *View) { v.Lab, v.Facts.System = true, System{ID: "ubuntu", Name: "Ubuntu 24.04"} }},
		{"platform", Warning, "release 11", func(v *View) { v.Device.Release = "11" }},
		{"platform", Failed, "writes files for sonic", func(v *View) { v.Device.Platform = "sonic" }},
		{"platform", Failed, "writes files for flatcar", func(v *View) { v.Device.Platform = "flatcar" }},
		{"platform", Failed, "writes files for coreos", func(v *View) { v.Device.Platform = "coreos" }},
		{"router", Failed, "not installed", func(v *View) { without(v, "vtysh"); v.Facts.Router = "" }},
		{"router", Warning, "older", func(v *View) { v.Facts.Router = "6.0.2" }},
		{"router", OK, "newer", func(v *View) { v.Facts.Router = "11.0" }},
		{"router", OK, "10.3.1", func(v *View) { v.Facts.Router = "10.3.1" }},
		{"router", Failed, "podman is not there", func(v *View) {
			v.Device.Router, v.Device.Container.Engine = "frr-container", "podman"
			without(v, "podman")
		}},
		{"packages", Failed, "frr-pythontools", func(v *View) { without(v, "frr-reload.py") }},
		{"packages", Failed, "ifupdown2", func(v *View) { without(v, "ifreload") }},
		{"nvue", Failed, "owns /etc/frr/frr.conf", func(v *View) { v.Facts.NVUE = NVUE{Runs: true, Wrote: []string{"/etc/frr/frr.conf"}} }},
		{"nvue", OK, "nobody's change", onNVUE},
		{"platform", OK, "Cumulus Linux 5.9.1", onNVUE},
		{"nvue", Failed, "there is no nv", func(v *View) { onNVUE(v); without(v, "nv") }},
		{"nvue", Failed, "a lab has no NVUE", func(v *View) { onNVUE(v); without(v, "nv"); v.Lab = true }},
		{"nvue", Failed, "there is no nvued", func(v *View) { onNVUE(v); v.Facts.NVUE.Runs = false }},
		{"nvue", Failed, "4.4.0 has no NVUE", func(v *View) { onNVUE(v); v.Facts.System.Version = "4.4.0" }},
		{"nvue", Failed, "5.15.0, whose NVUE has other words", func(v *View) { onNVUE(v); v.Facts.System.Version = "5.15.0" }},
		{"nvue", OK, "NVUE runs", func(v *View) { onNVUE(v); v.Facts.System.Version, v.Device.Release = "5.15.0", "5.15" }},
		{"nvue", Failed, "5.0.1, whose NVUE has other words", func(v *View) { onNVUE(v); v.Facts.System.Version = "5.0.1" }},
		{"nvue", Failed, "on trial", func(v *View) { onNVUE(v); v.Facts.NVUE.Busy = "a change of somebody else is on trial in NVUE" }},
		{"nvue", Warning, "NVUE runs", func(v *View) { v.Facts.NVUE.Runs = true }},
		{"writable", Failed, "/etc/frr", func(v *View) { v.Facts.ReadOnly["/etc/frr"] = "/etc" }},
		{"disk", Failed, "/ has 1 MiB free", func(v *View) { v.Facts.Disks[0].Free = 1 << 20 }},
		{"disk", Failed, "only 7 inodes", func(v *View) { v.Facts.Disks[0].Inodes = 7 }},
		{"disk", Warning, "only 30 MiB", func(v *View) { v.Facts.Disks[0].Free = 30 << 20 }},
		{"disk", Warning, "only 700 inodes", func(v *View) { v.Facts.Disks[0].Inodes = 700 }},
		{"disk", OK, "enough", func(v *View) { v.Facts.Disks[0].Inodes = -1 }},
		{"clock", Warning, "62 minutes behind", func(v *View) { v.Facts.Clock = v.Facts.Clock.Add(-62 * time.Minute) }},
		{"clock", Warning, "days ahead", func(v *View) { v.Facts.Clock = v.Facts.Clock.Add(1000 * time.Hour) }},
		{"clock", OK, "as this", func(v *View) { v.Facts.Clock = v.Facts.Clock.Add(20 * time.Second) }},
		{"ports", Warning, "no eth1", func(v *View) { v.Facts.Links = v.Facts.Links[:1] }},
		{"ports", Unknown, "down by its own setting: eth1", func(v *View) { port(v, "eth1").Up = false }},
		{"ports", Unknown, "no carrier on eth1", func(v *View) { port(v, "eth1").Carrier = false }},
		{"cabling", Warning, "eth1 sees leaf2:swp1, planned is leaf1:swp1", func(v *View) { v.Facts.LLDP[0].Device = "leaf2" }},
		{"cabling", Warning, "eth1 sees leaf1:swp9", func(v *View) { v.Facts.LLDP[0].PeerPort = "swp9" }},
		{"cabling", Unknown, "0 of 1", func(v *View) { v.Facts.LLDP[0].Device = "cumulus" }},
		{"cabling", Unknown, "0 of 1", func(v *View) { v.Facts.LLDP = nil }},
		{"cabling", Unknown, "lldpd does not run", func(v *View) { v.Facts.LLDPD, v.Facts.LLDP = false, nil }},
		{"cabling", OK, "all 1", func(v *View) { // several on one port: the planned one is among them
			v.Facts.LLDP = append([]observe.Seen{{Port: "eth1", Device: "leaf2", PeerPort: "swp1"}}, v.Facts.LLDP...)
		}},
	}
	tried := map[string]bool{}
	for _, c := range cases {
		v := good(t)
		c.spoil(&v)
		r := Judge(v)
		got := r.Result(c.check)
		if got.State != c.state || !strings.Contains(got.Message, c.says) {
			t.Errorf("%s (%s): %s: %s", c.check, c.says, got.State, got.Message)
		}
		refused := r.Refusal()
		if c.state == Failed && (refused == nil || !strings.HasPrefix(refused.Error(), v.Device.Name+": ")) {
			t.Errorf("%s (%s): a push would go on: %v", c.check, c.says, refused)
		}
		if c.state != Failed && refused != nil {
			t.Errorf("%s (%s): a push is refused: %v", c.check, c.says, refused)
		}
		tried[c.check] = tried[c.check] || c.state != OK
	}
	for _, c := range Checks {
		if !tried[c.Name] {
			t.Errorf("%s: nothing here makes it fail", c.Name)
		}
	}
}

func device(v *View, name string) model.Device {
	d, _ := v.Plan.Device(name)
	return *d
}

func without(v *View, tool string) {
	v.Facts.Tools = slices.DeleteFunc(v.Facts.Tools, func(t string) bool { return t == tool })
}

func port(v *View, name string) *observe.Link {
	for i := range v.Facts.Links {
		if v.Facts.Links[i].Name == name {
			return &v.Facts.Links[i]
		}
	}
	return nil
}

func TestOffers(t *testing.T) {
	v := good(t)
	port(&v, "eth1").Up = false
	without(&v, "frr-reload.py")
	r := Judge(v)
	if !slices.Equal(r.Offers.Raise, []string{"eth1"}) || !slices.Equal(r.Offers.Packages, []string{"frr-pythontools"}) || r.Offers.Password {
		t.Errorf("offers %+v", r.Offers)
	}
}

// TestTogether: a dark port is a warning once its far end is known to be up.
func TestTogether(t *testing.T) {
	v := good(t)
	port(&v, "eth1").Carrier = false
	node := Judge(v)
	leaf := Report{Name: "leaf1", State: OK, Ports: []Port{{Name: "swp1", State: portDown, Peer: "k8s1", PeerPort: "eth1"}}}
	if got := Together([]Report{node, leaf})[0]; got.State != OK {
		t.Errorf("the far end is down, and the near one is %s", got.State)
	}
	leaf.Ports[0].State = portDark
	got := Together([]Report{node, leaf})[0]
	if got.State != Warning || !strings.Contains(got.Result("ports").Message, "eth1 to leaf1:swp1") {
		t.Errorf("both ends are up: %s, %+v", got.State, got.Result("ports"))
	}
	if node.Result("ports").State != Unknown {
		t.Error("the report that was given is changed")
	}
}
