package render_test

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What SONiC's YANG models (sonic-buildimage, src/sonic-yang-models) say of the
// tables that closup writes: the form of the keys, which fields there are, and
// what must be there besides.

// sonicModel is one table. A key of an interface with an address is
// NAME|PREFIX, and needs the entry NAME beside it.
type sonicModel struct {
	name      *regexp.Regexp
	addresses bool
	fields    map[string]func(string) bool
	mandatory []string
	port      func(name string) string // the port that has to be in PORT, empty: none
}

func matches(pattern string) func(string) bool {
	re := regexp.MustCompile("^(" + pattern + ")$")
	return re.MatchString
}

func between(low, high int) func(string) bool {
	return func(s string) bool {
		n, err := strconv.Atoi(s)
		return err == nil && strconv.Itoa(n) == s && low <= n && n <= high
	}
}

var (
	enableDisable = matches("enable|disable")
	upDown        = matches("up|down")

	sonicModels = map[string]sonicModel{
		"DEVICE_METADATA": { // sonic-device_metadata.yang
			name: regexp.MustCompile(`^localhost$`),
			fields: map[string]func(string) bool{
				"hostname": matches(`[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?`), "bgp_asn": between(1, 4294967295),
				"docker_routing_config_mode": matches("separated|unified|split|split-unified"), "frr_mgmt_framework_config": matches("true|false"),
				"hwsku": matches(".{1,255}"), "mac": matches("([0-9a-f]{2}:){5}[0-9a-f]{2}"), "platform": matches(".{1,255}"),
			},
		},
		"LOOPBACK_INTERFACE": { // sonic-loopback-interface.yang
			name: regexp.MustCompile(`^Loopback[0-9]+$`), addresses: true,
			fields: map[string]func(string) bool{"vrf_name": matches("default|Vrf.*"), "admin_status": upDown},
		},
		"PORT": { // sonic-port.yang
			name: regexp.MustCompile(`^.{1,128}$`),
			fields: map[string]func(string) bool{
				"lanes": matches(".{1,128}"), "alias": matches(".{1,128}"), "description": matches(".{0,255}"), "speed": between(1, 1600000),
				"mtu": between(68, 9216), "admin_status": upDown, "index": between(0, 65535), "fec": matches("rs|fc|none|auto"), "autoneg": matches("on|off"),
			},
			mandatory: []string{"lanes", "speed"},
		},
		"INTERFACE": { // sonic-interface.yang
			name: regexp.MustCompile(`^.{1,128}$`), addresses: true,
			fields: map[string]func(string) bool{"ipv6_use_link_local_only": enableDisable, "mpls": enableDisable, "nat_zone": between(0, 3)},
			port:   func(name string) string { return name },
		},
		"VLAN_SUB_INTERFACE": { // sonic-vlan-sub-interface.yang
			name: regexp.MustCompile(`^\w+\.([1-9][0-9]{0,2}|[1-3][0-9]{3}|40[0-8][0-9]|409[0-4])$`), addresses: true,
			fields: map[string]func(string) bool{"admin_status": upDown, "vlan": between(1, 4094)},
			port: func(name string) string {
				base, _, _ := strings.Cut(name, ".")
				return base
			},
		},
	}
)

type sonicDB map[string]map[string]map[string]string

// sonicProblems is all that the models refuse.
func sonicProblems(db sonicDB) []string {
	var out []string
	say := func(form string, args ...any) { out = append(out, fmt.Sprintf(form, args...)) }
	for _, table := range slices.Sorted(maps.Keys(db)) {
		m, known := sonicModels[table]
		if !known {
			say("there is no table %s", table)
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(db[table])) {
			name, prefix, addressed := strings.Cut(key, "|")
			if !m.name.MatchString(name) || table == "VLAN_SUB_INTERFACE" && len(name) > 15 {
				say("%s: %q is no name", table, name)
			}
			if m.port != nil && db["PORT"][m.port(name)] == nil {
				say("%s: %s has no port %s", table, key, m.port(name))
			}
			if !addressed {
				for field, value := range db[table][key] {
					if valid := m.fields[field]; valid == nil || !valid(value) {
						say("%s: %s: %s is %q", table, key, field, value)
					}
				}
				for _, field := range m.mandatory {
					if db[table][key][field] == "" {
						say("%s: %s has no %s", table, key, field)
					}
				}
				continue
			}
			if p, err := netip.ParsePrefix(prefix); err != nil || !m.addresses || p.String() != prefix {
				say("%s: %s has no address", table, key)
			}
			if db[table][name] == nil {
				say("%s: %s without %s", table, key, name)
			}
			if len(db[table][key]) > 0 {
				say("%s: %s has fields", table, key)
			}
		}
	}
	return out
}
