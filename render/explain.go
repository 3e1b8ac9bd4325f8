package render

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"closup/model"
)

// Reason is why one line of a file is there.
type Reason struct {
	Why    string // a sentence
	Source string // who says so: an RFC, a manual
	Key    string // of fabric.yaml, that decides it: "asn.leafs"; empty: none does
	Line   int    // where that stands; 0: it is left out, and the default holds
}

// String is the reason with its sources.
func (r Reason) String() string {
	if r.Why == "" {
		return ""
	}
	source := r.Source
	switch {
	case r.Key != "" && r.Line > 0:
		source = fmt.Sprintf("fabric.yaml:%d %s; %s", r.Line, r.Key, source)
	case r.Key != "":
		source = fmt.Sprintf("fabric.yaml: %s is left out; %s", r.Key, source)
	}
	return r.Why + " [" + source + "]"
}

// explained are the files whose lines have reasons, by the end of their paths.
var explained = []struct {
	path  string
	lines []explanation
}{
	{"/etc/frr/frr.conf", frrLines},
	{"/etc/quagga/Quagga.conf", quaggaLines},
	{"/etc/network/interfaces", interfaceLines},
	{"/etc/netplan/90-closup.yaml", netplanLines},
	{".network", networkLines},
	{".netdev", networkLines},
	{"/etc/systemd/networkd.conf.d/90-closup-networkd.conf", networkdLines},
	{"/etc/sysctl.d/90-closup.conf", sysctlLines},
	{"/etc/frr/daemons", daemonLines},
	{"/etc/hosts", hostsLines},
	{"/etc/hostname", hostnameLines},
	{"/kubelet.service.d/90-closup-kubelet.conf", kubeletLines},
}

// explanation is what one form of line means. In the sentence, ${1} is what the
// form's first group took; where it says {whom}, that group names a neighbor.
type explanation struct {
	form   string
	why    string
	source string
	key    string                                        // see keyOf
	find   func(x *explainer, m []string) (string, bool) // finds the sentence in the plan; false: the line is not the plan's
}

// Explain gives each line of a device's file its reason; a line that closup
// does not know has an empty one. Of a file without a table of
// lines it is nil.
func Explain(f *model.Fabric, p *model.Plan, d *model.Device, path string, body []byte) []Reason {
	for _, e := range explained {
		if !strings.HasSuffix(path, e.path) {
			continue
		}
		x := newExplainer(f, p, d)
		var out []Reason
		for line := range strings.Lines(string(body)) {
			out = append(out, x.line(e.lines, strings.TrimRight(line, "\r\n")))
		}
		return out
	}
	return nil
}

// explainer is where the reading of one file has come to.
type explainer struct {
	f       *model.Fabric
	p       *model.Plan
	d       *model.Device
	spec    *model.Spec
	section string // the interface or route-map whose lines follow
}

func newExplainer(f *model.Fabric, p *model.Plan, d *model.Device) *explainer {
	x := &explainer{f: f, p: p, d: d, spec: &model.Spec{}}
	for i := range f.Devices {
		if f.Devices[i].Name == d.Name {
			x.spec = &f.Devices[i]
		}
	}
	return x
}

var sectionHead = regexp.MustCompile(`^(?:(?:iface|auto|route-map) (\S+)|Name=(\S+)$|    ([^\s:]+):$)`)

func (x *explainer) line(table []explanation, line string) Reason {
	if m := sectionHead.FindStringSubmatch(line); m != nil {
		x.section = m[1] + m[2] + m[3] // of which one is not empty
	}
	for _, e := range table {
		form := forms()[e.form]
		at := form.FindStringSubmatchIndex(line)
		if at == nil {
			continue
		}
		m := form.FindStringSubmatch(line)
		why := string(form.ExpandString(nil, e.why, line, at))
		if strings.Contains(why, "{whom}") {
			whom, ok := x.whom(m[1])
			if !ok {
				continue
			}
			why = strings.ReplaceAll(why, "{whom}", whom)
		}
		if e.find != nil {
			found, ok := e.find(x, m)
			if !ok {
				continue
			}
			why += found
		}
		r := Reason{Why: why, Source: e.source}
		r.Key, r.Line = x.keyOf(e.key, m)
		return r
	}
	return Reason{}
}

// forms are the regular expressions of all tables, each of a whole line.
var forms = sync.OnceValue(func() map[string]*regexp.Regexp {
	all := map[string]*regexp.Regexp{}
	for _, e := range explained {
		for _, l := range e.lines {
			all[l.form] = regexp.MustCompile(`^(?:` + l.form + `)$`)
		}
	}
	return all
})

// whom is a peer group or a peer in words.
func (x *explainer) whom(name string) (string, bool) {
	for _, g := range x.d.Routing.Groups {
		if g.Name == name {
			return "all sessions " + g.Description, true
		}
	}
	if p, ok := x.peer(name); ok {
		if p.Device == model.External {
			return "the session with the router outside on " + p.Port, true
		}
		return "the session with " + p.Device + " on " + p.Port, true
	}
	return "", false
}

// peer is the neighbor of that key, or on that port.
func (x *explainer) peer(name string) (model.Peer, bool) {
	for _, p := range x.d.Routing.Peers {
		if p.Key() == name || p.Port == name {
			return p, true
		}
	}
	return model.Peer{}, false
}

// What a key of a table may stand for beside a path of fabric.yaml.
const (
	keyASN      = "{asn}"
	keyLoopback = "{loopback}"
	keyName     = "{name}"
	keyLink     = "{link}" // the cable, or the outside peer, of the line's first group or of the section
	keyHost     = "{host}" // the loopback of the device that the line's second group names
	keyMTU      = "{mtu}"
	keyPeers    = "{peers}"
	keyPrefix   = "{prefix}" // what the prefix of a list's rule comes from
)

// keyOf is the key of fabric.yaml behind a line, and where it stands.
func (x *explainer) keyOf(key string, m []string) (string, int) {
	role := x.d.Role.Key()
	switch key {
	case "":
		return "", 0
	case keyASN:
		key = x.own("asn", "asn."+role)
	case keyLoopback:
		key = x.own("loopback", "loopbacks."+role)
	case keyName:
		key = x.spec.Path + ".name"
	case keyHost:
		d, _ := x.p.Device(m[2])
		return newExplainer(x.f, x.p, d).keyOf(keyLoopback, nil)
	case keyPeers:
		key = x.spec.Path + ".peers"
	case keyMTU:
		key = "mtu"
		for _, kind := range []string{"fabric", "nodes"} {
			if x.f.Given("mtu."+kind) && (kind == "nodes") == x.host(x.section) {
				key = "mtu." + kind
			}
		}
	case keyPrefix:
		key = x.prefixKey(m)
	case keyLink:
		return x.linkKey(m)
	}
	if !x.f.Given(key) {
		return key, 0
	}
	return key, x.f.Line(key)
}

// own is a device's own key where it has one, else the role's.
func (x *explainer) own(key, role string) string {
	if path := x.spec.Path + "." + key; x.f.Given(path) {
		return path
	}
	return role
}

func (x *explainer) host(port string) bool {
	i := slices.IndexFunc(x.d.Ports, func(p model.Port) bool { return p.Name == port })
	return i >= 0 && x.d.Ports[i].Kind == model.HostPort
}

func (x *explainer) linkKey(m []string) (string, int) {
	name := x.section
	if len(m) > 1 {
		name = m[1]
	}
	peer, ok := x.peer(name)
	if ok && peer.Device == model.External || strings.Contains(name, ".") {
		return x.keyOf(keyPeers, nil)
	}
	near := model.End{Device: x.d.Name, Port: name}
	for _, l := range x.p.Links {
		if l.A == near || l.B == near {
			return "links", l.Line
		}
	}
	return x.keyOf(keyPeers, nil)
}

// prefixKey is what decides the prefix of the rule at hand.
func (x *explainer) prefixKey(m []string) string {
	rule, ok := x.rule(m)
	if !ok {
		return ""
	}
	for _, p := range x.f.Pods {
		if p.Overlaps(rule.Prefix) && rule.Prefix.Bits() >= p.Bits() {
			return x.own("pods", "pods")
		}
	}
	for _, l := range x.d.Loopbacks {
		if l == rule.Prefix {
			return x.own("loopback", "loopbacks."+x.d.Role.Key())
		}
	}
	for _, role := range model.Roles {
		for _, r := range x.f.Loopbacks[role] {
			if r.Prefix.Overlaps(rule.Prefix) && rule.Prefix.Bits() >= r.Prefix.Bits() {
				return "loopbacks." + role.Key()
			}
		}
	}
	if len(x.spec.Peers) > 0 {
		return x.spec.Path + ".peers"
	}
	return ""
}
