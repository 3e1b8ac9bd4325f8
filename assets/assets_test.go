package assets_test

import (
	"testing"

	"closup/assets"
	"closup/model"
)

// TestPresets: every built-in fabric loads and has no errors; how large they
// are is part of what they are for.
func TestPresets(t *testing.T) {
	sizes := map[string]struct{ devices, links, ends int }{ // ends: of sessions inside the fabric
		"article":      {6, 5, 10},
		"reference":    {12, 20, 40},
		"three-tier":   {14, 20, 40},
		"dual-stack":   {8, 12, 24},
		"article-2017": {6, 5, 10},
	}
	const mostForLab = 14
	for _, name := range assets.Presets() {
		t.Run(name, func(t *testing.T) {
			text, err := assets.Preset(name)
			if err != nil {
				t.Fatal(err)
			}
			f, err := model.Load(name+".yaml", text)
			if err != nil {
				t.Fatal(err)
			}
			p, _ := model.NewPlan(f)
			for _, found := range model.Validate(f, p) {
				if found.Severity == model.Error {
					t.Errorf("%+v", found)
				}
			}
			inside := 0
			for _, s := range p.Sessions {
				if s.Peer != model.External {
					inside++
				}
			}
			if want, known := sizes[name]; known && (len(p.Devices) != want.devices || len(p.Links) != want.links || inside != want.ends) {
				t.Errorf("%d devices, %d links, %d session ends; want %v", len(p.Devices), len(p.Links), inside, want)
			}
			if f.Name != name || len(p.Devices) > mostForLab {
				t.Errorf("it is called %s and has %d devices", f.Name, len(p.Devices))
			}
		})
		delete(sizes, name)
	}
	if len(sizes) > 0 {
		t.Errorf("missing: %v", sizes)
	}
	if _, err := assets.Preset("../assets"); err == nil {
		t.Error("there is a preset ../assets")
	}
}
