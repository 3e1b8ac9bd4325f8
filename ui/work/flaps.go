package work

import (
	"maps"
	"path"
	"slices"
	"strings"

	"closup/model"
	"closup/provision/push"
)

// Flap is a session that a push takes down, at least for a moment. It stands
// once, at the end whose change does it.
type Flap struct {
	Device string `json:"device"`
	Port   string `json:"port"`
	Peer   string `json:"peer"`
	Why    string `json:"why"`
}

// Flaps are the sessions that the changes would take down, in the order of the
// plan. What FRR does was measured: filters, timers, BFD and other neighbors
// leave a session alone; another AS number or router ID, a restart, and what the
// session itself is made of do not. Sessions that are not configured yet cannot
// go down and are left out.
func Flaps(p *model.Plan, reports []push.DeviceReport) []Flap {
	changed := make(map[string]push.DeviceReport, len(reports))
	for _, r := range reports {
		changed[r.Name] = r
	}
	var all []Flap
	told := map[string]bool{} // by the far end, as DEVICE:PORT
	for i := range p.Devices {
		d := &p.Devices[i]
		why := resets(d, changed[d.Name].Files)
		for _, port := range slices.Sorted(maps.Keys(why)) {
			f := Flap{Device: d.Name, Port: port, Why: why[port]}
			for _, q := range d.Ports {
				if q.Name == port {
					f.Peer = q.Peer
					told[q.Peer+":"+q.PeerPort] = true
				}
			}
			if !told[d.Name+":"+port] {
				all = append(all, f)
			}
		}
	}
	return all
}

// resets says of each port whose session a device's change takes down why.
func resets(d *model.Device, files []push.File) map[string]string {
	var was, want bgp
	restart, same := false, false
	for _, f := range files {
		switch path.Base(f.Path) {
		case "frr.conf", "Quagga.conf":
			if same = !f.Changed; same { // its text is not here, and is the plan's
				continue
			}
			was, want = readBGP(string(f.Change.Was)), readBGP(string(f.Change.Want))
		case "startup.yaml":
			if f.Changed {
				was, want = readNVUE(string(f.Change.Was)), readNVUE(string(f.Change.Want))
			}
		case "daemons":
			restart = restart || f.Changed
		}
	}
	why := map[string]string{}
	for _, p := range d.Ports {
		if restart && same {
			why[p.Name] = "the router restarts"
		}
	}
	for port, lines := range was.sessions {
		switch {
		case restart:
			why[port] = "the router restarts"
		case was.instance != want.instance:
			why[port] = "the AS number changes"
		case was.id != want.id:
			why[port] = "the router ID changes"
		case want.sessions[port] == nil:
			why[port] = "the session is taken away"
		case !slices.Equal(lines, want.sessions[port]):
			why[port] = "what the session is made of changes"
		}
	}
	return why
}

// bgp is what decides of a router's sessions.
type bgp struct {
	instance string
	id       string
	sessions map[string][]string // by port or address: the lines that it is made of
}

// making are the words after a neighbor's name that a session is made of.
var making = []string{"interface", "remote-as", "peer-group", "activate", "capability", "local-as", "update-source", "ebgp-multihop", "password"}

// readBGP reads the `router bgp` section of a configuration as closup writes it.
func readBGP(text string) bgp {
	b := bgp{sessions: map[string][]string{}}
	lines, groups := map[string][]string{}, map[string]bool{}
	var member [][2]string
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) < 3:
		case words[0] == "router" && words[1] == "bgp":
			b.instance = words[2]
		case words[0] == "bgp" && words[1] == "router-id":
			b.id = words[2]
		case words[0] != "neighbor" || !slices.Contains(making, words[2]):
		default:
			name := words[1]
			lines[name] = append(lines[name], strings.Join(words[2:], " "))
			if words[2] == "peer-group" && len(words) == 3 {
				groups[name] = true
			}
			if i := slices.Index(words, "peer-group"); i > 0 && i+1 < len(words) {
				member = append(member, [2]string{name, words[i+1]})
			}
		}
	}
	for name, own := range lines {
		if !groups[name] {
			b.sessions[name] = own
		}
	}
	for _, m := range member {
		b.sessions[m[0]] = append(b.sessions[m[0]], lines[m[1]]...)
	}
	for _, own := range b.sessions {
		slices.Sort(own)
	}
	return b
}
