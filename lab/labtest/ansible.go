package labtest

import (
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"testing"

	"closup/lab/netns"
	"closup/model"
)

// Inventory is an inventory of Ansible's, as JSON, that says where a lab has the
// devices of a plan. Every device has the variables of more too.
func Inventory(t testing.TB, plan *model.Plan, lab *netns.Lab, more map[string]any) []byte {
	t.Helper()
	hosts := map[string]any{}
	for _, d := range plan.Devices {
		e, err := lab.Endpoint(d.Name)
		if err != nil {
			t.Fatal(err)
		}
		vars := map[string]any{
			"ansible_host": e.Host, "ansible_port": e.Port, "ansible_user": e.User,
			"ansible_ssh_private_key_file": e.Identity[0],
			"ansible_ssh_common_args":      "-o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=" + e.KnownHosts,
		}
		maps.Copy(vars, more)
		hosts[d.Name] = vars
	}
	body, err := json.MarshalIndent(map[string]any{"fabric": map[string]any{"hosts": hosts}}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// HangUp ends the connections that Ansible's ssh holds open for the next command:
// their sockets lie in the directory.
func HangUp(t testing.TB, dir string) {
	t.Helper()
	sockets, err := filepath.Glob(dir + "/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, socket := range sockets {
		if out, err := exec.Command("ssh", "-F", "/dev/null", "-O", "exit", "-o", "ControlPath="+socket, "any").CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
}
