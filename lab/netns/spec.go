package netns

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"closup/model"
)

// spec is what the hub is told: everything that it makes, as data.
type spec struct {
	Dir     string  // the lab's place in the state directory
	Uplink  uplink  // its way to the machine
	Devices []box   // in the plan's order, the outside router last
	Cables  []cable // between ports of Devices
	// VLANs are subinterfaces that both ends of a cable will have. They are made
	// by who configures the devices, except where the kernel has none: then the
	// hub lays a cable for each.
	VLANs []cable
}

// uplink is the one veth between the machine and the lab.
type uplink struct {
	Name    string       // of the machine's end
	Alias   string       // marks it as ours
	Address netip.Prefix // of the machine's end, in the management network
}

// box is one device as it leaves the factory.
type box struct {
	Name       string
	Hostname   string       // what it calls itself before it is configured
	Mgmt       string       // the management port
	Address    netip.Prefix // of that port
	User       string       // who may log in, and sudo
	HostKey    string       // PEM
	hostPublic string       // its public half, as known_hosts has it; not for the device
	Authorized string       // a line of authorized_keys
	SSHD       string       // lines of sshd_config beyond the factory's
	Root       string       // the directory that its disk overlays; "": the machine's root
	Pods       []netip.Prefix
	Engine     *engine // where its router runs in a container
	Files      []file  // beyond the factory's
	Boot       bool    // configured already: bring interfaces and FRR up at the first boot
}

// file is one file of a device's disk, owned by root, or by FRR if it lies in
// its directory.
type file struct {
	Path string
	Body string
}

// cable joins two ports; A and B are places in spec.Devices.
type cable struct {
	A, B         int
	APort, BPort string
}

// factoryNames are the host names that platforms ship with. A box whose
// platform is not listed has its own name already, as a server has.
var factoryNames = map[string]string{
	"cumulus": "cumulus",
	"nvue":    "cumulus",
	"sonic":   "sonic",
}

// userName is what useradd(8) takes.
var userName = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)

// defaultMgmt is the management port where the fabric names none.
const defaultMgmt = "eth0"

// layout turns a plan into boxes and cables. Addresses and keys are not in it
// yet.
func layout(p *model.Plan) (spec, error) {
	var s spec
	var errs []error
	place := map[string]int{}
	for i, d := range p.Devices {
		if err := checkHostname(d.Name); err != nil {
			errs = append(errs, err)
		}
		if user := d.Access.User; !userName.MatchString(user) && user != "" {
			errs = append(errs, fmt.Errorf("%s: %q cannot be the name of a user", d.Name, user))
		}
		if _, twice := place[d.Name]; twice {
			errs = append(errs, fmt.Errorf("two devices are named %q", d.Name))
		}
		place[d.Name] = i
		s.Devices = append(s.Devices, newBox(d))
	}
	for _, l := range p.Links {
		a, okA := place[l.A.Device]
		b, okB := place[l.B.Device]
		if !okA || !okB {
			errs = append(errs, fmt.Errorf("the link %s %s ends on a device that the plan does not have", l.A, l.B))
			continue
		}
		s.Cables = append(s.Cables, cable{A: a, B: b, APort: l.A.Port, BPort: l.B.Port})
	}
	addOutside(&s, p)
	errs = append(errs, checkPorts(s)...)
	if len(s.Devices) == 0 {
		errs = append(errs, errors.New("the fabric has no devices"))
	}
	return s, errors.Join(errs...)
}

func newBox(d model.Device) box {
	b := box{Name: d.Name, Hostname: d.Name, Mgmt: d.Management.Port, User: d.Access.User}
	if name, ok := factoryNames[d.Platform]; ok && d.Role.Switch() {
		b.Hostname = name
	}
	if b.Mgmt == "" {
		b.Mgmt = defaultMgmt
	}
	if b.User == "" {
		b.User = "root"
	}
	if d.Role == model.Node {
		b.Pods = d.PodCIDRs
	}
	b.Engine = engineOf(d)
	return b
}

// checkHostname holds back what could not be a host name and a part of a path.
func checkHostname(name string) error {
	ok := name != "" && len(name) <= 253 && !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "-")
	for _, r := range name {
		ok = ok && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
	}
	if !ok {
		return fmt.Errorf("%q cannot be a host name", name)
	}
	return nil
}

// checkPorts finds ports that the kernel would refuse, or that are taken.
func checkPorts(s spec) []error {
	var errs []error
	taken := make([][]string, len(s.Devices))
	for i, d := range s.Devices {
		taken[i] = []string{"lo", d.Mgmt}
	}
	use := func(i int, port string) {
		name := s.Devices[i].Name
		if port == "" || len(port) > 15 || port == "." || port == ".." || strings.ContainsAny(port, "/: \t\n%") {
			errs = append(errs, fmt.Errorf("%s: %q cannot be a port's name", name, port))
		}
		if slices.Contains(taken[i], port) {
			errs = append(errs, fmt.Errorf("%s: the port %s is used twice", name, port))
		}
		taken[i] = append(taken[i], port)
	}
	for _, c := range s.Cables {
		use(c.A, c.APort)
		use(c.B, c.BPort)
	}
	return errs
}
