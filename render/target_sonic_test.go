package render_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"closup/model"
	"closup/render"
)

func parseDB(t testing.TB, body []byte) sonicDB {
	t.Helper()
	var db sonicDB
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&db); err != nil {
		t.Fatalf("%v:\n%s", err, body)
	}
	return db
}

// factory is what a box has of its ports before it is told anything; our part
// is loaded on top.
func factory(ports []string) sonicDB {
	db := sonicDB{"DEVICE_METADATA": {"localhost": {"hwsku": "ACS-MSN2700", "hostname": "sonic", "mac": "50:6b:4b:00:00:01"}}, "PORT": {}}
	for i, p := range ports {
		db["PORT"][p] = map[string]string{"lanes": strconv.Itoa(i), "speed": "100000", "mtu": "9100"}
	}
	return db
}

func (db sonicDB) load(part sonicDB) {
	for table, entries := range part {
		if db[table] == nil {
			db[table] = map[string]map[string]string{}
		}
		for key, fields := range entries {
			if db[table][key] == nil {
				db[table][key] = map[string]string{}
			}
			maps.Copy(db[table][key], fields)
		}
	}
}

// physical are a device's ports without their VLANs.
func physical(d *model.Device) []string {
	var out []string
	for _, p := range d.Ports {
		base, _, _ := strings.Cut(p.Name, ".")
		if !slices.Contains(out, base) {
			out = append(out, base)
		}
	}
	return out
}

// sonicFacts is what the tables and the frr.conf say, as interfaces and
// frr.conf of another platform say it.
func sonicFacts(t testing.TB, db sonicDB, conf []byte) map[string]bool {
	t.Helper()
	m := newTold()
	if err := m.readFRR(string(conf)); err != nil {
		t.Fatal(err)
	}
	local := db["DEVICE_METADATA"]["localhost"]
	if !m.facts["hostname "+local["hostname"]] || !m.facts["asn "+local["bgp_asn"]] || local["docker_routing_config_mode"] != "split-unified" {
		t.Errorf("the device is %v", local)
	}
	m.iface("lo")
	for _, table := range []string{"LOOPBACK_INTERFACE", "INTERFACE", "VLAN_SUB_INTERFACE"} {
		for key := range db[table] {
			name, prefix, addressed := strings.Cut(key, "|")
			if name == "Loopback0" {
				name = "lo"
			}
			m.iface(name)
			if addressed {
				m.fact("iface %s address %s", name, prefix)
			}
		}
	}
	for name, fields := range db["PORT"] {
		m.iface(name)
		m.fact("iface %s mtu %s", name, fields["mtu"])
		if fields["admin_status"] != "up" {
			t.Errorf("port %s is %q", name, fields["admin_status"])
		}
	}
	return m.done()
}

// TestSONiC: the part of config_db.json fits the models once a box has it, and
// with frr.conf it says what frr.conf and interfaces say elsewhere.
func TestSONiC(t *testing.T) {
	for name, p := range dialectPlans(t) {
		files := map[string][]byte{}
		for _, f := range filesOf(t, p, "sonic") {
			files[f.Path] = f.Body
		}
		for i := range p.Devices {
			d := &p.Devices[i]
			if !d.Role.Switch() {
				continue
			}
			part, conf := parseDB(t, files[d.Name+"/etc/sonic/config_db.json"]), files[d.Name+"/etc/sonic/frr/frr.conf"]
			db := factory(physical(d))
			db.load(part)
			if problems := sonicProblems(db); problems != nil {
				t.Errorf("%s, %s: %q", name, d.Name, problems)
			}
			want := map[string]bool{}
			for fact := range reference(t, p, d).done() {
				// A VLAN's MTU is its port's.
				if w := strings.Fields(fact); len(w) != 4 || w[0] != "iface" || w[2] != "mtu" || !strings.Contains(w[1], ".") {
					want[fact] = true
				}
			}
			if diff := differs(want, sonicFacts(t, part, conf)); diff != "" {
				t.Errorf("%s, %s:\n%s", name, d.Name, diff)
			}
			for _, peer := range d.Routing.Peers {
				alone := part["INTERFACE"][peer.Port]["ipv6_use_link_local_only"] == "enable"
				if alone == peer.Address.IsValid() {
					t.Errorf("%s, %s: the neighbor on %s is numbered: %v, the port has a link-local address only: %v", name, d.Name, peer.Port, peer.Address.IsValid(), alone)
				}
			}
			if bfd := part["DEVICE_METADATA"]["localhost"]["frr_mgmt_framework_config"] == "true"; bfd != d.Routing.BFD {
				t.Errorf("%s, %s: bfdd is started: %v", name, d.Name, bfd)
			}
		}
	}
}

// TestSONiCControl: the models refuse what is amiss.
func TestSONiCControl(t *testing.T) {
	p := planOf(t, "sonic", dialectCases(t)["sonic"])
	d, _ := p.Device("border1")
	var body []byte
	for _, f := range filesOf(t, p, "sonic") {
		if f.Path == "border1/etc/sonic/config_db.json" {
			body = f.Body
		}
	}
	whole := func() sonicDB {
		db := factory(physical(d))
		db.load(parseDB(t, body))
		return db
	}
	if problems := sonicProblems(whole()); problems != nil {
		t.Fatal(problems)
	}
	for name, spoil := range map[string]func(sonicDB){
		"a table":     func(db sonicDB) { db["INTERFACES"] = map[string]map[string]string{} },
		"a field":     func(db sonicDB) { db["PORT"]["Ethernet44"]["MTU"] = "9100" },
		"a large MTU": func(db sonicDB) { db["PORT"]["Ethernet44"]["mtu"] = "9217" },
		"a mode":      func(db sonicDB) { db["DEVICE_METADATA"]["localhost"]["docker_routing_config_mode"] = "unified-split" },
		"no port":     func(db sonicDB) { delete(db["PORT"], "Ethernet44") },
		"no lanes":    func(db sonicDB) { delete(db["PORT"]["Ethernet44"], "lanes") },
		"no entry":    func(db sonicDB) { delete(db["INTERFACE"], "Ethernet48") },
		"no loopback": func(db sonicDB) { delete(db["LOOPBACK_INTERFACE"], "Loopback0") },
		"lo":          func(db sonicDB) { db["LOOPBACK_INTERFACE"]["lo"] = nil },
		"an address":  func(db sonicDB) { db["INTERFACE"]["Ethernet48|203.0.113.1"] = nil },
		"a VLAN":      func(db sonicDB) { db["VLAN_SUB_INTERFACE"]["Ethernet52.4095"] = map[string]string{} },
		"a VLAN's long name": func(db sonicDB) {
			db["PORT"]["Ethernet1000"] = db["PORT"]["Ethernet44"]
			db["VLAN_SUB_INTERFACE"]["Ethernet1000.100"] = nil
		},
		"a VLAN on no port":   func(db sonicDB) { db["VLAN_SUB_INTERFACE"]["Ethernet999.5"] = nil },
		"an ASN":              func(db sonicDB) { db["DEVICE_METADATA"]["localhost"]["bgp_asn"] = "1.10" },
		"link-local, perhaps": func(db sonicDB) { db["INTERFACE"]["Ethernet44"]["ipv6_use_link_local_only"] = "true" },
	} {
		db := whole()
		spoil(db)
		if sonicProblems(db) == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestSONiCRefuses: what SONiC cannot say is an error that names the device and
// what to do.
func TestSONiCRefuses(t *testing.T) {
	const text = `
spines: [{name: spine1}]
leafs: [{name: leaf1}]
asn: {borders: 65141+}
loopbacks: {borders: 10.1.4.0/24}
borders: [{name: border1, peers: [{port: swp44, %s}]}]
mtu: %d
`
	for name, c := range map[string]struct {
		peer string
		mtu  int
		want string
	}{
		"MTU":  {"asn: 65254, accept: [0.0.0.0/0], advertise: [10.1.3.0/24]", 9300, "lower mtu"},
		"VLAN": {"vlan: 5, asn: 65254, accept: [0.0.0.0/0], advertise: [10.1.3.0/24]", 9000, "give the peer"},
	} {
		p := planOf(t, name, fmt.Appendf(nil, text, c.peer, c.mtu))
		target, _ := render.TargetNamed("sonic")
		var err error
		for _, e := range target.Files(p, "border1") {
			err = e
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "border1: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// sonicZebra is what the container appends to frr.conf for its forwarding
// plane, as FRR knows it.
const sonicZebra = "no fpm use-next-hop-groups\nfpm address 127.0.0.1\n"

// TestSONiCOnFRR: vtysh accepts every frr.conf for SONiC, also with the lines
// that the container appends; and not one with a mistake.
func TestSONiCOnFRR(t *testing.T) {
	need(t, false, "vtysh")
	check := func(conf string) error {
		file := filepath.Join(t.TempDir(), "frr.conf")
		if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("vtysh", "-C", "-f", file).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	n := 0
	for name, p := range dialectPlans(t) {
		for _, f := range filesOf(t, p, "sonic") {
			if !strings.HasSuffix(f.Path, "/frr.conf") {
				continue
			}
			n++
			if err := check(string(f.Body) + sonicZebra); err != nil {
				t.Errorf("%s: %s: %v", name, f.Path, err)
			}
			if n == 1 && check(string(f.Body)+"no fpm use-next-hop-gruops\n") == nil {
				t.Error("vtysh takes a command that is not there")
			}
		}
	}
	if n < 20 {
		t.Errorf("%d files only", n)
	}
}

// TestSONiCRunning: a running FRR does what the frr.conf for SONiC says.
func TestSONiCRunning(t *testing.T) {
	need(t, true, "vtysh", "unshare", "nsenter")
	t.Parallel()
	p := planOf(t, "sonic", dialectCases(t)["sonic"])
	d, _ := p.Device("border1")
	plain := *d
	plain.Platform, plain.Network = "cumulus", "ifupdown2"
	all, err := render.Device(p, &plain)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range filesOf(t, p, "sonic") {
		if f.Path == "border1/etc/sonic/frr/frr.conf" {
			all[len(all)-1].Body = f.Body
		}
	}
	b := newBox(t)
	b.run(`hostname border1; rm -f /etc/frr/frr.conf`)
	frr := slices.DeleteFunc(all, func(a render.Artifact) bool { return !strings.HasPrefix(a.Unit, "frr") })
	b.install(frr)
	b.activate(frr)
	if out := b.run(`vtysh -c 'show bgp neighbors json'`); !strings.Contains(out, `"Ethernet44"`) || !strings.Contains(out, `"2001:db8:0:1::"`) {
		t.Errorf("the neighbors are %.500s", out)
	}
}
