package preflight

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func folder(controls ...string) (debs []Deb) {
	for i, c := range controls {
		debs = append(debs, Deb{Path: fmt.Sprintf("%d.deb", i), Control: parseControl(c)})
	}
	return debs
}

func TestResolve(t *testing.T) {
	have := Installed{Arch: "amd64", Packages: []Control{
		{Package: "libc6", Version: "2.36-9"},
		{Package: "mawk", Version: "1.3", Provides: []Relation{{Package: "awk"}}},
		{Package: "libold", Version: "1:1.0-2"},
	}}
	all := folder(
		"Package: frr\nVersion: 8.4.4-1\nArchitecture: amd64\nPre-Depends: libpre\nDepends: libc6 (>= 2.34), libyang2 (>= 2.1),\n libcares, awk, init-a | init-b",
		"Package: frr\nVersion: 8.4.2-1\nArchitecture: amd64\nDepends: nothing-of-this",
		"Package: frr\nVersion: 10.0-1\nArchitecture: arm64",
		"Package: libyang2\nVersion: 2.1.30-2\nArchitecture: amd64",
		"Package: libcares2\nVersion: 1.18\nArchitecture: amd64\nProvides: libcares (= 1.18), other",
		"Package: libpre\nVersion: 1\nArchitecture: all\nDepends: frr", // a circle
		"Package: init-b\nVersion: 3\nArchitecture: all",
		"Package: wants-new\nVersion: 1\nArchitecture: all\nDepends: libold (>= 1:1.0-3), libc6 (<< 2.30) | gone:any (= 4), other (>= 1)",
		"Package: libold\nVersion: 1:1.0-3\nArchitecture: all",
	)
	for _, c := range []struct {
		wanted         string
		install, lacks string
	}{
		{"frr", "libpre libyang2 libcares2 init-b frr", ""},
		{"libc6", "", ""},
		{"awk", "", ""},
		{"init-b libyang2 init-b", "init-b libyang2", ""},
		{"wants-new", "libold wants-new", "wants-new needs libc6 (<< 2.30) or gone (= 4); wants-new needs other (>= 1)"},
		{"nobody", "", "nobody"},
	} {
		install, lacks := resolve(strings.Fields(c.wanted), have, all)
		var names []string
		for _, d := range install {
			names = append(names, d.Control.Package)
			if d.Control.Package == "frr" && d.Control.Version != "8.4.4-1" {
				t.Errorf("%s: frr %s %s", c.wanted, d.Control.Version, d.Control.Arch)
			}
		}
		if got := strings.Join(names, " "); got != c.install || strings.Join(lacks, "; ") != c.lacks {
			t.Errorf("%s: installs %s, lacks %q; want %s, %q", c.wanted, got, lacks, c.install, c.lacks)
		}
	}
}

// TestVersions compares every pair as dpkg does, where there is one.
func TestVersions(t *testing.T) {
	versions := []string{
		"1.0", "1.0-1", "1.0-0", "1.0~rc1", "1.0~rc1-1", "1.0~~", "1.0+b1", "1.0a", "1.0.1", "1.00", "10.0", "9", "0:9", "1:0.1",
		"8.4.4-1.1~deb12u2", "8.4.4-1.1", "2.0", "2.0~rc1", "1.0-1.1", "1.0-1+b2", "5.9.1u1", "8.4.3-0+cl5.9.1u1",
	}
	if _, err := exec.LookPath("dpkg"); err != nil {
		if os.Getenv("CLOSUP_NO_SKIP") == "1" {
			t.Fatal(err)
		}
		t.Skip("dpkg is what it is compared with, and it is not here")
	}
	var script strings.Builder
	for i, a := range versions {
		for _, b := range versions[:i] {
			fmt.Fprintf(&script, "if dpkg --compare-versions '%[1]s' lt '%[2]s'; then echo -1; elif dpkg --compare-versions '%[1]s' gt '%[2]s'; then echo 1; else echo 0; fi\n", a, b)
		}
	}
	out, err := exec.Command("sh", "-c", script.String()).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(out))
	for i, a := range versions {
		for _, b := range versions[:i] {
			said := lines[0]
			lines = lines[1:]
			if got := compareVersions(a, b); fmt.Sprint(got) != said || compareVersions(b, a) != -got {
				t.Errorf("%s beside %s: %d and %d, and dpkg says %s", a, b, got, compareVersions(b, a), said)
			}
		}
	}
}
