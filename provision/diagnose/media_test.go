package diagnose

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"closup/model"
	"closup/provision/observe"
)

// What ethtool prints of ports without a link, as the device's script keeps it:
// a switch port with optics, in the words of ethtool 5 and 6.
const (
	lit = `	Speed: Unknown!
	Duplex: Unknown! (255)
	Auto-negotiation: on
	Port: FIBRE
	Link detected: no
Supported/Configured FEC encodings: Auto
Active FEC encoding: None
	Identifier                                : 0x03 (SFP)
	Laser output power                        : 0.5636 mW / -2.49 dBm
	Receiver signal average optical power     : 0.4036 mW / -3.94 dBm
	Laser rx power low alarm threshold        : 0.0407 mW / -13.90 dBm
	Laser rx power low alarm                  : Off`
	deaf  = "	Auto-negotiation: on\n	Identifier                                : 0x03 (SFP)\n	Laser output power                        : 0.5636 mW / -2.49 dBm\n	Receiver signal average optical power     : 0.0001 mW / -40.00 dBm\n	Laser rx power low alarm                  : On"
	mute  = "	Auto-negotiation: on\n	Identifier                                : 0x03 (SFP)\n	Laser output power                        : 0.0000 mW / -inf dBm\n	Receiver signal average optical power     : 0.4036 mW / -3.94 dBm"
	lanes = `	Identifier                                : 0x11 (QSFP28)
	Transmit avg optical power (Channel 1)    : 0.9120 mW / -0.40 dBm
	Transmit avg optical power (Channel 2)    : 0.9120 mW / -0.40 dBm
	Rcvr signal avg optical power(Channel 1)  : 0.7943 mW / -1.00 dBm
	Rcvr signal avg optical power(Channel 2)  : 0.0000 mW / -inf dBm`
	empty   = "	Auto-negotiation: off\nCannot get module EEPROM information: Input/output error"
	veth    = "	Speed: 10000Mb/s\n	Duplex: Full\n	Auto-negotiation: off\n	Port: Twisted Pair\n	Link detected: no\nnetlink error: Operation not supported"
	hundred = "	Speed: 100000Mb/s\n	Auto-negotiation: off\nConfigured FEC encodings: RS\nActive FEC encoding: None"
	forty   = "	Speed: 40000Mb/s\n	Auto-negotiation: off\nConfigured FEC encodings: Off\nActive FEC encoding: None"
	baser   = "	Speed: 100000Mb/s\n	Auto-negotiation: off\nSupported/Configured FEC encodings: BaseR\nActive FEC encoding: None"
)

func change(s *observe.Snapshot, device, port string, f func(*observe.Link)) {
	for i := range s.Devices {
		for j := range s.Devices[i].Evidence.Links {
			if l := &s.Devices[i].Evidence.Links[j]; s.Devices[i].Name == device && l.Name == port {
				f(l)
			}
		}
	}
}

// found is the first finding in a few words, and how many there are.
func first(found []Finding) string {
	if len(found) == 0 {
		return ""
	}
	f := found[0]
	return string(f.Confidence) + " " + f.Device + ":" + f.Port + " " + f.Cause
}

func TestMedia(t *testing.T) {
	for _, c := range []struct{ name, leaf, node, want, says string }{
		{"no word of it", "", "", "certain x-b:swp1 no-carrier", ""},
		{"light both ways", lit, lit, "certain x-b:swp1 no-carrier", ""},
		{"cables of a lab", veth, veth, "certain x-b:swp1 no-carrier", ""},
		{"no transceiver", empty, veth, "likely x-b:swp1 optics", "cannot be read"},
		{"none at the node", lit, empty, "likely x-a:eth1 optics", "cannot be read"},
		{"no light comes in", deaf, lit, "likely x-b:swp1 optics", "the fibre is broken"},
		{"nor at the node", lit, deaf, "likely x-a:eth1 optics", "the fibre is broken"},
		{"the other's laser is off", deaf, mute, "likely x-a:eth1 optics", "sends no light"},
		{"one lane is dark", lanes, lanes, "likely x-b:swp1 optics", "none comes in"},
		{"nobody at the other end", deaf, "", "likely x-b:swp1 optics", "no light comes in"},
		{"speeds", hundred, forty, "certain x-b:swp1 speed-mismatch", "different speeds"},
		{"one negotiates", strings.Replace(hundred, "off", "on", 1), hundred, "likely x-b:swp1 speed-mismatch", "only one negotiates"},
		{"the same", hundred, hundred, "certain x-b:swp1 no-carrier", ""},
		{"error correction", hundred, baser, "certain x-b:swp1 fec-mismatch", "RS and BaseR"},
		{"one leaves it open", hundred, strings.Replace(baser, "BaseR", "Auto", 1), "certain x-b:swp1 no-carrier", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := scene(t, "ok")
			for device, port := range map[string]string{"x-b": "swp1", "x-a": "eth1"} {
				change(&s, device, port, func(l *observe.Link) { l.Carrier = false })
			}
			for i, text := range []string{c.leaf, c.node} {
				s.Devices[i].Evidence.Media = map[string]string{[]string{"swp1", "eth1"}[i]: text}
			}
			found := Find(pair(), s)
			if got := first(found); got != c.want || len(found) != 1 || !strings.Contains(found[0].Message, c.says) || len(found[0].Evidence) == 0 {
				t.Errorf("%s, want %s: %+v", got, c.want, found)
			}
			// With a link nothing of it matters.
			for device, port := range map[string]string{"x-b": "swp1", "x-a": "eth1"} {
				change(&s, device, port, func(l *observe.Link) { l.Carrier = true })
			}
			if found := Find(pair(), s); len(found) != 0 {
				t.Errorf("with a link: %+v", found)
			}
		})
	}
}

// A router in a container that is not there, that the kernel refuses its
// rights, and that has a network of its own.
func TestContainers(t *testing.T) {
	plan := pair()
	plan.Devices[1].Router, plan.Devices[1].Container = "frr-container", model.Container{Engine: "podman"}
	down := errors.New("FRR does not run: its container does not")
	daemons := []observe.Daemon{{Name: "zebra", State: "S"}, {Name: "bgpd", State: "S"}}
	other := []observe.Daemon{{Name: "staticd", State: "S"}}
	for _, c := range []struct {
		name    string
		box     *observe.Container
		daemons []observe.Daemon
		err     error
		want    string
	}{
		{"as it should be", &observe.Container{State: "running", Network: "host"}, daemons, nil, ""},
		{"none there", &observe.Container{Log: `Error: no such container "frr"`}, other, down, "certain x-a: frr-down"},
		{"exited", &observe.Container{State: "exited", Network: "host", Log: "Terminated"}, other, down, "certain x-a: frr-down"},
		{"no rights", &observe.Container{State: "running", Network: "host", Log: "zebra[9]: privs_init: initial cap_set_proc failed: Operation not permitted"}, other, down, "certain x-a: container-rights"},
		{"its own network", &observe.Container{State: "running", Network: "bridge"}, daemons, nil, "certain x-a: container-network"},
	} {
		s := scene(t, "ok")
		d := &s.Devices[1]
		d.Evidence.Container, d.Evidence.Daemons = c.box, c.daemons
		if d.Err = c.err; c.err != nil {
			d.ASN, d.Peers, d.Evidence.Sessions = 0, nil, nil
		}
		found := Find(plan, s)
		if got := first(found); got != c.want || len(found) > 1 {
			t.Errorf("%s: %s, want %s: %+v", c.name, got, c.want, found)
		}
		if c.name == "exited" && (len(found) == 0 || !strings.Contains(found[0].Message, "exited") || !slices.ContainsFunc(found[0].Remedy.Commands, func(c Command) bool { return strings.Contains(c.Command, "podman restart frr") })) {
			t.Errorf("%+v", found)
		}
	}
}

// Two routers on one cable.
func TestSharedSegment(t *testing.T) {
	plan := pair()
	plan.Devices = append(plan.Devices, model.Device{Name: "x-c", Platform: "captured"})
	s := scene(t, "ok")
	s.Devices = append(s.Devices, observe.Device{
		Name: "x-c", Reachable: true,
		Evidence: &observe.Evidence{Links: []observe.Link{{Name: "eth1", MAC: "02:00:00:00:00:0c", Up: true, Carrier: true}}},
	})
	node, _ := s.Devices[1].Evidence.Link("eth1")
	hears := func(macs ...string) {
		s.Devices[0].Evidence.Near = nil
		for i, mac := range macs {
			s.Devices[0].Evidence.Near = append(s.Devices[0].Evidence.Near, observe.Neighbor{Port: "swp1", MAC: mac, State: "STALE", Address: netip.MustParseAddr("fe80::1").Next()})
			change(&s, "x-b", "swp1", func(l *observe.Link) { l.Heard = slices.Repeat([]string{"fe80::1"}, i+1) })
		}
	}
	hears(node.MAC)
	if found := Find(plan, s); len(found) != 0 {
		t.Errorf("one alone: %+v", found)
	}
	hears("02:00:00:00:00:0c", node.MAC)
	if found := Find(plan, s); first(found) != "likely x-b:swp1 shared-segment" || len(found) != 1 {
		t.Errorf("two: %+v", found)
	}
}

// A default route that a router advertisement brought beats BGP's where one is
// predicted, and stands in nobody's way where none is.
func TestAdvertisedDefault(t *testing.T) {
	everything := netip.MustParsePrefix("::/0")
	s := scene(t, "ok")
	s.Devices[1].Kernel = []observe.KernelRoute{{Prefix: everything, Protocol: "ra", Port: "eth0"}}
	v := newView(pair(), s)
	v.predicted = []model.Route{{Device: "x-a", Prefix: everything, Origin: "external", Paths: []model.Path{{Port: "eth1"}}}}
	found := defaultOverridden(v)
	if len(found) != 1 || found[0].Device != "x-a" || found[0].Remedy.Commands[0].Kind != Hand {
		t.Errorf("%+v", found)
	}
	v.predicted = []model.Route{}
	if found := defaultOverridden(v); len(found) != 0 {
		t.Errorf("%+v", found)
	}
}
