package preflight

import (
	"bytes"
	_ "embed"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"closup/provision"
	"closup/provision/observe"
	"closup/render"
)

//go:embed facts.sh
var factsScript string

// Writes is what a push will put on a device's disk.
type Writes struct {
	Dirs  []string // that it writes in, sorted
	Bytes int64    // that it sends
	Free  string   // the commands that fail where a unit that commits by itself is busy; empty: there is none
}

// closupHome is where a push keeps what it needs on a device.
const closupHome = "/var/lib/closup"

// WritesOf is what a push of these files will put on a disk.
func WritesOf(artifacts []render.Artifact) Writes {
	w := Writes{Dirs: []string{closupHome}}
	for _, a := range artifacts {
		if u, _ := render.UnitNamed(a.Unit); u.Trial != nil {
			w.Free = u.Trial.Free
		}
		if dir := path.Dir(a.Path); !slices.Contains(w.Dirs, dir) {
			w.Dirs = append(w.Dirs, dir)
		}
		w.Bytes += int64(len(a.Body))
	}
	slices.Sort(w.Dirs)
	return w
}

// Script asks a device, as root, for all that the checks need.
func Script(w Writes) string { return script(w, "") }

// Brief is Script without what takes the device long: versions of packages, and
// inodes.
func Brief(w Writes) string { return script(w, "yes") }

func script(w Writes, brief string) string {
	dirs := w.Dirs
	if len(dirs) == 0 {
		dirs = []string{closupHome}
	}
	free := ""
	if w.Free != "" {
		free = "nvue_free() (\n" + w.Free + "\n)\n"
	}
	return free + "BRIEF=" + brief + "\nDIRS=" + provision.Quote(strings.Join(dirs, " ")) + "\n" + factsScript
}

// Facts are what a device said.
type Facts struct {
	Clock    time.Time // its wall clock, in whole seconds, at the begin of the script
	Took     time.Duration
	Hostname string // that runs
	OnDisk   string // the host name in /etc/hostname
	System   System
	Arch     string // "amd64", as dpkg has it; empty where there is no dpkg
	Serials  []string
	Tools    []string          // of those that are asked for
	Packages map[string]string // version of each that is installed
	Router   string            // FRR's version; empty: there is none
	NVUE     NVUE
	ReadOnly map[string]string // directory that cannot be written: what of it is there
	Disks    []Disk
	Links    []observe.Link
	LLDP     []observe.Seen
	LLDPD    bool // lldpd answers
}

// System is /etc/os-release (os-release(5)).
type System struct {
	ID, Version, Name string
	Like              []string
}

// NVUE says whether NVUE is there, and which files it wrote.
type NVUE struct {
	Runs  bool
	Wrote []string
	// Busy is whose change is under way in it that no push of closup's made; of
	// devices that are pushed to through NVUE alone. Empty: nobody's.
	Busy string
}

// Disk is one file system that a push writes in.
type Disk struct {
	Point  string // where it is mounted
	Free   int64  // bytes; -1: unknown
	Inodes int64  // free ones; -1: it does not count them
}

// Has says whether the device has the tool.
func (f *Facts) Has(tool string) bool { return slices.Contains(f.Tools, tool) }

const partMark = "=== preflight "

// Parse reads the answer to Script. It fails where the answer is not whole.
func Parse(answer []byte) (*Facts, error) {
	part := map[string][]byte{}
	for p := range bytes.SplitSeq(append([]byte("\n"), answer...), []byte("\n"+partMark)) {
		name, body, ok := bytes.Cut(p, []byte("\n"))
		if ok && len(name) > 0 {
			part[string(name)] = body
		}
	}
	if _, whole := part["end"]; !whole {
		return nil, fmt.Errorf("%w: its facts stop in the middle", provision.ErrOutput)
	}
	text := func(name string) string { return strings.TrimSpace(provision.Plain(string(part[name]))) }
	f := &Facts{
		Hostname: text("name"), OnDisk: text("hostname"), System: parseSystem(text("system")), Serials: parseSerials(text("serial")),
		Tools: strings.Fields(text("tools")), Packages: map[string]string{}, Router: parseRouter(text("router")),
		ReadOnly: map[string]string{},
	}
	if seconds, err := strconv.ParseInt(text("clock"), 10, 64); err == nil {
		f.Clock = time.Unix(seconds, 0)
	}
	f.Took = uptime(text("end")) - uptime(text("begin"))
	for line := range strings.Lines(text("packages")) {
		w := strings.Fields(line)
		if len(w) != 4 || w[0] != "installed" {
			continue
		}
		f.Packages[w[1]] = w[2]
		switch w[1] {
		case "dpkg":
			f.Arch = w[3]
		case "frr":
			f.Router = upstream(w[2])
		}
	}
	for line := range strings.Lines(text("nvue")) {
		switch word, rest, _ := strings.Cut(strings.TrimSpace(line), " "); word {
		case "wrote":
			f.NVUE.Wrote = append(f.NVUE.Wrote, rest)
		case "busy":
			f.NVUE.Busy = rest
		case "runs":
			f.NVUE.Runs = true
		}
	}
	for line := range strings.Lines(text("writable")) {
		if w := strings.Fields(line); len(w) == 3 && w[0] == "no" {
			f.ReadOnly[w[1]] = w[2]
		}
	}
	f.Disks = parseDisks(text("disk"), text("inodes"))
	links, err := observe.ParseLinks(part["links"])
	if err != nil {
		return nil, fmt.Errorf("ip -j addr show: %w", err)
	}
	f.Links = links
	lldp, status, asked := bytes.Cut(part["lldp"], []byte("\nstatus "))
	f.LLDPD = asked && len(bytes.TrimSpace(lldp)) > 0 && strings.TrimSpace(string(status)) == "0"
	f.LLDP = observe.ParseLLDP(lldp)
	return f, nil
}

// uptime reads the first number of /proc/uptime, in seconds.
func uptime(text string) time.Duration {
	first, _, _ := strings.Cut(text, " ")
	seconds, _ := strconv.ParseFloat(first, 64)
	return time.Duration(seconds * float64(time.Second))
}

func parseSystem(text string) System {
	var s System
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		value = strings.Trim(value, `"'`)
		switch key {
		case "ID":
			s.ID = value
		case "VERSION_ID":
			s.Version = value
		case "PRETTY_NAME":
			s.Name = value
		case "ID_LIKE":
			s.Like = strings.Fields(value)
		}
	}
	return s
}

// blanks are what makers write where no serial is.
var blanks = []string{
	"", "0", "none", "n/a", "na", "unknown", "default string", "not specified", "not applicable", "not present", "to be filled by o.e.m.",
	"system serial number", "chassis serial number", "base board serial number", "123456789", "0123456789", "1234567890", "empty", "invalid",
}

// parseSerials are the serials that a device states, each once.
func parseSerials(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		s := strings.TrimSpace(line)
		if !slices.Contains(blanks, strings.ToLower(s)) && !strings.HasPrefix(s, "#") && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// parseRouter reads `zebra --version` or `show version`: the word after the
// program's name.
func parseRouter(text string) string {
	if v := observe.ParseVersion([]byte(text)); v != "" {
		return v
	}
	words := strings.Fields(text)
	if len(words) >= 3 && words[0] == "zebra" && words[1] == "version" {
		return words[2]
	}
	return ""
}

// upstream is the release in a Debian version (deb-version(7)): "8.4.4" of
// "1:8.4.4-1.1~deb12u2".
func upstream(version string) string {
	if _, after, epoch := strings.Cut(version, ":"); epoch {
		version = after
	}
	if i := strings.LastIndexByte(version, '-'); i > 0 {
		version = version[:i]
	}
	release, _, _ := strings.Cut(version, "~")
	return release
}

// parseDisks reads lines of `df -Pk` and `df -Pi`, each file system once.
func parseDisks(blocks, inodes string) []Disk {
	var out []Disk
	find := func(point string) *Disk {
		for i := range out {
			if out[i].Point == point {
				return &out[i]
			}
		}
		return nil
	}
	for line := range strings.Lines(blocks) {
		w := strings.Fields(line)
		if len(w) < 6 || find(w[len(w)-1]) != nil {
			continue
		}
		if free, err := strconv.ParseInt(w[len(w)-3], 10, 64); err == nil {
			out = append(out, Disk{Point: w[len(w)-1], Free: free << 10, Inodes: -1})
		}
	}
	for line := range strings.Lines(inodes) {
		w := strings.Fields(line)
		if len(w) < 6 {
			continue
		}
		total, err := strconv.ParseInt(w[len(w)-5], 10, 64)
		free, err2 := strconv.ParseInt(w[len(w)-3], 10, 64)
		if d := find(w[len(w)-1]); d != nil && err == nil && err2 == nil && total > 0 {
			d.Inodes = free
		}
	}
	return out
}
