package render_test

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"closup/lab/labtest"
)

// generations are the FRRs that the goldens are held against: this machine's,
// and those of the Debians that `make needs` unpacks.
var generations = []struct{ suite, version string }{
	{"", ""},
	{"bullseye", "7.5"},
	{"trixie", "10.3"},
}

// TestFRRAcceptsGoldens: the parser of every generation of FRR takes each
// frr.conf of testdata, and refuses what is spoilt. All files are read as one,
// since vtysh takes longer to start than to read them.
func TestFRRAcceptsGoldens(t *testing.T) {
	files, err := filepath.Glob("testdata/*/devices/*/etc/frr/frr.conf")
	if err != nil || len(files) == 0 {
		t.Fatal("no goldens", err)
	}
	var all strings.Builder
	var places []string // of each line
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfrr version") {
			t.Errorf("%s: with `frr version` FRR takes that version's defaults", file)
		}
		all.Write(text)
		for i := range strings.Count(string(text), "\n") {
			places = append(places, fmt.Sprintf("%s:%d", file, i+1))
		}
	}
	golden, err := os.ReadFile("testdata/article/devices/leaf1/etc/frr/frr.conf")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range generations {
		t.Run(cmp.Or(g.suite, "this machine"), func(t *testing.T) {
			t.Parallel()
			check := checker(t, g.suite)
			if g.suite != "" {
				if out, err := os.ReadFile(filepath.Join(rootOf(g.suite), "var/lib/dpkg/status")); err != nil ||
					!regexp.MustCompile(`(?m)^Package: frr\n(.+\n)*Version: `+regexp.QuoteMeta(g.version)+`\b`).Match(out) {
					t.Fatalf("its FRR is not %s: %v", g.version, err)
				}
			}
			refused, err := check(all.String())
			for line, why := range refused {
				t.Errorf("%s: %s", places[line-1], why)
			}
			if err != nil && len(refused) == 0 {
				t.Error(err)
			}
			for _, change := range [][2]string{
				{"remote-as external", "remote-as sometimes"},
				{"compare-routerid", "compare-everything"},
				{"permit 10.1.1.1/32", "permit 10.1.1.1/99"},
			} {
				spoilt := strings.Replace(string(golden), change[0], change[1], 1)
				if spoilt == string(golden) {
					t.Fatalf("%q is not in the golden", change[0])
				}
				// Behind all others: an earlier file hides nothing of a later.
				refused, err := check(all.String() + spoilt)
				if len(refused) != 1 || err == nil {
					t.Errorf("%q: %v, %v", change[1], refused, err)
				}
				for line := range refused {
					if text := strings.Split(all.String()+spoilt, "\n")[line-1]; !strings.Contains(text, change[1]) {
						t.Errorf("%q is accepted, and refused is %q", change[1], text)
					}
				}
			}
		})
	}
}

func rootOf(suite string) string {
	return filepath.Join(cmp.Or(os.Getenv("CLOSUP_ROOTS"), "/var/cache/closup/roots"), suite)
}

var refusal = regexp.MustCompile(`(?m)^line (\d+): (.*)$`)

// checker gives vtysh's opinion of a text: the lines that it refuses. In
// another root it sees a /tmp of its own, so that the root stays as it is.
func checker(t *testing.T, suite string) func(text string) (map[int]string, error) {
	t.Helper()
	const there = `mount -t tmpfs closup "$1/tmp" && cat >"$1/tmp/frr.conf" && exec chroot "$1" vtysh -C -f /tmp/frr.conf`
	if suite == "" {
		need(t, false, "vtysh")
	} else {
		need(t, true, "unshare", "chroot")
		if _, err := os.Stat(rootOf(suite)); err != nil {
			labtest.Skip(t, "needs a root of "+suite+", which .ci/roots makes: "+err.Error())
		}
	}
	return func(text string) (map[int]string, error) {
		t.Helper()
		var cmd *exec.Cmd
		if suite == "" {
			file := filepath.Join(t.TempDir(), "frr.conf")
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			cmd = exec.Command("vtysh", "-C", "-f", file)
		} else {
			cmd = exec.Command("unshare", "-m", "-n", "--propagation", "private", "sh", "-c", there, "sh", rootOf(suite))
			cmd.Stdin = strings.NewReader(text)
		}
		out, err := cmd.CombinedOutput()
		refused := map[int]string{}
		for _, m := range refusal.FindAllStringSubmatch(string(out), -1) {
			var line int
			if _, err := fmt.Sscan(m[1], &line); err != nil {
				t.Fatal(err)
			}
			refused[line] = m[2]
		}
		if err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		return refused, err
	}
}
