package netns

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"closup/model"
)

func TestMain(m *testing.M) {
	Init()
	if os.Getenv(upAlone) != "" {
		os.Exit(upInThisProcess())
	}
	os.Exit(m.Run())
}

// needLab skips where the lab cannot run, and fails there when CLOSUP_NO_SKIP
// is set.
func needLab(t testing.TB) {
	t.Helper()
	if err := Check(); err != nil {
		if os.Getenv("CLOSUP_NO_SKIP") == "1" {
			t.Fatalf("the lab cannot run here: %v", err)
		}
		t.Skipf("the lab cannot run here: %v", err)
	}
}

// link is one cable of a plan made by hand: "spine1:swp1 leaf1:swp32".
func link(t testing.TB, s string) model.Link {
	t.Helper()
	var l model.Link
	a, b, ok := strings.Cut(s, " ")
	for _, e := range []struct {
		text string
		end  *model.End
	}{{a, &l.A}, {b, &l.B}} {
		var found bool
		e.end.Device, e.end.Port, found = strings.Cut(e.text, ":")
		ok = ok && found
	}
	if !ok {
		t.Fatalf("not a link: %q", s)
	}
	return l
}

// fabric is a plan of a few devices, with what the lab reads of one.
func fabric(t testing.TB, name string, links []string, devices ...string) *model.Plan {
	t.Helper()
	p := &model.Plan{Name: name}
	for _, d := range devices {
		dev := model.Device{Name: d, Role: model.Leaf, Platform: "cumulus", Access: model.Access{User: "cumulus"}, Management: model.Management{Port: "eth0"}}
		switch {
		case strings.HasPrefix(d, "spine"):
			dev.Role = model.Spine
		case strings.HasPrefix(d, "k8s"):
			dev.Role, dev.Platform = model.Node, "ubuntu"
			dev.PodCIDRs = []netip.Prefix{netip.MustParsePrefix("10.233." + d[3:] + ".0/24"), netip.MustParsePrefix("fd00:233:" + d[3:] + "::/64")}
		}
		p.Devices = append(p.Devices, dev)
	}
	for _, l := range links {
		p.Links = append(p.Links, link(t, l))
	}
	return p
}

// article is the shape of the preset of that name.
func article(t testing.TB) *model.Plan {
	return fabric(t, "article", []string{
		"spine1:swp1 leaf1:swp32", "spine1:swp2 leaf2:swp32",
		"leaf1:swp1 k8s1:eth1", "leaf2:swp1 k8s2:eth1", "leaf2:swp2 k8s3:eth1",
	}, "spine1", "leaf1", "leaf2", "k8s1", "k8s2", "k8s3")
}

func pair(t testing.TB) *model.Plan {
	return fabric(t, "pair", []string{"leaf1:swp1 k8s1:eth1"}, "leaf1", "k8s1")
}

// isolate gives the test a state directory of its own.
func isolate(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", dir)
	return dir
}

// up brings a plan up and ends it with the test.
func up(t testing.TB, p *model.Plan, roots ...Root) *Lab {
	t.Helper()
	needLab(t)
	isolate(t)
	t.Cleanup(func() { down(t, p.Name) })
	l, err := Up(t.Context(), p, Options{Progress: func(s string) { t.Log(s) }, Roots: roots})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func down(t testing.TB, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := Down(ctx, name); err != nil {
		t.Error(err)
	}
}

// run runs a shell command in a device and gives its output; it must succeed.
func run(t testing.TB, l *Lab, device, command string) string {
	t.Helper()
	var out, errs bytes.Buffer
	status, err := l.Exec(t.Context(), device, []string{"sh", "-c", command}, nil, &out, &errs)
	if err != nil || status != 0 {
		t.Fatalf("%s: %s: status %d, %v\n%s%s", device, command, status, err, out.String(), errs.String())
	}
	return out.String()
}

// waitFor asks until the shell command in a device succeeds, and gives its
// output.
func waitFor(t testing.TB, l *Lab, device, command string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var out bytes.Buffer
	err := until(ctx, func() (bool, error) {
		out.Reset()
		status, err := l.Exec(ctx, device, []string{"sh", "-c", command}, nil, &out, &out)
		return status == 0, err
	})
	if err != nil {
		t.Fatalf("%s: %s: %v; last:\n%s", device, command, err, out.String())
	}
	return out.String()
}

// put writes a file in a device.
func put(t testing.TB, l *Lab, device, path, body string) {
	t.Helper()
	var errs bytes.Buffer
	status, err := l.Exec(t.Context(), device, []string{"tee", path}, strings.NewReader(body), nil, &errs)
	if err != nil || status != 0 {
		t.Fatalf("%s: writing %s: status %d, %v, %s", device, path, status, err, errs.String())
	}
}
