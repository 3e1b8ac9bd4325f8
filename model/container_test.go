package model_test

import (
	"slices"
	"strings"
	"testing"

	"closup/model"
)

// TestContainers: what a device says of its container comes before what is
// said of all, and that before what follows from the router.
func TestContainers(t *testing.T) {
	p := plan(t, "fabric.yaml", []byte(`name: boxes
router: {nodes: frr-container}
container: {engine: podman, privileged: true}
spines: [{name: spine1}]
leafs: [{name: leaf1}]
nodes:
  - {name: k8s1}
  - {name: k8s2, container: {engine: docker, image: "host:5000/a/frr:8.4@sha256:`+strings.Repeat("0f", 32)+`", privileged: false}}
  - {name: k8s3, router: quagga-container}
  - {name: k8s4, router: frr}
`))
	for name, want := range map[string]model.Container{
		"leaf1": {},
		"k8s1":  {Engine: "podman", Image: "quay.io/frrouting/frr:10.3.1", Privileged: true},
		"k8s2":  {Engine: "docker", Image: "host:5000/a/frr:8.4@sha256:" + strings.Repeat("0f", 32)},
		"k8s3":  {Engine: "podman", Image: "linuxsimba/quagga:xenial-latest", Privileged: true},
		"k8s4":  {},
	} {
		if d, _ := p.Device(name); d.Container != want {
			t.Errorf("%s: %+v, want %+v", name, d.Container, want)
		}
	}
}

// TestContainerKeysRefused: what could become more than an image's name does
// not load.
func TestContainerKeysRefused(t *testing.T) {
	for _, bad := range []string{
		"engine: lxc", "engine: dokcer", "privileged: yes", `privileged: "true"`, "images: a", "image: ''",
		"image: UPPER/case", "image: 'frr; reboot'", "image: '--privileged'", "image: 'a b'", "image: '$(id)'", "image: 'a:'", "image: 'a@sha256:00'", "image: ../a", "image: 'a%n'",
	} {
		if f, err := model.Load("f", []byte("container: {"+bad+"}\n")); err == nil {
			t.Errorf("%s loads: %+v", bad, f.Container)
		}
	}
	for name, safe := range map[string]bool{
		"frr": true, "frr:10": true, "a.b:5000/c/d_e:1.2-x": true,
		"": false, "-frr": false, "frr\n": false, "a//b": false, strings.Repeat("a", 256): false,
	} {
		if model.SafeImage(name) != safe {
			t.Errorf("%q: %t", name, !safe)
		}
	}
}

// TestQuaggaPolicy: access-lists over the ranges, and a filter against transit
// only where there is a second leaf.
func TestQuaggaPolicy(t *testing.T) {
	const fabric = `name: boxes
router: {nodes: quagga-container}
spines: [{name: spine1}]
leafs: [{name: leaf1}, {name: leaf2}]
nodes: [{name: k8s1}, {name: k8s2, homes: 2}]
`
	look := func(text, device string) model.Routing {
		d, _ := plan(t, "fabric.yaml", []byte(text)).Device(device)
		return d.Routing
	}
	lists := func(r model.Routing) (out []string) {
		for _, l := range r.PrefixLists {
			for _, rule := range l.Rules {
				out = append(out, l.Name+" "+rule.Prefix.String())
			}
			if l.Access != (l.Name == "LOOPBACK" || l.Name == "K8SROUTES") {
				t.Errorf("%s is an access-list: %t", l.Name, l.Access)
			}
		}
		return out
	}
	one, two := look(fabric, "k8s1"), look(fabric, "k8s2")
	if got := lists(one); !slices.Equal(got, []string{"LOOPBACK 10.1.3.0/24", "K8SROUTES 10.233.64.0/18"}) {
		t.Error(got)
	}
	if g := one.Groups[0]; g.PathOut != "" || len(g.Out) > 0 || len(one.PathLists) > 0 || len(one.Source) > 0 {
		t.Errorf("one leaf: %+v", g)
	}
	if g := two.Groups[0]; g.PathOut != "LOCAL-ONLY" || len(two.PathLists) != 1 {
		t.Errorf("two leafs: %+v", g)
	}
	// A switch's loopback among the nodes': only its own is announced.
	mixed := look("loopbacks: {leafs: 10.1.3.128/25}\n"+fabric, "k8s1")
	if got := lists(mixed); !slices.Equal(got, []string{"LOOPBACK 10.1.3.1/32", "K8SROUTES 10.233.64.0/18"}) {
		t.Error(got)
	}
	pinned := look("kubernetes: {cni: {name: bridge, ipam: host-local}}\n"+fabric, "k8s2")
	if got := lists(pinned); !slices.Equal(got, []string{"LOOPBACK 10.1.3.0/24", "K8SROUTES 10.233.65.0/24"}) {
		t.Error(got)
	}
	if o := pinned.Originate[0]; !slices.Equal(o.Lists, []string{"LOOPBACK", "K8SROUTES"}) {
		t.Errorf("the CNI's bridge is not announced: %+v", o)
	}
}
