package model

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"
)

// topology is what an import has understood so far.
type topology struct {
	file, what string
	name       string
	devices    []*imported // in order of appearance
	byName     map[string]*imported
	cables     []importedCable
	remarks    []string       // notes, in order
	losses     []loss         // what was not taken
	dropped    map[string]int // its place in losses
	settings   [][2]string    // keys of fabric.yaml beside devices and links: path, value as YAML
	noCables   bool           // the format has none
}

// imported is one device as the other tool has it.
type imported struct {
	name, hint   string // hint: what it says of its role, if anything
	mgmt         string
	platform     string
	loopback     string
	serial, rack string
	asn          string
	roles        []string
	role         Role
	known        bool     // the role is
	outside      bool     // a router beyond the borders
	why          string   // why it is left out; empty: it is not
	peers        []string // whom it is cabled to
	exits        []string // peers outside, as YAML
	n            int      // 0: its name or place tells
}

type importedCable struct {
	a, b  End
	speed string
}

// loss is one thing that was not taken, and of which devices.
type loss struct {
	what string
	of   []string
}

func newTopology(file, what string) *topology {
	return &topology{file: file, what: what, byName: map[string]*imported{}, dropped: map[string]int{}}
}

// device is the device of that name, made where it is new.
func (t *topology) device(name string) *imported {
	d, ok := t.byName[name]
	if !ok {
		d = &imported{name: name}
		t.byName[name] = d
		t.devices = append(t.devices, d)
	}
	return d
}

// cable adds a cable and its devices.
func (t *topology) cable(a, b End, speed string) {
	t.device(a.Device)
	t.device(b.Device)
	t.cables = append(t.cables, importedCable{a, b, t.speed(a, b, speed)})
}

var anySpeed = regexp.MustCompile(`(?i)^\s*([0-9]{1,6})\s*(g|m|gb|mb|gbps|mbps|gbit/s|mbit/s|gbe|)\s*$`)

// speed reads 100G, 100Gbps, 100GbE, or a number of Mbit/s.
func (t *topology) speed(a, b End, text string) string {
	if text == "" {
		return ""
	}
	m := anySpeed.FindStringSubmatch(text)
	if m == nil {
		t.remark("the speed %s of the cable %s %s is none; it was left out", quote(text), a, b)
		return ""
	}
	number := strings.TrimLeft(m[1], "0")
	unit := "G"
	switch {
	case m[2] == "" && strings.HasSuffix(number, "000"):
		number = strings.TrimSuffix(number, "000")
	case m[2] == "" || m[2][0]|0x20 == 'm':
		unit = "M"
	}
	if _, err := parseSpeed(number + unit); err != nil {
		t.remark("the speed %s of the cable %s %s is none; it was left out", quote(text), a, b)
		return ""
	}
	return number + unit
}

// remark notes something.
func (t *topology) remark(format string, args ...any) {
	t.remarks = append(t.remarks, fmt.Sprintf(format, args...))
}

// drop notes that something of a device, or of the whole, was not taken. The
// devices of one thing are told together.
func (t *topology) drop(what, device string) {
	i, known := t.dropped[what]
	if !known {
		i = len(t.losses)
		t.dropped[what] = i
		t.losses = append(t.losses, loss{what: what})
	}
	l := &t.losses[i]
	if device != "" && (len(l.of) == 0 || l.of[len(l.of)-1] != device) {
		l.of = append(l.of, device)
	}
}

// notes is everything that there is to say, what was not taken last.
func (t *topology) notes() []string {
	out := t.remarks
	for _, l := range t.losses {
		if len(l.of) > 0 {
			l.what += " of " + some(l.of)
		}
		out = append(out, "not taken: "+l.what)
	}
	return out
}

// fabricName is the fabric's name: what the file says, or what it is called.
func (t *topology) fabricName() string {
	for _, name := range []string{t.name, strings.SplitN(filepath.Base(t.file), ".", 2)[0]} {
		name = strings.Trim(regexp.MustCompile(`[^a-z0-9-]+`).ReplaceAllString(strings.ToLower(name), "-"), "-")
		if name != "" {
			return name[:min(len(name), 32)]
		}
	}
	return "imported"
}

// word keeps a text that may stand in files, and notes one that may not.
func (t *topology) word(d *imported, what, text string) string {
	if !SafeText(text) {
		t.drop(fmt.Sprintf("%s %s, which has characters that do not belong in a file,", what, quote(text)), d.name)
		return ""
	}
	return text
}

// address keeps an IP address or a host name, without a length.
func (t *topology) address(d *imported, what, text string) string {
	text = strings.TrimSpace(text)
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Addr().String()
	}
	if _, err := parseHost(text); err != nil {
		t.drop(fmt.Sprintf("%s %s, which is no address,", what, quote(text)), d.name)
		return ""
	}
	return text
}

// platformWords tells a platform by a word in an image's or a system's name.
var platformWords = []struct{ word, platform string }{
	{"cumulus", "cumulus"},
	{"cvx", "cumulus"},
	{"sonic", "sonic"},
	{"ubuntu", "ubuntu"},
	{"debian", "debian"},
	{"flatcar", "flatcar"},
	{"coreos", "coreos"},
}

// platform reads the name of an image or a system.
func (t *topology) platform(d *imported, what, text string) string {
	lower := strings.ToLower(text)
	for _, w := range platformWords {
		if strings.Contains(lower, w.word) {
			return w.platform
		}
	}
	t.drop(fmt.Sprintf("%s %s, which closup does not know,", what, quote(text)), d.name)
	return ""
}

// ownASN reads an ASN that the other tool gives a device.
func (t *topology) ownASN(d *imported, text string) string {
	if _, err := ParseASN(strings.TrimSpace(text)); err != nil {
		t.drop(fmt.Sprintf("asn %s, which is none,", quote(text)), d.name)
		return ""
	}
	return strings.TrimSpace(text)
}
