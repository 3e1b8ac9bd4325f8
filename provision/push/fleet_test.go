package push

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"closup/model"
	"closup/provision"
	"closup/provision/fake"
	"closup/render"
)

// fleet is a fabric of devices that cost next to nothing, so that what is
// measured is the operator's side. Each is a model of device.sh and job.sh, led
// by the lines that a push writes below that library. What the scripts really do
// on a device is for the tests on boxes and on the lab.
type fleet struct {
	fake.Transport
	step    time.Duration // that each command takes, and each login
	targets []Target
	devices []*mimic

	mu      sync.Mutex
	running map[string]bool // routers that run what was pushed
	steps   map[string]int  // commands and logins of each device
	strange []string        // what no model knew
}

// newFleet makes the devices of a plan, with nothing on them.
func newFleet(tb testing.TB, plan *model.Plan, step time.Duration) *fleet {
	tb.Helper()
	f := &fleet{step: step, running: map[string]bool{}, steps: map[string]int{}}
	for i := range plan.Devices {
		m := &mimic{
			fleet: f, device: &plan.Devices[i], files: map[string]state{}, records: map[string][]byte{},
			fresh: map[string][]byte{}, next: map[string]state{}, state: "gone",
		}
		f.Set(m.device.Name, m.run)
		f.devices = append(f.devices, m)
	}
	return f
}

// ask makes the plan's files what is to be pushed.
func (f *fleet) ask(tb testing.TB, plan *model.Plan) {
	tb.Helper()
	f.targets = nil
	for i := range plan.Devices {
		d := &plan.Devices[i]
		files, err := render.Device(plan, d)
		if err != nil {
			tb.Fatal(err)
		}
		f.targets = append(f.targets, Target{Device: *d, Endpoint: model.Endpoint{Device: d.Name, Host: "192.0.2.1"}, Artifacts: files})
	}
}

// Dial implements provision.Transport.
func (f *fleet) Dial(ctx context.Context, e model.Endpoint) (provision.Session, error) {
	f.wait(e.Device)
	return f.Transport.Dial(ctx, e)
}

func (f *fleet) wait(device string) {
	f.mu.Lock()
	f.steps[device]++
	f.mu.Unlock()
	time.Sleep(f.step)
}

// mimic is one device of a fleet. It gets one command at a time.
type mimic struct {
	*fleet
	device  *model.Device
	files   map[string]state
	records map[string][]byte
	router  []byte // the configuration that it runs

	fresh   map[string][]byte // files that are staged
	next    map[string]state  // and as the job will install them
	state   string            // of the job
	pending bool
}

var unquoted = strings.NewReplacer("'", "", `"`, "")

// run does a command: a script on its input, as provision.RunRoot frames it.
func (m *mimic) run(c fake.Command) int {
	m.wait(m.device.Name)
	b, _ := spare.Get().(*paper)
	b.in.Reset(c.Stdin)
	b.out.Reset()
	in, out := &b.in, &b.out
	mark, seal, shows := "", "", "frr.show" // what prints the router's configuration
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			break
		}
		if function := strings.HasSuffix(line, "{\n") || strings.Contains(line, "() { #"); function && line != "closup_main() {\n" && line != "look_all() {\n" {
			name, _, _ := strings.Cut(line, "()")
			for line != "}\n" && err == nil {
				if line, err = in.ReadString('\n'); strings.Contains(line, "show running-config") && strings.HasPrefix(name, "show_") {
					shows = name
				}
			}
			continue
		}
		if word, _, _ := strings.Cut(line, " "); line[0] == '\t' || line[0] == '#' || strings.HasSuffix(word, "()") {
			continue
		}
		w := append(strings.Fields(unquoted.Replace(line)), "", "")
		if mark, ok := strings.CutPrefix(w[0], "M="); ok {
			seal = mark
		}
		switch w[0] {
		case "block":
			tell(out, seal, w[1])
		case "look_files":
			tell(out, seal, "files")
			m.archive(out, w[1:])
		case "look_unit":
			var said bytes.Buffer
			switch {
			case w[1] == "router":
				m.routing(&said)
			case w[1] == "show" && strings.Contains(line, shows):
				said.Write(m.router)
			}
			tell(out, seal, w[1])
			_, _ = said.WriteTo(out)
			out.WriteString("\n0\n")
		case "unpack":
			b.data = m.unpack(strings.TrimPrefix(w[1], "$T"), w[2], in, b.data[:0])
		case "renew":
			m.left(out, seal)
		case "[":
			if strings.Contains(line, "begin || exit 65") {
				m.state = "ready"
			}
		case "mv":
			m.turn(w[1] + " " + w[2])
		case "follow":
			tell(out, seal, "state", m.state)
			tell(out, seal, "class", "disk")
			m.left(out, seal)
		case "timeout":
			m.routing(out)
		case "printf":
			mark, _, _ = strings.Cut(strings.TrimPrefix(w[1], `\n`), `\n`)
		}
	}
	fmt.Fprintf(out, "\n%s 0\n", mark)
	_, _ = fmt.Fprintf(c.Stdout, "\n%s\n", mark)
	_, _ = c.Stdout.Write(out.Bytes())
	spare.Put(b)
	return 0
}

// paper is what a device reads and writes on. They share it, so that a thousand
// of them in this process do not weigh more than who talks to them.
type paper struct {
	in   bufio.Reader
	out  bytes.Buffer
	data []byte
}

var spare = sync.Pool{New: func() any { return &paper{} }}

// tell begins a block, as script.go reads it.
func tell(out *bytes.Buffer, words ...string) {
	out.WriteString("\n" + strings.Join(words, " ") + "\n")
}

func (m *mimic) left(out *bytes.Buffer, seal string) {
	if m.pending {
		tell(out, seal, "left", "120")
	}
}

// archive is the tar of what is there of the files and records named.
func (m *mimic) archive(out *bytes.Buffer, paths []string) {
	w := tar.NewWriter(out)
	for _, p := range paths {
		f, ok := m.files[p]
		if _, unit, record := strings.Cut(p, "/live/unit/"); record {
			f.body, ok = m.records[unit]
		}
		if !ok {
			continue
		}
		mode, _ := strconv.ParseInt(f.mode, 8, 64)
		user, group, _ := strings.Cut(f.owner, ":")
		_ = w.WriteHeader(&tar.Header{Name: p, Mode: mode, Uname: user, Gname: group, Size: int64(len(f.body))})
		_, _ = w.Write(f.body)
	}
	_ = w.Close()
}

// unpack takes a file, if it arrives whole.
func (m *mimic) unpack(path, sum string, in *bufio.Reader, data []byte) []byte {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil || string(line) == "END_OF_FILE\n" {
			break
		}
		data, err = base64.StdEncoding.AppendDecode(data, bytes.TrimSpace(line))
		if err != nil {
			break
		}
	}
	unit, record := strings.CutPrefix(path, "/record/")
	file, fresh := strings.CutPrefix(path, "/new/")
	switch {
	case sumOf(data) != sum:
		m.unknown("damaged " + path)
	case record:
		m.records[unit] = bytes.Clone(data)
	case fresh:
		m.fresh["/"+file] = bytes.Clone(data)
	case path == "/job": // which says what is to be installed
		_, job, _ := strings.Cut(string(data), jobLibrary)
		for line := range strings.Lines(job) {
			if w := strings.Fields(unquoted.Replace(line)); len(w) > 3 && w[0] == "ready_file" {
				m.next[w[1]] = state{exists: w[2] != "gone", mode: w[2], owner: w[3], body: m.fresh[w[1]]}
			}
		}
	}
	return data
}

// turn is a rename that the job waits for.
func (m *mimic) turn(names string) {
	switch names {
	case "$T/ready $T/go":
		maps.Copy(m.files, m.next)
		maps.DeleteFunc(m.files, func(_ string, f state) bool { return !f.exists })
		m.router = m.files["/etc/frr/frr.conf"].body
		m.state, m.pending = "active", true
		m.mu.Lock()
		m.running[m.device.Name] = true
		m.mu.Unlock()
	case "$T/pending $T/confirmed":
		m.state, m.pending = "done", false
		clear(m.fresh)
		clear(m.next)
	default:
		m.unknown("mv " + names)
	}
}

// routing is what it says of its sessions: one whose both ends run what was
// pushed is up.
func (m *mimic) routing(out *bytes.Buffer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out.WriteString("x# show version\nFRRouting 8.4.4 (x).\nx# show bgp summary json\n")
	if !m.running[m.device.Name] {
		out.WriteString("{}\n")
		return
	}
	fmt.Fprintf(out, `{"ipv4Unicast":{"as":%d,"peers":{`, m.device.Routing.ASN)
	for i, p := range m.device.Routing.Peers {
		comma, state := ",", "Idle"
		if i == 0 {
			comma = ""
		}
		if m.running[p.Device] {
			state = "Established"
		}
		fmt.Fprintf(out, `%s%q:{"remoteAs":%d,"state":%q,"pfxRcd":5,"pfxSnt":5,"peerUptimeMsec":1000}`, comma, p.Key(), p.ASN, state)
	}
	out.WriteString("}}}\n")
}

func (m *mimic) unknown(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.strange = append(m.strange, m.device.Name+": "+what)
}
