package render_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
	"pgregory.net/rapid"
)

// newfiles makes new files with the play's own program out of current ones, as
// the play would on the device. It fails as the program does.
func newfiles(t testing.TB, row map[string]any, current ...string) ([]string, error) {
	t.Helper()
	program, err := os.ReadFile("../assets/templates/ansible/newfiles.py")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var rows []map[string]any
	for i, text := range current {
		r := maps.Clone(row)
		r["path"], r["check"], r["verify"] = filepath.Join(dir, strconv.Itoa(i)), "", ""
		if err := os.WriteFile(r["path"].(string), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	in, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "-c", string(program))
	cmd.Stdin = strings.NewReader(base64.StdEncoding.EncodeToString(in))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		if strings.Contains(stderr.String(), "Traceback") {
			t.Fatal(stderr.String())
		}
		return nil, err
	}
	var made struct{ Differ map[string]string }
	if err := json.Unmarshal(stdout, &made); err != nil {
		t.Fatal(err)
	}
	var out []string
	for i, r := range rows {
		body, differs := made.Differ[r["path"].(string)]
		if !differs {
			body = current[i]
		}
		out = append(out, body)
	}
	return out, nil
}

// TestAnsibleMerges: the play's program and push make the same file of
// whatever a device has.
func TestAnsibleMerges(t *testing.T) {
	need(t, false, "python3")
	hosts := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"127.0.0.1 localhost", "127.0.1.1 K8s1", "192.0.2.1 a leaf1 b # leaf1", "# closup: begin", "# closup: end", "", "  ", "# leaf1", "192.0.2.7 x"}), 0, 9).Draw(t, "lines"), "\n")
	})
	daemons := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"bgpd=no", "bgpd=yes", ` bgpd="yes"`, "bfdd=no", "# bgpd=no", "zebra_options=\"-A\"", "", "vtysh_enable='yes' ", "vtysh_enable=no"}), 0, 6).Draw(t, "lines"), "\n")
	})
	for _, c := range []struct {
		path    string
		current *rapid.Generator[string]
	}{
		{"/etc/network/interfaces", rapid.Custom(interfacesFile)},
		{"/etc/hosts", hosts},
		{"/etc/frr/daemons", daemons},
	} {
		t.Run(c.path, func(t *testing.T) {
			text := cases(t)["article"]
			var row map[string]any
			for _, f := range filesOf(t, planOf(t, "article", text), "ansible") {
				if f.Path != "host_vars/leaf1.yml" {
					continue
				}
				var vars struct {
					Files []map[string]any `yaml:"closup_files"`
				}
				if err := yaml.Unmarshal(f.Body, &vars); err != nil {
					t.Fatal(err)
				}
				for _, r := range vars.Files {
					if r["path"] == c.path {
						row = r
					}
				}
			}
			for _, a := range device(t, "article", "leaf1") {
				if a.Path != c.path {
					continue
				}
				row["body"] = string(a.Body)
				var legal, want []string
				refused := 0
				for seed := range 100 {
					current := c.current.Example(seed)
					if seed == 0 {
						current = ""
					}
					made, err := a.Merge([]byte(current))
					if err == nil {
						legal, want = append(legal, current), append(want, string(made))
						continue
					}
					if refused++; refused > 3 {
						continue
					}
					if got, ok := newfiles(t, row, current); ok == nil {
						t.Fatalf("of %q\npush says %v, the play makes %q", current, err, got)
					}
				}
				got, err := newfiles(t, row, legal...)
				if err != nil {
					t.Fatal(err)
				}
				for i := range legal {
					if got[i] != want[i] {
						t.Fatalf("of %q\npush makes %q\nthe play   %q", legal[i], want[i], got[i])
					}
				}
			}
		})
	}
}
