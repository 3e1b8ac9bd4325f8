package render

import "time"

// Units are all that a device can make live, in the order in which it is done:
// the name first, since FRR takes the host's; then addresses; then routing.
var Units = []Unit{
	{Name: "hosts"},
	{
		Name:   "hostname",
		Show:   `hostname`,
		Apply:  `[ ! -s /etc/hostname ] || hostname -F /etc/hostname`,
		Verify: `[ "$(hostname)" = "$(cat "$1")" ] || { echo "the host name is $(hostname)"; exit 1; }`,
		After:  []string{"hosts"},
	},
	{
		Name:   "ifupdown2",
		Check:  ifupdown2Check,
		Show:   ifupdown2Show,
		Apply:  ifupdown2Apply,
		Verify: ifupdown2Verify,
		Cost:   Cost{Base: 430 * time.Millisecond},

		Declare: true,
	},
	{
		Name:  "networkd",
		Apply: networkdApply,
		Disk:  true,
	},
	{
		Name:   "networkd-links",
		Show:   networkdLinksShow,
		Apply:  networkdLinksApply,
		Verify: networkdLinksVerify,

		Declare: true,
		After:   []string{"networkd"},
	},
	{
		Name:   "netplan",
		Check:  netplanCheck,
		Show:   netplanShow,
		Apply:  netplanApply,
		Verify: netplanVerify,
		After:  []string{"networkd"},

		Declare: true,
	},
	{
		Name:   "sysctl",
		Show:   sysctlShow,
		Apply:  sysctlApply,
		Verify: sysctlVerify,
		After:  []string{"ifupdown2", "netplan", "networkd-links"}, // a port's keys are there once the port is
	},
	{
		Name:    "frr-daemons",
		Check:   `sh -n "$1"`,
		Show:    frrDaemons + `daemons`,
		Apply:   frrDaemons + frrCommon + frrStop + frrStart,
		Restart: frrDaemons + frrCommon + `restart_frr`,
		Verify:  frrDaemons + frrCommon + frrDaemonsVerify,
		Disk:    true,
		After:   []string{"hostname", "sysctl"},
		Cost:    Cost{Base: 100 * time.Millisecond, Restart: 6 * time.Second},
	},
	{
		Name:    "frr",
		Check:   `vtysh -C -f "$1"`,
		Show:    `vtysh -c 'show running-config no-header'`,
		Apply:   frrDaemons + frrCommon + frrStart + frrReload,
		Restart: frrDaemons + frrCommon + `restart_frr`,
		Verify:  frrDaemons + frrCommon + frrDaemonsVerify + frrVerify,
		After:   []string{"frr-daemons"},
		Cost:    Cost{Base: 350 * time.Millisecond, Added: 3500 * time.Microsecond, Removed: 60 * time.Millisecond},
	},
	{Name: "vtysh", Check: `sh -n "$1"`},
	nvueUnit,
	frrContainer[0], frrContainer[1], frrContainer[2],
	quaggaContainer[0], quaggaContainer[1], quaggaContainer[2],
	{
		Name:  "kubelet",
		Check: kubeletCheck,
		Apply: kubeletApply,
		After: []string{"frr"}, // its API server is behind what FRR learns
	},
}

// UnitNamed finds a unit.
func UnitNamed(name string) (Unit, bool) {
	for _, u := range Units {
		if u.Name == name {
			return u, true
		}
	}
	return Unit{}, false
}
