package render_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestKubesprayInventory: Ansible reads the inventory and finds every node with
// its loopback as its address; a group whose kind is misspelt is refused.
func TestKubesprayInventory(t *testing.T) {
	need(t, false, "ansible-inventory")
	list := func(dir string) ([]byte, error) {
		cmd := exec.Command("ansible-inventory", "-i", "inventory.ini", "--list")
		cmd.Dir = dir
		home := t.TempDir()
		// a file that cannot be read is an error, not a warning
		cmd.Env = append(os.Environ(), "ANSIBLE_HOME="+home, "ANSIBLE_LOCAL_TEMP="+home, "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=1")
		return cmd.Output()
	}
	dir := ""
	for _, name := range []string{"article", "everything"} {
		p := planOf(t, name, cases(t)[name])
		dir = t.TempDir()
		for _, f := range filesOf(t, p, "kubespray") {
			write(t, filepath.Join(dir, f.Path), f.Body)
		}
		out, err := list(dir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var inventory struct {
			Meta struct {
				Hostvars map[string]map[string]any `json:"hostvars"`
			} `json:"_meta"`
			Control struct{ Hosts []string } `json:"kube_control_plane"`
			Nodes   struct{ Hosts []string } `json:"kube_node"`
		}
		if err := json.Unmarshal(out, &inventory); err != nil {
			t.Fatal(err)
		}
		n := 0
		for i := range p.Devices {
			d := &p.Devices[i]
			vars, listed := inventory.Meta.Hostvars[d.Name]
			if listed != (d.Role.String() == "node") {
				t.Errorf("%s: %s is listed: %v", name, d.Name, listed)
			}
			if !listed {
				continue
			}
			n++
			if vars["ip"] != d.Loopbacks[0].Addr().String() || vars["access_ip"] != vars["ip"] || vars["kube_pods_subnet"] != p.Pods[0].String() {
				t.Errorf("%s: %s: %v", name, d.Name, vars)
			}
			if d.Mgmt != "" && vars["ansible_host"] != d.Mgmt || d.Access.Jump != "" && vars["ansible_ssh_common_args"] != "-o ProxyJump="+d.Access.Jump {
				t.Errorf("%s: %s is reached by %v", name, d.Name, vars)
			}
			control := slices.Contains(d.Roles, "control-plane")
			if slices.Contains(inventory.Control.Hosts, d.Name) != control || slices.Contains(inventory.Nodes.Hosts, d.Name) == control {
				t.Errorf("%s: %s is in the wrong group", name, d.Name)
			}
		}
		if n == 0 {
			t.Errorf("%s: no node", name)
		}
	}
	file := filepath.Join(dir, "inventory.ini")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, []byte(strings.Replace(string(text), ":children", ":kids", 1)))
	if _, err := list(dir); err == nil {
		t.Error("a misspelt inventory passed")
	}
}
