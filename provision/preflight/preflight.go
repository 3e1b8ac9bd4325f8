// Package preflight looks at devices before anything on them is touched, and
// says what would stand in a push's way.
//
// Its rules: a device is asked once, by one script that only reads (facts.sh).
// Each check is a pure function of the plan and of what was read, a row of
// Checks. What cannot be seen is `unknown`, never wrong.
package preflight

import (
	"context"
	"sync"
	"time"

	"closup/model"
	"closup/provision"
	"closup/provision/observe"
)

// State is how a check ended.
type State string

// The states, from good to bad. `unknown` is what could not be seen: it speaks
// neither for a push nor against it.
const (
	OK      State = "ok"
	Unknown State = "unknown"
	Warning State = "warning" // not as it should be; a push can go on
	Failed  State = "failed"  // a push refuses the device
)

var rank = map[State]int{OK: 0, Unknown: 0, Warning: 1, Failed: 2}

// Result is one check of one device.
type Result struct {
	Check   string `json:"check"` // name of a row of Checks
	State   State  `json:"state"`
	Message string `json:"message"` // short and plain, without the device's name
	Remedy  string `json:"remedy"`  // what to do; empty where there is nothing
}

// Port is one planned port as the device has it.
type Port struct {
	Name     string `json:"name"`
	State    string `json:"state"` // up, no-carrier, down (by its own setting), missing, unknown
	Peer     string `json:"peer"`  // planned
	PeerPort string `json:"peer_port"`
	SeenPeer string `json:"seen_peer"` // by LLDP; empty: nobody
	SeenPort string `json:"seen_port"`
	Cabling  string `json:"cabling"` // as-planned, wrong, not-visible
}

// Offers are what closup can do itself about what it found.
type Offers struct {
	Password bool     `json:"password"` // must be changed at the first login
	Raise    []string `json:"raise"`    // planned ports that are down by their own setting
	Packages []string `json:"packages"` // Debian packages that are missing
}

// Report is one device.
type Report struct {
	Name     string   `json:"name"`
	Address  string   `json:"address"` // host:port
	State    State    `json:"state"`   // the worst of its checks
	Hostname string   `json:"hostname"`
	Serials  []string `json:"serials"`
	System   string   `json:"system"` // "Debian GNU/Linux 12 (bookworm)"
	Router   string   `json:"router_version"`
	Offset   float64  `json:"clock_offset"` // seconds that the device's clock is ahead; 0 within what the network lets one see
	Seconds  float64  `json:"seconds"`
	Checks   []Result `json:"checks"`
	Ports    []Port   `json:"ports"`
	Offers   Offers   `json:"offers"`
	lldpd    bool
	Err      error `json:"-"` // why the device could not be asked
}

// Result finds a check by name.
func (r Report) Result(check string) Result {
	for _, c := range r.Checks {
		if c.Check == check {
			return c
		}
	}
	return Result{Check: check, State: Unknown}
}

// Bad are the checks that are not as they should be, failed ones first.
func (r Report) Bad() []Result {
	var out []Result
	for _, s := range []State{Failed, Warning} {
		for _, c := range r.Checks {
			if c.State == s {
				out = append(out, c)
			}
		}
	}
	return out
}

// Summary counts devices by state.
type Summary struct {
	Devices int `json:"devices"`
	OK      int `json:"ok"`
	Warning int `json:"warning"`
	Failed  int `json:"failed"`
}

// Outcome is what `closup preflight -o json` prints.
type Outcome struct {
	Devices []Report `json:"devices"`
	Summary Summary  `json:"summary"`
}

// Collect counts reports.
func Collect(reports []Report) Outcome {
	o := Outcome{Devices: append([]Report{}, reports...), Summary: Summary{Devices: len(reports)}}
	for _, r := range reports {
		switch r.State {
		case Failed:
			o.Summary.Failed++
		case Warning:
			o.Summary.Warning++
		default:
			o.Summary.OK++
		}
	}
	return o
}

// Target is one device to be asked.
type Target struct {
	Device   model.Device
	Endpoint model.Endpoint
	Writes   Writes
}

// Options say how devices are asked.
type Options struct {
	Parallel int  // devices asked at once; 0: 1000, they mostly wait
	Lab      bool // they stand in for the real ones: other platform, no serial of their own
}

const (
	defaultParallel = 1000
	handshakes      = 32               // at once
	limit           = 60 * time.Second // for one device's answer
)

// Run asks every target once, all at the same time, and sends a report as soon
// as a device is judged. The channel is closed at the end, and must be read
// until then. Ending ctx ends what is under way: its devices are reported as
// not reached.
func Run(ctx context.Context, t provision.Transport, plan *model.Plan, targets []Target, o Options) <-chan Report {
	if o.Parallel <= 0 {
		o.Parallel = defaultParallel
	}
	out := make(chan Report)
	dials := make(chan struct{}, handshakes)
	slots := make(chan struct{}, o.Parallel)
	go func() {
		defer close(out)
		var work sync.WaitGroup
		for _, target := range targets {
			slots <- struct{}{}
			work.Go(func() {
				defer func() { <-slots }()
				begun := time.Now()
				v := ask(ctx, t, target, dials)
				v.Plan, v.Lab = plan, o.Lab
				r := Judge(v)
				r.Seconds = time.Since(begun).Seconds()
				out <- r
			})
		}
		work.Wait()
	}()
	return out
}

// ask reads one device.
func ask(ctx context.Context, t provision.Transport, target Target, dials chan struct{}) View {
	v := View{Device: target.Device, Endpoint: target.Endpoint, Writes: target.Writes}
	switch {
	case RenderOnly(target.Device.Platform):
		return v
	case target.Endpoint.Host == "":
		v.DialErr = &provision.DeviceError{Device: target.Device.Name, Kind: provision.ErrUnreachable, Detail: "fabric.yaml gives it no management address (mgmt)"}
		return v
	}
	ctx, cancel := provision.WithTimeout(ctx, limit)
	defer cancel()
	dials <- struct{}{}
	s, err := t.Dial(ctx, target.Endpoint)
	<-dials
	if err != nil {
		v.DialErr = err
		return v
	}
	defer s.Close()
	var both sync.WaitGroup
	both.Go(func() { v.Shell = probe(ctx, s) })
	script := Script(target.Writes)
	v.Sent = time.Now()
	answer, err := provision.RunRoot(ctx, s, script)
	v.Received = time.Now()
	both.Wait()
	if err != nil {
		v.RootErr = err
		return v
	}
	v.Facts, v.RootErr = Parse(answer)
	return v
}

// Shell is what the login shell does of its own accord.
type Shell struct {
	Known bool
	Noise string        // what it printed, though nothing was asked
	Took  time.Duration // until an empty command had ended
	Err   error
}

// probe runs the shortest command there is with the login shell.
func probe(ctx context.Context, s provision.Session) Shell {
	begun := time.Now()
	out, err := provision.Run(ctx, s, "true", nil)
	return Shell{Known: err == nil, Noise: provision.Plain(string(out)), Took: time.Since(begun), Err: err}
}

// neighbors are what LLDP saw, by port.
func neighbors(seen []observe.Seen) map[string][]observe.Seen {
	out := map[string][]observe.Seen{}
	for _, s := range seen {
		out[s.Port] = append(out[s.Port], s)
	}
	return out
}
