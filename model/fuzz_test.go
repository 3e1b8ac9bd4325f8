package model_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"closup/assets"
	"closup/model"
)

// seeds gives the fuzzer every fabric there is.
func seeds(f *testing.F) {
	for _, name := range assets.Presets() {
		text, err := assets.Preset(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, pattern := range []string{"testdata/*/fabric.yaml", "testdata/bad/*/fabric.yaml", "testdata/rules/*/trip.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Add([]byte(edited))
}

// FuzzLoad: whatever the text, it loads or says why, in bounded memory; what
// loads can be planned and validated.
func FuzzLoad(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		fabric, err := model.Load("f", text)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 512<<20 { // the largest fabric takes less
			t.Errorf("%d bytes made %d MiB", len(text), took>>20)
		}
		if err != nil {
			var problems model.Errors
			if !errors.As(err, &problems) || len(problems) == 0 || fabric != nil {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		if len(fabric.Devices) > 2000 { // large, and planned by the benchmarks
			return
		}
		p, _ := model.NewPlan(fabric)
		if len(p.Links) > 20000 {
			return
		}
		model.Validate(fabric, p)
		whole(t, fabric, p)
	})
}

// FuzzEdit: every value of a document can be taken out as text and put back,
// and nothing changes.
func FuzzEdit(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		d := model.ParseDocument("f", text)
		if !bytes.Equal(d.Bytes(), text) {
			t.Fatal("the text is another")
		}
		for i, path := range d.Paths() {
			source, ok := d.Source(path)
			if i > 20 || !ok || source == "" {
				continue
			}
			if err := d.Set(path, source); err != nil || !bytes.Equal(d.Bytes(), text) {
				if s := model.ParseDocument("", []byte(source)); s.Len("")+len(s.Keys("")) > 0 || strings.ContainsAny(source, "\r\n") {
					return // a block may come to stand elsewhere
				}
				t.Fatalf("%s set to its own %q: %v\n%s", path, source, err, d.Bytes())
			}
		}
	})
}

// sound is the part of a test that whole needs, of the testing package or rapid.
type sound interface {
	Helper()
	Fatalf(string, ...any)
}

// whole checks what holds of every plan.
func whole(t sound, f *model.Fabric, p *model.Plan) {
	t.Helper()
	if len(p.Devices) != len(f.Devices) {
		t.Fatalf("%d devices of %d", len(p.Devices), len(f.Devices))
	}
	ends := map[model.End]bool{}
	for _, l := range p.Links {
		for _, e := range []model.End{l.A, l.B} {
			if ends[e] {
				t.Fatalf("%s has two cables", e)
			}
			ends[e] = true
			if d, ok := p.Device(e.Device); !ok || d.Name != e.Device {
				t.Fatalf("%s is on no device", e)
			}
		}
	}
	if _, odd := p.Device(model.External); odd { // a rule tells
		return
	}
	inside := 0
	for _, s := range p.Sessions {
		if s.Peer != model.External {
			inside++
			if !ends[model.End{Device: s.Device, Port: s.Port}] || !ends[model.End{Device: s.Peer, Port: s.PeerPort}] {
				t.Fatalf("%+v is on no cable", s)
			}
		}
	}
	if inside != 2*len(p.Links) {
		t.Fatalf("%d links have %d session ends", len(p.Links), inside)
	}
}
