package render_test

import (
	"bytes"
	"strings"
	"testing"

	"closup/render"
)

func trial(t testing.TB) *render.Trial {
	t.Helper()
	u, ok := render.UnitNamed("nvue")
	if !ok || u.Trial == nil {
		t.Fatal("there is no such unit")
	}
	return u.Trial
}

// TestNVUEPart: what is closup's is told from what is not.
func TestNVUEPart(t *testing.T) {
	ours := []byte("interface swp1 type: swp\nrouter policy prefix-list LO rule 5 action: permit\n")
	for _, c := range []struct {
		name, applied, want string
	}{
		{"nothing", "", ""},
		{"another's", "- set:\n    service: {ntp: {mgmt: {server: {a: {}}}}}\n    vrf: {RED: {router: {bgp: {enable: on}}}}\n    interface: {swp2: {type: swp}, eth0: {ip: {vrf: mgmt}}}\n    router: {policy: {prefix-list: {X: {type: ipv4}}}}\n", ""},
		{
			"a port", "- set:\n    interface:\n      swp1:\n        ip: {address: {10.0.0.1/31: {}}, vrf: RED, igmp: {enable: on}}\n        link: {mtu: 9216, speed: 100G}\n        type: swp\n",
			"interface swp1 ip address 10.0.0.1/31: {}\ninterface swp1 ip vrf: RED\ninterface swp1 link mtu: 9216\ninterface swp1 type: swp\n",
		},
		{
			"a range", "- set:\n    interface:\n      swp1-2: {type: swp}\n    vrf: {default: {router: {bgp: {neighbor: {'swp9-10,swp12': {type: unnumbered}}}}}}\n",
			"interface swp1 type: swp\nvrf default router bgp neighbor swp9 type: unnumbered\nvrf default router bgp neighbor swp10 type: unnumbered\nvrf default router bgp neighbor swp12 type: unnumbered\n",
		},
		{
			"JSON", `[{"header":{}},{"set":{"router":{"bgp":{"autonomous-system":65101,"enable":"on","router-id":"10.0.0.1"}}}}]`,
			"router bgp autonomous-system: 65101\nrouter bgp enable: on\nrouter bgp router-id: \"10.0.0.1\"\n",
		},
		{
			"a list", "- set:\n    router: {policy: {prefix-list: {LO: {rule: {'5': {action: permit, match: {10.0.0.0/24: {max-prefix-len: 32}}}}}, LO2: {type: ipv4}}}}\n",
			"router policy prefix-list LO rule 5 action: permit\nrouter policy prefix-list LO rule 5 match 10.0.0.0/24 max-prefix-len: 32\n",
		},
		{"text as keys", "- set:\n    system: {hostname: leaf1, 'a b': {c: d}}\n", "system hostname: leaf1\n"},
	} {
		got, err := trial(t).Part([]byte(c.applied), ours)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %v\n%s", c.name, err, render.Diff("want", "got", []byte(c.want), got, 1))
		}
	}
	for _, bad := range []string{"Error: nvued does not run", "- set: [", "- set: &a {b: *a}\n"} {
		if got, err := trial(t).Part([]byte(bad), ours); err == nil && len(got) > 0 {
			t.Errorf("%q is read as %q", bad, got)
		}
	}
}

// TestNVUEDelta: of what is another only that is told, the uppermost first, and
// nothing is unset that is closup's only in part.
func TestNVUEDelta(t *testing.T) {
	for _, c := range []struct{ name, was, want, delta string }{
		{"nothing", "router bgp enable: on\n", "router bgp enable: on\n", ""},
		{"a value", "router bgp autonomous-system: 1\n", "router bgp autonomous-system: 2\n", "- set:\n    router:\n      bgp:\n        autonomous-system: 2\n"},
		{
			"a neighbor goes", "router bgp enable: on\nvrf default router bgp neighbor swp1 type: unnumbered\nvrf default router bgp neighbor swp1 peer-group: A\nvrf default router bgp neighbor swp2 type: unnumbered\n",
			"router bgp enable: on\nvrf default router bgp neighbor swp2 type: unnumbered\n", "# unset vrf default router bgp neighbor swp1\n",
		},
		{"all goes", "system hostname: a\nrouter bgp enable: on\nvrf default router bgp neighbor swp1 type: unnumbered\n", "", "# unset router bgp\n# unset system hostname\n# unset vrf default router bgp\n"},
		{
			"a port goes", "interface swp1 type: swp\ninterface swp1 link mtu: 9216\ninterface swp1 ip address 10.0.0.1/31: {}\n", "",
			"# unset interface swp1 ip address\n# unset interface swp1 link mtu\n# unset interface swp1 type\n",
		},
		{
			"an address is another", "interface lo ip address 10.0.0.1/32: {}\n", "interface lo ip address 10.0.0.2/32: {}\n",
			"# unset interface lo ip address 10.0.0.1/32\n- set:\n    interface:\n      lo:\n        ip:\n          address:\n            \"10.0.0.2/32\": {}\n",
		},
		{
			"a limit goes", "router policy prefix-list LO rule 5 match 10.0.0.0/24 max-prefix-len: 32\n", "router policy prefix-list LO rule 5 match 10.0.0.0/24: {}\n",
			"# unset router policy prefix-list LO rule 5 match 10.0.0.0/24 max-prefix-len\n- set:\n    router:\n      policy:\n        prefix-list:\n          LO:\n            rule:\n              \"5\":\n                match:\n                  \"10.0.0.0/24\": {}\n",
		},
	} {
		got, err := trial(t).Delta([]byte(c.was), []byte(c.want), false)
		if err != nil || string(got) != c.delta {
			t.Errorf("%s: %v\n%s", c.name, err, render.Diff("want", "got", []byte(c.delta), got, 1))
		}
	}
	if _, err := trial(t).Delta(nil, []byte("vrf default router bgp neighbor swp1 password: \"*\"\n"), false); err == nil || !strings.Contains(err.Error(), "does not show") {
		t.Errorf("a hidden password is set to a star: %v", err)
	}
	if got, err := trial(t).Delta(nil, []byte("vrf default router bgp neighbor swp1 password: \"*\"\nsystem hostname: leaf1\n"), true); err != nil || string(got) != "- set:\n    system:\n      hostname: leaf1\n" {
		t.Errorf("a password that comes by itself: %v\n%s", err, got)
	}
}

// TestNVUEPushed: what is pushed of a switch is what its script says, and is
// read back as it is from startup.yaml, without the management port.
func TestNVUEPushed(t *testing.T) {
	for name, p := range dialectPlans(t) {
		scripts := scriptsOf(t, p, "nvue")
		for device, script := range scripts {
			found, _ := p.Device(device)
			d := *found
			if d.Platform != "nvue" && d.Release != "" {
				continue // its script is that of another release
			}
			d.Platform, d.Network = "nvue", "nvue"
			files, err := render.Device(p, &d)
			if err != nil || len(files) != 1 {
				t.Fatalf("%s, %s: %v, %d files", name, device, err, len(files))
			}
			startup, err := render.Files(p, &d)
			if err != nil {
				t.Fatal(err)
			}
			back, err := trial(t).Part(startup[0].Body, files[0].Body)
			if err != nil || !bytes.Equal(back, files[0].Body) {
				t.Errorf("%s, %s: %v\n%s", name, device, err, render.Diff("pushed", "startup.yaml", files[0].Body, back, 1))
			}
			want := map[string]bool{}
			for _, line := range nvueLines(t, script) {
				want[line] = true
			}
			n := 0
			for line := range strings.Lines(string(files[0].Body)) {
				line, bare := strings.CutSuffix(strings.TrimSuffix(line, "\n"), ": {}")
				if bare {
					// Being there is all.
				} else if at := strings.Index(line, `: "`); at > 0 {
					line = line[:at] + " " + strings.Trim(line[at+2:], `"`)
				} else if at := strings.LastIndex(line, ": "); at > 0 {
					line = line[:at] + " " + line[at+2:]
				}
				command := line
				if n++; !want[command] {
					t.Errorf("%s, %s: the script has no %q", name, device, command)
				}
			}
			if n > len(want) || n < len(want)/2 {
				t.Errorf("%s, %s: %d leaves for %d commands", name, device, n, len(want))
			}
			// From nothing and to nothing.
			delta, err := trial(t).Delta(nil, files[0].Body, false)
			if err != nil || bytes.Contains(delta, []byte("# unset")) {
				t.Errorf("%s, %s: %v", name, device, err)
			}
			if back, err = trial(t).Part(delta, files[0].Body); err != nil || !bytes.Equal(back, files[0].Body) {
				t.Errorf("%s, %s: %v\n%s", name, device, err, render.Diff("pushed", "delta", files[0].Body, back, 1))
			}
			if delta, err = trial(t).Delta(files[0].Body, nil, false); err != nil || bytes.Contains(delta, []byte("set:")) {
				t.Errorf("%s, %s: %v\n%s", name, device, err, delta)
			}
		}
	}
}

func FuzzNVUEPart(f *testing.F) {
	f.Add([]byte("- set:\n    interface: {swp1-3: {type: swp}}\n"), []byte("interface swp1 type: swp\n"))
	f.Add([]byte(`[{"set":{"system":{"hostname":"a: b"}}}]`), []byte(""))
	f.Fuzz(func(t *testing.T, applied, ours []byte) {
		part, err := trial(t).Part(applied, ours)
		if err != nil {
			return
		}
		// What was read is read again, and nothing brings it to itself.
		if delta, err := trial(t).Delta(part, part, false); err != nil || len(delta) > 0 {
			t.Errorf("%v: %q of %q", err, delta, part)
		}
	})
}
