package render_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/butane/config"
	"github.com/coreos/butane/config/common"
	ignition "github.com/coreos/ignition/v2/config/v3_4"
	"github.com/coreos/ignition/v2/config/v3_4/types"

	"closup/model"
	"closup/render"
)

// ignitionSystems are the platforms that take Ignition.
var ignitionSystems = []string{"flatcar", "coreos"}

// onto is a case whose nodes run another platform, and where all is set whose
// other devices do too.
func onto(t testing.TB, name, platform string, all bool) *model.Plan {
	t.Helper()
	p := planOf(t, name, cases(t)[name])
	for i := range p.Devices {
		if d := &p.Devices[i]; all || d.Role == model.Node {
			d.Platform = platform
		}
	}
	return p
}

// butane renders the target, by path.
func butane(t testing.TB, p *model.Plan, devices ...string) map[string][]byte {
	t.Helper()
	target, _ := render.TargetNamed("butane")
	out := map[string][]byte{}
	for f, err := range target.Files(p, devices...) {
		if err != nil {
			t.Fatal(err)
		}
		out[f.Path] = f.Body
	}
	return out
}

// readIgnition is an Ignition file as Ignition itself reads and validates it.
func readIgnition(text []byte) (types.Config, error) {
	c, report, err := ignition.Parse(text)
	if err == nil && len(report.Entries) > 0 {
		err = fmt.Errorf("%s", report.String())
	}
	return c, err
}

// dataOf is what a data URL holds (RFC 2397).
func dataOf(text string) (string, error) {
	if packed, ok := strings.CutPrefix(text, "data:;base64,"); ok {
		out, err := base64.StdEncoding.DecodeString(packed)
		return string(out), err
	}
	plain, ok := strings.CutPrefix(text, "data:,")
	if !ok {
		return "", fmt.Errorf("no data URL: %s", text)
	}
	return url.PathUnescape(plain)
}

// contents are the files and units of an Ignition file, by path.
func contents(t *testing.T, c types.Config) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, f := range c.Storage.Files {
		text, err := dataOf(*f.Contents.Source)
		if err != nil {
			t.Fatalf("%s: %v", f.Path, err)
		}
		if f.Mode == nil || *f.Mode == 0 {
			t.Errorf("%s has no mode", f.Path)
		}
		out[f.Path] = text
	}
	for _, u := range c.Systemd.Units {
		if u.Contents != nil {
			out["/etc/systemd/system/"+u.Name] = *u.Contents
		}
		for _, d := range u.Dropins {
			out["/etc/systemd/system/"+u.Name+".d/"+d.Name] = *d.Contents
		}
	}
	return out
}

// TestIgnition: every node of every case has a Butane file that Butane takes
// without a doubt, and an Ignition file that Ignition takes; in it is what the
// device's files hold.
func TestIgnition(t *testing.T) {
	for name := range cases(t) {
		for _, platform := range ignitionSystems {
			p := onto(t, name, platform, false)
			files := butane(t, p)
			for i := range p.Devices {
				d := &p.Devices[i]
				text, made := files[d.Name+".ign"]
				if made != (d.Role == model.Node) {
					t.Errorf("%s: %s: made is %v", name, d.Name, made)
				}
				if !made {
					continue
				}
				c, err := readIgnition(text)
				if err != nil {
					t.Errorf("%s, %s: %s: %v", name, platform, d.Name, err)
					continue
				}
				has := contents(t, c)
				conf, unit := has["/etc/frr/frr.conf"], "frr-container.service"
				if d.Router == "quagga-container" {
					conf, unit = has["/etc/quagga/Quagga.conf"], "quagga-container.service"
				}
				if !strings.Contains(conf, fmt.Sprintf("\nrouter bgp %d\n", d.ASN)) {
					t.Errorf("%s: its router's file is %q", d.Name, conf)
				}
				if has["/etc/hostname"] != d.Name+"\n" || !strings.Contains(has["/etc/hosts"], " localhost\n") {
					t.Errorf("%s: %q, %q", d.Name, has["/etc/hostname"], has["/etc/hosts"])
				}
				networkd := has["/etc/systemd/network/10-closup-lo.network"] != ""
				manager := has["/etc/NetworkManager/system-connections/closup-lo.nmconnection"] != ""
				if networkd != (platform == "flatcar") || manager != (platform == "coreos") {
					t.Errorf("%s, %s: networkd %v, NetworkManager %v", name, platform, networkd, manager)
				}
				if !slices.ContainsFunc(c.Systemd.Units, func(u types.Unit) bool {
					return u.Name == unit && u.Enabled != nil && *u.Enabled
				}) {
					t.Errorf("%s: FRR is not started", d.Name)
				}
			}
		}
	}
}

// TestIgnitionRefuses: Butane and Ignition are not blind.
func TestIgnitionRefuses(t *testing.T) {
	for _, platform := range ignitionSystems {
		files := butane(t, onto(t, "article", platform, false), "k8s1")
		whole := files["k8s1.bu"]
		take := func(text []byte) error {
			_, report, err := config.TranslateBytes(text, common.TranslateBytesOptions{})
			if err == nil && len(report.Entries) > 0 {
				err = fmt.Errorf("%s", report.String())
			}
			return err
		}
		if err := take(whole); err != nil {
			t.Errorf("%s: %v", platform, err)
		}
		for old, spoilt := range map[string]string{
			"overwrite: true":               "overwright: true",
			`path: "/etc/hostname"`:         `path: "etc/hostname"`,
			"mode: 0644":                    "mode: rw",
			"enabled: true":                 "enabled: maybe",
			`name: "frr-container.service"`: `name: "frr-container.swervice"`,
			"variant: ":                     "variant: x",
		} {
			text := bytes.Replace(whole, []byte(old), []byte(spoilt), 1)
			if bytes.Equal(text, whole) {
				t.Errorf("%s: %q is not there", platform, old)
			} else if err := take(text); err == nil {
				t.Errorf("%s: %q is accepted", platform, spoilt)
			}
		}
		if _, err := readIgnition(bytes.Replace(files["k8s1.ign"], []byte(`"path": "/etc/hostname"`), []byte(`"path": "etc/hostname"`), 1)); err == nil {
			t.Errorf("%s: Ignition takes a path that is not absolute", platform)
		}
	}
}

// TestButaneUnits: systemd takes every unit and drop-in, and not a spoilt one.
// What runs containers stands in.
func TestButaneUnits(t *testing.T) {
	need(t, true, "systemd-analyze", "unshare", "nsenter")
	t.Parallel()
	for _, platform := range ignitionSystems {
		c, err := readIgnition(butane(t, onto(t, "article", platform, false), "k8s1")["k8s1.ign"])
		if err != nil {
			t.Fatal(err)
		}
		b := newBox(t)
		b.run(`mkdir -p /etc/systemd/system
for unit in docker kubelet; do printf '[Service]\nExecStart=/bin/true\n' >/etc/systemd/system/$unit.service; done`)
		stood := strings.NewReplacer("/usr/bin/docker", "/bin/true", "/usr/bin/podman", "/bin/true")
		for path, text := range contents(t, c) {
			if strings.HasPrefix(path, "/etc/systemd/system/") {
				b.run(`mkdir -p "$(dirname "$1")" && printf %s "$2" >"$1"`, path, stood.Replace(text))
			}
		}
		verify := func() string {
			out, _ := b.try(`systemd-analyze verify --man=no /etc/systemd/system/frr-container.service /etc/systemd/system/kubelet.service`)
			return out
		}
		if said := verify(); said != "" {
			t.Errorf("%s: systemd says: %s", platform, said)
		}
		for _, spoil := range []string{"s/^Restart=always/Restart=allways/", "s/^ExecStart=/ExecStrat=/", "s/^After=/Aftre=/"} {
			b.run(`cp -p /etc/systemd/system/frr-container.service /run/frr.service && sed -i "$1" /etc/systemd/system/frr-container.service`, spoil)
			if said := verify(); said == "" {
				t.Errorf("%s: %s: systemd says nothing", platform, spoil)
			}
			b.run(`cp -p /run/frr.service /etc/systemd/system/frr-container.service`)
		}
	}
}

// keyfileKeys are the keys of NetworkManager's profiles that closup may write,
// by section (nm-settings-keyfile(5)), each with what its value has to be.
var keyfileKeys = map[string]map[string]func(string) bool{
	"connection": {
		"id": nonEmpty, "interface-name": model.SafeInterface,
		"type": oneOf("loopback", "ethernet", "vlan"),
	},
	"ethernet": {"mtu": digits},
	"vlan":     {"id": digits, "parent": model.SafeInterface},
	"ipv4":     {"method": oneOf("disabled", "manual"), "address1": isPrefix, "address2": isPrefix},
	"ipv6":     {"method": oneOf("link-local", "manual"), "address1": isPrefix, "address2": isPrefix},
}

func nonEmpty(s string) bool { return s != "" }

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func isPrefix(s string) bool {
	_, err := model.ParseAddressRange(s)
	return err == nil && strings.Contains(s, "/")
}

func oneOf(words ...string) func(string) bool {
	return func(s string) bool { return slices.Contains(words, s) }
}

// readKeyfile reads a profile as SECTION.KEY: VALUE, and refuses what is not in
// the table above, what comes twice, and addresses without method manual.
func readKeyfile(text string) (map[string]string, error) {
	out := map[string]string{}
	section := ""
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		key, value, ok := strings.Cut(line, "=")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = line[1 : len(line)-1]
		case !ok || keyfileKeys[section][key] == nil || !keyfileKeys[section][key](value) || out[section+"."+key] != "":
			return nil, fmt.Errorf("[%s]: %q", section, line)
		default:
			out[section+"."+key] = value
		}
	}
	for _, ip := range []string{"ipv4", "ipv6"} {
		if (out[ip+".method"] == "manual") != (out[ip+".address1"] != "") {
			return nil, fmt.Errorf("%s: method %q, address %q", ip, out[ip+".method"], out[ip+".address1"])
		}
	}
	return out, nil
}

// TestKeyfiles: NetworkManager's profiles say what the plan says.
func TestKeyfiles(t *testing.T) {
	c, err := readIgnition(butane(t, onto(t, "everything", "coreos", true), "border1")["border1.ign"])
	if err != nil {
		t.Fatal(err)
	}
	has := contents(t, c)
	read := func(port string) map[string]string {
		got, err := readKeyfile(has["/etc/NetworkManager/system-connections/closup-"+port+".nmconnection"])
		if err != nil {
			t.Errorf("%s: %v", port, err)
		}
		return got
	}
	for port, want := range map[string]map[string]string{
		"lo":        {"connection.type": "loopback", "ipv4.address1": "127.0.0.1/8", "ipv4.address2": "10.1.4.1/32", "ipv6.address2": "fd00:4::1/128", "ethernet.mtu": ""},
		"swp51":     {"connection.type": "ethernet", "ethernet.mtu": "9216", "ipv4.method": "disabled", "ipv6.method": "link-local"},
		"swp45":     {"ipv4.address1": "203.0.113.1/31", "ipv6.method": "link-local"},
		"swp46":     {"connection.type": "ethernet", "ipv6.method": "link-local"},
		"swp46.100": {"connection.type": "vlan", "vlan.id": "100", "vlan.parent": "swp46", "ipv4.method": "disabled", "ipv6.address1": "2001:db8:0:1::1/127"},
	} {
		got := read(port)
		for key, value := range want {
			if got[key] != value {
				t.Errorf("%s: %s is %q, not %q", port, key, got[key], value)
			}
		}
	}
	whole := has["/etc/NetworkManager/system-connections/closup-swp45.nmconnection"]
	for old, spoilt := range map[string]string{
		"mtu=9216": "mtu=big", "interface-name=": "interface=", "address1=203.0.113.1/31": "address1=203.0.113.1",
		"method=manual": "method=auto", "[ipv4]": "[ip4]", "[ipv6]\n": "[ipv6]\nmethod=manual\n",
	} {
		text := strings.Replace(whole, old, spoilt, 1)
		if _, err := readKeyfile(text); err == nil || text == whole {
			t.Errorf("%q is accepted, or %q is not there", spoilt, old)
		}
	}
}
