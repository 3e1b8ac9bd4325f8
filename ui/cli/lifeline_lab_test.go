package cli

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"closup/lab/labtest"
)

// TestLabLifeline sees what is told before a push, and that the line which is
// saved takes a device back that nobody reaches any more.
func TestLabLifeline(t *testing.T) {
	labtest.Turn(t)
	b := newBench(t, "article")
	b.labUp()
	b.push(statusOK)
	b.converged(60 * time.Second)
	fabric := string(readFile(t, b.dir+"/fabric.yaml"))
	state := `cat /etc/frr/frr.conf /etc/network/interfaces /etc/hosts /etc/sysctl.d/90-closup.conf; vtysh -c 'show running-config' | sort; ip -o -4 addr show dev lo | sort`
	was := b.inside("leaf1", state)

	// An address that lives on lo and stands in no file goes with the change, and
	// one on a port that is not planned does not.
	b.inside("leaf1", "ip addr add 10.99.0.1/32 dev lo; ip link add dummy9 type veth peer name dummy8; ip addr add 10.99.0.2/32 dev dummy9")
	b.write("fabric.yaml", strings.Replace(fabric, "leafs: 10.1.1.0/24", "leafs: 10.1.4.0/24", 1))
	out, _ := b.ends(statusDiffers, "diff", "--lab")
	for _, want := range []string{
		`will vanish leaf1: lo 10\.1\.1\.1/32 and lo 10\.99\.0\.1/32`, `leaf1 swp32 to spine1: the router ID changes`, `A rollback would need about [0-9.]+m?s, the longest on leaf[12]`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("diff does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "10.99.0.2") || strings.Contains(out, "will vanish spine1") {
		t.Errorf("diff says of what stays that it goes:\n%s", out)
	}
	out, _ = b.ends(statusDiffers, "diff", "--lab", "-o", "json")
	var doc struct {
		Devices []struct {
			Name     string
			Vanish   []string
			Rollback float64 `json:"rollback_seconds"`
		}
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	for _, d := range doc.Devices {
		vanish := strings.Join(d.Vanish, " ")
		want := map[string]string{"leaf1": "lo 10.1.1.1/32 lo 10.99.0.1/32", "leaf2": "lo 10.1.1.2/32"}[d.Name]
		if vanish != want || (d.Rollback > 0) != (want != "") {
			t.Errorf("%s: vanish %q, rollback %v", d.Name, vanish, d.Rollback)
		}
	}
	// (The spine and the nodes take any loopback, and do not change.)
	s := b.newScreen(120, 200, "push", "--lab")
	s.shows("Type article to push", 30*time.Second)
	for _, want := range []string{"will vanish leaf1", "will go down for a moment", "A rollback would need"} {
		if !strings.Contains(s.text(), want) {
			t.Errorf("push does not say %q before it asks:\n%s", want, s.text())
		}
	}
	s.press("C-c")
	s.ended(20 * time.Second)
	b.inside("leaf1", "ip addr del 10.99.0.1/32 dev lo; ip link del dummy9")

	// Nobody reaches leaf1 any more: its own console does.
	_, errs := b.push(statusOK, "--only", "leaf1,leaf2", "--confirm", "600s")
	saved := regexp.MustCompile(`(?m)^Saved in (\S+)$`).FindStringSubmatch(errs)
	if saved == nil {
		t.Fatalf("it is not said where the line is saved:\n%s", errs)
	}
	text := string(readFile(t, saved[1]))
	info, err := os.Stat(saved[1])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	line := regexp.MustCompile(`(?m)^leaf1 \(\S+\)\n +(sudo sh /var/lib/closup/push/\S+/job back)$`).FindStringSubmatch(text)
	if line == nil || !strings.Contains(errs, line[1]) {
		t.Fatalf("the file has no line for leaf1, or another one was printed:\n%s\n%s", text, errs)
	}
	if pending := b.inside("leaf1", state); pending == was || !strings.Contains(pending, "10.1.4.1") {
		t.Errorf("nothing was changed:\n%s", pending)
	}
	b.inside("leaf1", "ip link set eth0 down")
	if said := b.inside("leaf1", "su - cumulus -c '"+line[1]+"'"); !strings.Contains(said, "rolled-back") {
		t.Errorf("the line says %q", said)
	}
	if now := b.inside("leaf1", state); now != was {
		t.Errorf("it is not back; it has\n%s\nand had\n%s", now, was)
	}
	b.inside("leaf1", "ip link set eth0 up; ifreload -a >/dev/null 2>&1; true")
	b.run("confirm", "--lab")
	if now := b.inside("leaf2", "cat /etc/frr/frr.conf"); !strings.Contains(now, "10.1.4.2") {
		t.Errorf("leaf2, which was confirmed, has\n%s", now)
	}
	// Once it was confirmed the line does no harm.
	b.inside("leaf2", line[1]+" 2>&1; true")
	if now := b.inside("leaf2", "cat /etc/frr/frr.conf"); !strings.Contains(now, "10.1.4.2") {
		t.Errorf("the line undid what was confirmed:\n%s", now)
	}
}
