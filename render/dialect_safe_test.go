package render_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"closup/model"
	"closup/render"
)

// spoilt is a plan in which one device is another.
func spoilt(p *model.Plan, device string, spoil func(*model.Device)) *model.Plan {
	out := *p
	out.Devices = slices.Clone(p.Devices)
	i := slices.IndexFunc(out.Devices, func(d model.Device) bool { return d.Name == device })
	d := &out.Devices[i]
	d.Ports = slices.Clone(d.Ports)
	r := &d.Routing
	r.Peers, r.Groups, r.PrefixLists = slices.Clone(r.Peers), slices.Clone(r.Groups), slices.Clone(r.PrefixLists)
	r.PathLists, r.Originate = slices.Clone(r.PathLists), slices.Clone(r.Originate)
	spoil(d)
	return &out
}

// dialectFiles are the files of one device in one dialect, or why there are
// none.
func dialectFiles(p *model.Plan, target, device string) (map[string][]byte, error) {
	out := map[string][]byte{}
	t, _ := render.TargetNamed(target)
	for f, err := range t.Files(p, device) {
		if err != nil {
			return nil, err
		}
		out[path.Base(f.Path)] = f.Body
	}
	return out, nil
}

// FuzzDialects: one command in, one command out. Whatever a description holds,
// it is refused, or a real shell hands it to its command as it is, and no
// command is added; and in YAML, JSON and frr.conf it stays one value, one line.
func FuzzDialects(f *testing.F) {
	for _, seed := range []string{
		"leafs", "a\nnet add hostname x", "a\r", "${x}", "`id`", "$(id)", "a;b", " a", "a'b", "a\"b", "-y", "--help", "", "a\x00b", "a\u2028b", "a: b", "a #b",
		"{}", "on", "10", "a\\", "a  b", "*", "~", "!", "a|b", "a&b", "\\'", "yes", "a/b.c_d:e-f",
	} {
		f.Add(seed)
	}
	whole := planOf(f, "article", cases(f)["article"])
	clean := map[string]int{}
	for _, target := range []string{"nclu", "nvue"} {
		files, err := dialectFiles(whole, target, "leaf1")
		if err != nil {
			f.Fatal(err)
		}
		commands, _ := commandsOf(f, files[target+".sh"])
		clean[target] = len(commands)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := spoilt(whole, "leaf1", func(d *model.Device) { d.Routing.Peers[0].Description = text })
		for target, n := range clean {
			files, err := dialectFiles(p, target, "leaf1")
			if err != nil {
				if model.SafeText(text) && !strings.HasPrefix(text, "-") && len(text) <= model.MaxDescription {
					t.Errorf("%s refuses %q: %v", target, text, err)
				}
				continue
			}
			if strings.ContainsAny(text, "%$<>\\`;|&!#\"'(){}[]*?~") || !printable(text) || strings.HasPrefix(text, "-") {
				t.Errorf("%s accepts %q", target, text)
			}
			commands, status := commandsOf(t, files[target+".sh"])
			if want := n - b2i(text == ""); status != 0 || len(commands) != want {
				t.Errorf("%s, %q: status %d, %d commands, want %d", target, text, status, len(commands), want)
			}
			said := 0
			for _, c := range commands {
				if i := slices.Index(c, "swp32"); i > 0 && i+1 < len(c) && c[i+1] == "description" {
					said++
					if got := strings.Join(c[i+2:], " "); got != strings.Join(strings.Fields(text), " ") && got != text {
						t.Errorf("%s, %q: %q", target, text, c)
					}
				}
			}
			if said != b2i(text != "") {
				t.Errorf("%s, %q: %d descriptions", target, text, said)
			}
			if startup, ok := files["startup.yaml"]; ok {
				var doc []map[string]yaml.Node
				if err := yaml.Unmarshal(startup, &doc); err != nil || len(doc) != 1 {
					t.Fatalf("%q: %v", text, err)
				}
				set := doc[0]["set"]
				if line := "vrf default router bgp neighbor swp32 description " + text; slices.Contains(flatten(&set, ""), line) != (text != "") {
					t.Errorf("startup.yaml does not hold %q as it is", text)
				}
			}
		}
	})
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestDialectsRefuse: what could do harm in a command is an error that names
// the device, in one line.
func TestDialectsRefuse(t *testing.T) {
	whole := planOf(t, "article", cases(t)["article"])
	for name, spoil := range map[string]func(*model.Device){
		"name":            func(d *model.Device) { d.Name = "leaf1;reboot" },
		"port":            func(d *model.Device) { d.Ports[0].Name = "swp1\nnet del all" },
		"range":           func(d *model.Device) { d.Ports[0].Name = "swp1-4" },
		"peer's port":     func(d *model.Device) { d.Routing.Peers[0].Port = "swp1 interface" },
		"management port": func(d *model.Device) { d.Ports[0].Name = "eth0" },
		"group":           func(d *model.Device) { d.Routing.Groups[0].Name = "a b" },
		"option":          func(d *model.Device) { d.Routing.Groups[0].Name = "-y" },
		"list":            func(d *model.Device) { d.Routing.PrefixLists[0].Name = "$(id)" },
		"path list":       func(d *model.Device) { d.Routing.PathLists[0].Name = "a'b" },
		"regex":           func(d *model.Device) { d.Routing.PathLists[0].Regex = []string{"^$'; reboot; '"} },
		"route-map":       func(d *model.Device) { d.Routing.Originate[0].RouteMap = "a`id`" },
		"source":          func(d *model.Device) { d.Routing.Originate[0].Source = "connected; reboot" },
	} {
		for _, target := range dialectTargets[1:] {
			p := spoilt(whole, "leaf1", spoil)
			device := "leaf1"
			if name == "name" {
				device = "leaf1;reboot"
			}
			files, err := dialectFiles(p, target, device)
			if err == nil {
				t.Errorf("%s in %s: %d files", name, target, len(files))
			} else if !strings.Contains(err.Error(), "leaf1") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s in %s: %v", name, target, err)
			}
		}
	}
	for name, spoil := range map[string]func(*model.Device){
		"VRF":     func(d *model.Device) { d.Management.VRF = "mgmt\n- set: {}" },
		"address": func(d *model.Device) { d.Management.Address = "192.0.2.1" },
	} {
		if _, err := dialectFiles(spoilt(whole, "leaf1", spoil), "nvue", "leaf1"); err == nil {
			t.Errorf("startup.yaml takes a management %s", name)
		}
	}
}

// TestNativeFiles: a switch that runs NVUE or SONiC has its own files among
// those of devices, and cannot be pushed to; a node cannot run them.
func TestNativeFiles(t *testing.T) {
	whole := planOf(t, "article", cases(t)["article"])
	for platform, want := range map[string][]string{
		"nvue":  {"leaf1/etc/nvue.d/startup.yaml"},
		"sonic": {"leaf1/etc/sonic/config_db.json", "leaf1/etc/sonic/frr/frr.conf"},
	} {
		p := spoilt(whole, "leaf1", func(d *model.Device) { d.Platform, d.Network = platform, platform })
		target, _ := render.TargetNamed("devices")
		var paths []string
		for f, err := range target.Files(p, "leaf1") {
			if err != nil {
				t.Fatal(err)
			}
			paths = append(paths, f.Path)
		}
		if !slices.Equal(paths, want) {
			t.Errorf("%s: %v, want %v", platform, paths, want)
		}
		d, _ := p.Device("leaf1")
		shown, err := render.Files(p, d)
		if err != nil || len(shown) != len(want) || "leaf1"+shown[0].Path != want[0] || shown[0].Unit != "" {
			t.Errorf("%s: shown are %d files, %v", platform, len(shown), err)
		}
		// NVUE is told what it shall hold; SONiC is not pushed to.
		if all, err := render.Device(p, d); platform == "nvue" && (err != nil || len(all) != 1 || all[0].Unit != "nvue") ||
			platform != "nvue" && (err == nil || !strings.Contains(err.Error(), "closup render --device leaf1")) {
			t.Errorf("%s: %d files are pushed, %v", platform, len(all), err)
		}
		p = spoilt(whole, "k8s1", func(d *model.Device) { d.Platform, d.Network = platform, platform })
		d, _ = p.Device("k8s1")
		if _, err := render.Device(p, d); err == nil {
			t.Errorf("a node runs %s", platform)
		}
		if files, err := dialectFiles(p, "devices", "k8s1"); err == nil {
			t.Errorf("a node that runs %s has %d files", platform, len(files))
		}
	}
}
