package render_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// vagrantDir writes the target's files of a case into a folder.
func vagrantDir(t *testing.T, name string, text []byte) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range filesOf(t, planOf(t, name, text), "vagrant") {
		write(t, filepath.Join(dir, f.Path), f.Body)
	}
	return dir
}

// recorder stands in for Vagrant: it runs a Vagrantfile for one provider and
// prints what was asked for, as JSON.
const recorder = `
require "json"
class Recorder
  attr_reader :got
  def initialize(provider); @provider, @got = provider, { "networks" => [], "provisions" => [], "machines" => {} }; end
  def vm; self; end
  def method_missing(name, *args, **options, &block)
    case name
    when :define
      machine = Recorder.new(@provider)
      block.call(machine)
      @got["machines"][args[0]] = machine.got
    when :provider
      block.call(Provider.new(@got), self) if args[0] == @provider
    when :network then @got["networks"] << options
    when :provision then @got["provisions"] << { "kind" => args[0] }.merge(options)
    when :synced_folder then nil
    when :box= then @got["box"] = args[0]
    else raise "#{name} is not known"
    end
  end
end
class Provider
  def initialize(got); @got = got; end
  def method_missing(name, *args); @got[name.to_s] = args.size == 1 ? args[0] : args; end
end
module Vagrant
  def self.configure(version)
    raise "version #{version}" unless version == "2"
    root = Recorder.new(ARGV[1].to_sym)
    yield root
    puts JSON.generate(root.got["machines"])
  end
end
load ARGV[0]
`

// vagrantMachine is what a Vagrantfile asks for one machine.
type vagrantMachine struct {
	Box                  string
	Networks, Provisions []map[string]any
}

func runVagrantfile(t *testing.T, dir, provider string, env ...string) (map[string]vagrantMachine, string, error) {
	t.Helper()
	cmd := exec.Command("ruby", "-W", "-e", recorder, filepath.Join(dir, "Vagrantfile"), provider)
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, stderr.String(), err
	}
	var got map[string]vagrantMachine
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return got, stderr.String(), nil
}

// TestVagrantCables: run by Ruby, every Vagrantfile asks for one machine a
// device and for the plan's cables: UDP ports that point at each other on
// libvirt, networks of two on VirtualBox. The machine's own list says which
// port each is.
func TestVagrantCables(t *testing.T) {
	need(t, false, "ruby")
	t.Parallel()
	for name, text := range cases(t) {
		p := planOf(t, name, text)
		dir := vagrantDir(t, name, text)
		for _, provider := range []string{"libvirt", "virtualbox"} {
			machines, said, err := runVagrantfile(t, dir, provider)
			if err != nil || said != "" {
				t.Errorf("%s, %s: %v: %s", name, provider, err, said)
				continue
			}
			for name, m := range machines {
				if m.Box == "" || len(m.Provisions) != 5 {
					t.Errorf("%s: %+v", name, m)
				}
			}
			if len(machines) != len(p.Devices) {
				t.Errorf("%s: %d machines for %d devices", name, len(machines), len(p.Devices))
			}
			if got, want := vagrantCables(t, dir, provider, machines), cablesOf(p); !slices.Equal(got, want) {
				t.Errorf("%s, %s: cables %v, not %v", name, provider, got, want)
			}
		}
	}
}

// vagrantCables are the cables that machines are joined by, as text.
func vagrantCables(t *testing.T, dir, provider string, machines map[string]vagrantMachine) []string {
	t.Helper()
	ends := map[string][]string{}
	for name, m := range machines {
		ports := portNames(t, dir, name)
		if len(ports) != len(m.Networks) {
			t.Errorf("%s has %d networks and %d ports", name, len(m.Networks), len(ports))
		}
		for _, n := range m.Networks {
			mac := strings.ReplaceAll(n["mac"].(string), ":", "")
			cable := ""
			if provider == "libvirt" {
				near, far := number(t, n["libvirt__tunnel_local_port"]), number(t, n["libvirt__tunnel_port"])
				if n["libvirt__tunnel_type"] != "udp" || near == far {
					t.Errorf("%s: %v", name, n)
				}
				cable = strconv.Itoa(min(near, far)) + "-" + strconv.Itoa(max(near, far))
			} else {
				cable = n["virtualbox__intnet"].(string)
			}
			if n["auto_config"] != false || ports[mac] == "" {
				t.Errorf("%s: %v, of %v", name, n, ports)
			}
			ends[cable] = append(ends[cable], name+":"+ports[mac])
		}
	}
	var out []string
	for cable, of := range ends {
		if len(of) > 2 {
			t.Errorf("%s joins %v", cable, of)
		}
		if len(of) == 2 {
			slices.Sort(of)
			out = append(out, strings.Join(of, " "))
		}
	}
	slices.Sort(out)
	return out
}

func number(t *testing.T, v any) int {
	t.Helper()
	n, err := strconv.Atoi(v.(string))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// portNames reads a machine's own list: port by MAC address without colons.
func portNames(t *testing.T, dir, name string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(machineFiles(t, dir, name)["/etc/closup/ports"]), "\n") {
		if mac, port, ok := strings.Cut(line, " "); ok {
			out[strings.ReplaceAll(mac, ":", "")] = port
		}
	}
	return out
}

// machineFiles are the files of a machine, by path.
func machineFiles(t *testing.T, dir, name string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, file := range []string{"closup/common.json", "machines/" + name + ".json"} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		var device struct {
			Files []struct {
				Path string
				Body []string
			}
		}
		if err := json.Unmarshal(text, &device); err != nil {
			t.Fatal(err)
		}
		for _, f := range device.Files {
			out[f.Path] = strings.Join(f.Body, "")
		}
	}
	return out
}

// TestVagrantUDP: cables that do not fit are told, and can be put elsewhere.
func TestVagrantUDP(t *testing.T) {
	need(t, false, "ruby")
	t.Parallel()
	dir := vagrantDir(t, "ipv6", cases(t)["ipv6"])
	machines, said, err := runVagrantfile(t, dir, "libvirt", "CLOSUP_UDP=20000")
	if err != nil || machines["leaf1"].Networks[0]["libvirt__tunnel_local_port"] != "20001" {
		t.Errorf("%v %s %+v", err, said, machines)
	}
	if _, said, err := runVagrantfile(t, dir, "libvirt", "CLOSUP_UDP=65535"); err == nil || !strings.Contains(said, "set CLOSUP_UDP lower") {
		t.Errorf("%v: %q", err, said)
	}
}

// TestVagrantfileSyntax: Ruby takes every Vagrantfile, and not one that is cut.
func TestVagrantfileSyntax(t *testing.T) {
	need(t, false, "ruby")
	t.Parallel()
	check := func(text []byte) error {
		cmd := exec.Command("ruby", "-wc")
		cmd.Stdin = bytes.NewReader(text)
		return cmd.Run()
	}
	for name, text := range cases(t) {
		f := filesOf(t, planOf(t, name, text), "vagrant")[0]
		if err := check(f.Body); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := check(f.Body[:len(f.Body)-4]); err == nil {
			t.Errorf("%s: it is accepted without its end", name)
		}
	}
}

// TestVagrantValidate: Vagrant itself takes the file for both providers, and
// notices a key that is none.
func TestVagrantValidate(t *testing.T) {
	need(t, false, "vagrant")
	t.Parallel()
	dir := vagrantDir(t, "ipv6", cases(t)["ipv6"])
	home := t.TempDir()
	validate := func(provider string, args ...string) (string, error) {
		cmd := exec.Command("vagrant", append([]string{"validate"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "VAGRANT_HOME="+home, "VAGRANT_DEFAULT_PROVIDER="+provider, "VAGRANT_CHECKPOINT_DISABLE=1")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := validate("libvirt"); err != nil {
		t.Errorf("libvirt: %v\n%s", err, out)
	}
	// There is no VirtualBox here, so its own block is all that is left out.
	if out, err := validate("virtualbox", "--ignore-provider"); err != nil {
		t.Errorf("virtualbox: %v\n%s", err, out)
	}
	file := filepath.Join(dir, "Vagrantfile")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, bytes.Replace(text, []byte("libvirt.nic_adapter_count"), []byte("libvirt.nic_adopter_count"), 1))
	if out, err := validate("libvirt"); err == nil || !strings.Contains(out, "nic_adopter_count") {
		t.Errorf("a misspelt key: %v\n%s", err, out)
	}
}

// TestVagrantProvision runs in a box what runs in a machine: ports are named by
// their MAC addresses although others have those names, files are merged into
// the machine's own, FRR runs, and a second time changes nothing.
func TestVagrantProvision(t *testing.T) {
	need(t, true, "vtysh", "ifup", "unshare", "nsenter", "python3")
	t.Parallel()
	b := newBox(t)
	dir := vagrantDir(t, "article", cases(t)["article"])
	b.run(`ip link add eth0 type veth peer name far0
printf 'auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n' >/etc/network/interfaces
i=0; for mac in $1; do i=$((i + 1)); ip link add "port$i" address "$mac" type veth peer name "far$i"; ip link set "far$i" up; done
[ $i = 2 ]; ip link set port1 name swp1; ip link set port2 name swp32`, "02:c1:05:00:00:01 02:c1:05:00:00:04")
	if got := portNames(t, dir, "leaf1"); got["02c105000001"] != "swp32" || got["02c105000004"] != "swp1" {
		t.Fatalf("leaf1's ports are others: %v", got)
	}
	b.run(`cp "$1/closup/newfiles.py" "$1/closup/install.py" "$1/closup/common.json" /run/`, dir)
	const provision = `python3 /run/install.py /run/newfiles.py /run/common.json "$1/machines/leaf1.json"`
	first := b.run(provision, dir)
	if !strings.Contains(first, "wrote /etc/frr/frr.conf") {
		t.Errorf("it says: %s", first)
	}
	for script, want := range map[string]string{
		`cat /sys/class/net/swp32/address`:     "02:c1:05:00:00:01",
		`cat /sys/class/net/swp1/address`:      "02:c1:05:00:00:04",
		`ip -o addr show dev lo`:               "10.1.1.1/32",
		`cat /sys/class/net/swp1/mtu`:          "9000",
		`cat /etc/network/interfaces`:          "iface eth0 inet dhcp",
		`vtysh -c 'show bgp summary json'`:     `"as":65101`,
		`hostname`:                             "leaf1",
		`stat -c '%U:%G %a' /etc/frr/frr.conf`: "frr:frr 640",
	} {
		if got := b.run(script); !strings.Contains(got, want) {
			t.Errorf("%s: %q, not %s", script, got, want)
		}
	}
	if again := b.run(provision, dir); again != "" {
		t.Errorf("a second time it says: %s", again)
	}
	b.run(`vtysh -c 'configure terminal' -c 'no router bgp 65101'`)
	if said := b.run(provision, dir); strings.Contains(said, "wrote") {
		t.Errorf("files are written anew: %s", said)
	}
	if got := b.run(`vtysh -c 'show bgp summary json'`); !strings.Contains(got, `"as":65101`) {
		t.Errorf("what was lost is not made live again: %s", got)
	}
	b.run(`sed 's/router bgp/rooter bgp/' "$1/machines/leaf1.json" >/run/bad.json`, dir)
	if out, err := b.try(`python3 /run/install.py /run/newfiles.py /run/common.json /run/bad.json`); err == nil || !strings.Contains(out, "would not be accepted") {
		t.Errorf("a frr.conf that FRR refuses: %v: %s", err, out)
	}
}

// TestVagrantUnit: systemd takes the unit that names the ports, and not a
// spoilt one.
func TestVagrantUnit(t *testing.T) {
	need(t, true, "systemd-analyze", "unshare", "nsenter")
	t.Parallel()
	b := newBox(t)
	const unit = "/etc/systemd/system/closup-ports.service"
	bodies := machineFiles(t, vagrantDir(t, "article", cases(t)["article"]), "leaf1")
	for _, path := range []string{"/etc/closup/name-ports", unit} {
		b.run(`mkdir -p "$(dirname "$1")" && printf %s "$2" >"$1"`, path, bodies[path])
	}
	b.run(`chmod 755 /etc/closup/name-ports`)
	verify := `systemd-analyze verify --man=no ` + unit + ` 2>&1; true`
	if said := b.run(verify); said != "" {
		t.Errorf("systemd says: %s", said)
	}
	for _, spoil := range []string{"s/^ExecStart=.*/ExecStart=name-ports/", "s/^Type=.*/Typ=oneshot/", "s/^Before=/Befor=/"} {
		b.run(`printf %s "$2" | sed "$3" >"$1"`, unit, bodies[unit], spoil)
		if said := b.run(verify); said == "" {
			t.Errorf("%s: systemd says nothing", spoil)
		}
	}
}
