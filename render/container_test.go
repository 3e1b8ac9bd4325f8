package render_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"closup/model"
	"closup/render"
)

// TestArticleQuagga: the Quagga.conf of the preset's k8s1 is, line by line, the
// one of the article's own k8s1, kept in testdata/quagga.
func TestArticleQuagga(t *testing.T) {
	want, err := os.ReadFile("testdata/quagga/k8s1.conf")
	if err != nil {
		t.Fatal(err)
	}
	got := bodyOf(t, device(t, "article-2017", "k8s1"), "/etc/quagga/Quagga.conf")
	if !bytes.Equal(got, want) {
		t.Errorf("it differs:\n%s", render.Diff("article", "made", want, got, 3))
	}
	if bytes.Equal(bodyOf(t, device(t, "article-2017", "k8s2"), "/etc/quagga/Quagga.conf"), want) {
		t.Error("k8s2 has the same, so nothing of it follows from the fabric")
	}
}

func bodyOf(t testing.TB, all []render.Artifact, path string) []byte {
	t.Helper()
	for _, a := range all {
		if a.Path == path {
			return a.Body
		}
	}
	t.Fatalf("there is no %s", path)
	return nil
}

// TestFRRAcceptsQuagga: every generation of FRR takes each Quagga.conf of
// testdata, but for the AS path lists, which it spells otherwise, and refuses
// what is spoilt.
func TestFRRAcceptsQuagga(t *testing.T) {
	files, err := filepath.Glob("testdata/*/devices/*/etc/quagga/Quagga.conf")
	if err != nil || len(files) < 5 {
		t.Fatal("no goldens", files, err)
	}
	files = append(files, "testdata/quagga/k8s1.conf")
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(regexp.MustCompile(`(?m)^ip as-path`).ReplaceAllString(string(text), "bgp as-path"))
	}
	for _, g := range generations {
		t.Run(g.suite+g.version, func(t *testing.T) {
			t.Parallel()
			check := checker(t, g.suite)
			if refused, err := check(all.String()); err != nil {
				t.Errorf("%v: %v", err, refused)
			}
			for _, change := range [][2]string{
				{"access-list LOOPBACK permit", "access-list LOOPBACK allow"},
				{"ra-interval 3", "ra-interval often"},
				{"capability extended-nexthop", "capability extended-everything"},
			} {
				spoilt := strings.Replace(all.String(), change[0], change[1], 1)
				if refused, err := check(spoilt); spoilt == all.String() || len(refused) != 1 || err == nil {
					t.Errorf("%q: %v, %v", change[1], refused, err)
				}
			}
		})
	}
}

// TestSystemdAcceptsContainers: systemd takes every service of the goldens, and
// refuses what is spoilt.
func TestSystemdAcceptsContainers(t *testing.T) {
	need(t, true, "unshare", "nsenter", "systemd-analyze")
	t.Parallel()
	b := newBox(t)
	b.run(`mkdir -p /mnt/b/u /mnt/b/w && mount -t overlay closup -o lowerdir=/usr/bin,upperdir=/mnt/b/u,workdir=/mnt/b/w /usr/bin
for engine in docker podman; do printf '#!/bin/sh\n' >/usr/bin/$engine; chmod 755 /usr/bin/$engine; done
printf '[Service]\nExecStart=/bin/true\n' >/etc/systemd/system/docker.service`)
	const verify = `dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cp "$1" "$dir/$2"; sed -i "${3:-}" "$dir/$2"
out=$(systemd-analyze verify --man=no "$dir/$2" 2>&1) && ! echo "$out" | grep -q "$2" || { echo "$out"; exit 1; }`
	files, err := filepath.Glob("testdata/*/devices/*/etc/systemd/system/*-container.service")
	if err != nil || len(files) < 5 {
		t.Fatal("no goldens", files, err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if seen[string(body)] {
			continue
		}
		seen[string(body)] = true
		at, _ := filepath.Abs(file)
		b.run(verify, at, filepath.Base(file))
		for _, spoil := range []string{
			"s/^ExecStart=/ExecStrat=/", "s|^ExecStart=/usr/bin/|ExecStart=/usr/bin/no|", "s/^Restart=always/Restart=sometimes/",
		} {
			if out, err := b.try(verify, at, filepath.Base(file), spoil); err == nil {
				t.Errorf("%s with %s is accepted: %s", file, spoil, out)
			}
		}
	}
}

// TestLeastCapabilities: nothing more than what a router needs, unless the
// operator asks for all of it.
func TestLeastCapabilities(t *testing.T) {
	const unit = "/etc/systemd/system/frr-container.service"
	least := string(bodyOf(t, device(t, "containers", "node1"), unit))
	all := string(bodyOf(t, device(t, "containers", "node2"), unit))
	if !strings.Contains(least, " --cap-drop ALL ") || strings.Contains(least, "--privileged") {
		t.Errorf("node1:\n%s", least)
	}
	if !strings.Contains(all, " --privileged ") || strings.Contains(all, "--cap-") {
		t.Errorf("node2:\n%s", all)
	}
}

// TestContainerRefused: a name that could be more than an image's never
// reaches a unit that root runs.
func TestContainerRefused(t *testing.T) {
	for name, spoil := range map[string]func(*model.Device){
		"image":    func(d *model.Device) { d.Container.Image = "frr\nExecStartPost=/bin/sh" },
		"option":   func(d *model.Device) { d.Container.Image = "--privileged" },
		"no image": func(d *model.Device) { d.Container.Image = "" },
		"engine":   func(d *model.Device) { d.Container.Engine = "lxc" },
	} {
		p := planOf(t, "containers", cases(t)["containers"])
		d, _ := p.Device("node1")
		spoil(d)
		if _, err := render.Device(p, d); err == nil || !strings.Contains(err.Error(), "node1") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
