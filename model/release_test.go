package model_test

import (
	"testing"

	"closup/model"
)

func TestCompareReleases(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"5.9", "5.10", -1},
		{"5.10", "5.9", 1},
		{"5", "5.0", 0},
		{"5.0.0.0", "5", 0},
		{"4.4", "5", -1},
		{"5.0.1", "5.0", 1},
		{"202405", "202311.2", 1},
		{"05.9", "5.09", 0},
	} {
		if got := model.CompareReleases(c.a, c.b); got != c.want {
			t.Errorf("%s and %s: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// TestRelease: a device's own, or its role's while it runs its role's platform.
func TestRelease(t *testing.T) {
	f, err := model.Load("fabric.yaml", []byte(`
platform: {leafs: nvue}
release: {leafs: 5.10, spines: "4.3"}
spines: [{name: spine1}]
leafs: [{name: leaf1}, {name: leaf2, release: 5.9.1}, {name: leaf3, platform: sonic}, {name: leaf4, platform: sonic, release: 202405}]
`))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := model.NewPlan(f)
	for name, want := range map[string]string{"spine1": "4.3", "leaf1": "5.10", "leaf2": "5.9.1", "leaf3": "", "leaf4": "202405"} {
		d, _ := p.Device(name)
		if d.Release != want {
			t.Errorf("%s has the release %q, want %q", name, d.Release, want)
		}
	}
}
