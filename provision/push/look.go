package push

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"closup/provision"
	"closup/provision/observe"
)

// seen is what a look found: a state for each file, and for each unit.
type seen struct {
	files []state
	kept  [][]byte // the file as confirmed last, where it is not the one that is there
	units []running
	dead  []string // pushes that ended there in the middle
	asked *asked   // for the preflight; nil: nothing

	router observe.Device // laid, still: what it says of its sessions, where it is asked
}

// view is how a look looks at the units.
type view uint8

const (
	asFound view = iota // what runs
	held                // and whether that is what the files on the disk ask
	laid                // the same for the files of this push, wherever they are
	still               // what runs with those, beside a look before
)

// atOnce gathers what is printed piece by piece: each piece that travels alone
// wakes sshd, and the operator's side.
const atOnce = "dd ibs=64k obs=64k 2>/dev/null"

// look reads files, running state and records in one round trip.
func (d *device) look(ctx context.Context, v view) (*seen, error) {
	s, calls := d.script(), &script{}
	d.askFacts(s, calls, v)
	if v == laid || v == still {
		calls.line("renew %s", int(d.push.Undo/time.Second))
	}
	calls.WriteString("look_open\n")
	paths := make([]string, 0, 2*len(d.files)+len(d.units))
	for _, f := range d.files {
		if f.trial == nil { // or its unit is asked
			paths = append(paths, f.Path)
		}
		paths = append(paths, d.push.keptAt(f.Path))
		d.log("read %s", f.Path)
	}
	for _, u := range d.units {
		paths = append(paths, d.push.recordAt(u.Name))
	}
	calls.line("look_files"+strings.Repeat(" %s", len(paths)), words(paths)...)
	for i, f := range d.files {
		if f.trial != nil {
			s.function(fmt.Sprintf("read_%d", i), f.trial.Read)
			fmt.Fprintf(calls, "look_unit applied read_%d\n", i)
		}
	}
	for i, u := range d.units {
		show, verify := fmt.Sprintf("show_%d", i), fmt.Sprintf("verify_%d", i)
		if v == laid || v == still {
			show, verify = d.staged(u, "show"), d.staged(u, "verify")
		} else {
			s.function(show, orTrue(u.Show))
			s.function(verify, orTrue(u.Verify))
		}
		if u.Show != "" {
			fmt.Fprintf(calls, "look_unit show %s ''\n", show)
			d.log("$ %s", u.Show)
		}
		if (v == held || v == laid) && u.Verify != "" {
			for _, f := range u.files {
				if v == held || f.want != nil {
					fmt.Fprintf(calls, "look_unit verify %s %s\n", verify, provision.Quote(f.Path))
				}
			}
		}
	}
	routed := (v == laid || v == still) && d.routed()
	if routed {
		d.askRouter(s, calls)
	}
	calls.WriteString("block end\n")
	s.function("look_all", calls.String())
	s.WriteString("look_all | " + atOnce + "\nexit 0\n")
	sent := time.Now()
	out, err := d.root(ctx, s)
	received := time.Now()
	if err != nil {
		return nil, d.errorf(err, "", "its files could not be read: %v", err)
	}
	all, err := d.push.blocks(out)
	if err != nil {
		return nil, d.errorf(err, string(out), "its files could not be read: %v", err)
	}
	if n := len(all); n > 0 && all[n-1].kind == "end" {
		all = all[:n-1]
	} else {
		return nil, d.errorf(provision.ErrOutput, string(out), "its files could not be read: the answer stops in the middle")
	}
	var facts *asked
	if len(all) > 0 && all[0].kind == "facts" {
		facts, all = &asked{all[0].data, sent, received}, all[1:]
	}
	if len(all) > 0 && all[0].kind == "left" {
		d.until, all = sent.Add(secondsOf(all[0].rest)), all[1:]
	}
	var router []byte
	if n := len(all); routed && n > 0 && all[n-1].kind == "router" {
		router, _ = all[n-1].ended()
		all = all[:n-1]
	}
	found, err := d.parseLook(all, v)
	if err != nil {
		return nil, err
	}
	found.asked = facts
	if routed {
		if found.router, err = d.answered(ctx, router, sent); err != nil {
			return nil, d.errorf(err, string(router), "its router cannot be asked: %v", err)
		}
	}
	return found, nil
}

// routed says whether the device's router is to be asked what it has.
func (d *device) routed() bool { return d.target.Device.Routing.ASN != 0 && !d.target.Restore }

// applied is closup's part of what a unit that commits by itself has applied.
func (d *device) applied(f *file, b block, kept []byte) (state, error) {
	text, status := b.ended()
	if status != "0" {
		return state{}, d.errorf(provision.ErrOutput, string(text), "what %s has applied cannot be read: %s", f.Unit, firstOf(string(text)))
	}
	part, err := f.trial.Part(text, f.Body, kept)
	if err != nil {
		return state{}, d.errorf(provision.ErrOutput, "", "%v", err)
	}
	return state{exists: true, mode: f.mode(), owner: f.owner(), body: part, sum: sumOf(text)}, nil
}

// staged runs what stage sent of a unit, with the new files in place.
func (d *device) staged(u *unit, way string) string {
	return "laid sh \"$T/unit/\"" + provision.Quote(u.Name+"."+way)
}

func orTrue(commands string) string {
	if commands == "" {
		return "true"
	}
	return commands
}

// keptAt is where the device keeps the file as it was confirmed last.
func (p *push) keptAt(path string) string { return p.home + "/live/file" + path }

// recordAt is where it keeps what was written down of a unit.
func (p *push) recordAt(unit string) string { return p.home + "/live/unit/" + unit }

// words are arguments for a line.
func words(list []string) []any {
	out := make([]any, len(list))
	for i, w := range list {
		out[i] = w
	}
	return out
}

func (d *device) parseLook(all []block, v view) (*seen, error) {
	next := func(kinds ...string) (block, error) {
		if len(all) > 0 {
			b := all[0]
			for _, kind := range kinds {
				if b.kind == kind {
					all = all[1:]
					return b, nil
				}
			}
		}
		return block{}, d.errorf(provision.ErrOutput, "", "its answer cannot be understood")
	}
	var found seen
	for {
		b, err := next("open")
		if err != nil {
			break
		}
		id, life, _ := strings.Cut(b.rest, " ")
		if strings.HasSuffix(life, " dead") && safeID(id) {
			found.dead = append(found.dead, id)
		}
	}
	b, err := next("files")
	if err != nil {
		return nil, err
	}
	there, err := states(b.data)
	if err != nil {
		return nil, d.errorf(err, "", "its files could not be read: %v", err)
	}
	for _, f := range d.files {
		now, kept := there[f.Path], there[d.push.keptAt(f.Path)].body
		switch {
		case f.trial != nil:
			if b, err = next("applied"); err == nil {
				now, err = d.applied(f, b, kept)
			}
			if err != nil {
				return nil, err
			}
		case now.odd:
			return nil, d.errorf(nil, "", "%s is there, but is not a file", f.Path)
		case now.exists && bytes.Equal(kept, now.body):
			kept = nil
		}
		if bytes.Equal(now.body, f.Body) {
			now.body = f.Body // held once: of a thousand devices most files are as asked
		}
		found.files, found.kept = append(found.files, now), append(found.kept, kept)
	}
	for _, u := range d.units {
		r := running{shown: true}
		if u.Show != "" {
			b, err := next("show")
			if err != nil {
				return nil, err
			}
			var status string
			r.text, status = b.ended()
			r.shown = status == "0"
		}
		for _, f := range u.files {
			if v == asFound || v == still || u.Verify == "" || v == laid && f.want == nil {
				continue
			}
			b, err := next("verify")
			if err != nil {
				return nil, err
			}
			if text, status := b.ended(); status != "0" && r.fault == "" {
				r.fault, r.stopped = firstOf(string(text)), status == "2"
			}
		}
		r.text, r.record = bytes.Clone(r.text), there[d.push.recordAt(u.Name)].body
		found.units = append(found.units, r)
	}
	return &found, nil
}

// safeID says whether a device's word for a push can stand in a path.
func safeID(id string) bool {
	return id != "" && !strings.HasPrefix(id, ".") && !strings.ContainsFunc(id, func(r rune) bool {
		return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-')
	})
}
