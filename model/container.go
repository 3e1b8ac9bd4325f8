package model

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// engines are the programs that run containers.
var engines = []string{"docker", "podman"}

// images is what each router that runs in a container is made of where nobody
// says: FRR's own image, and the article's.
var images = map[string]string{
	"frr-container":    "quay.io/frrouting/frr:10.3.1",
	"quagga-container": "linuxsimba/quagga:xenial-latest",
}

var containerKeys = object[ContainerKeys]{
	{"engine", word(engines, func(c *ContainerKeys) *string { return &c.Engine })},
	{"image", scalar(parseImage, func(c *ContainerKeys) *string { return &c.Image })},
	{"privileged", func(r *reader, v value, c *ContainerKeys) {
		var on bool
		flag(same[bool])(r, v, &on)
		c.Privileged = &on
	}},
}

// imageName is how an image is named: [host[:port]/]path[:tag][@sha256:digest]
// (OCI Distribution Specification; the reference grammar of its registries).
var imageName = regexp.MustCompile(`^[a-z0-9]+([._-]+[a-z0-9]+)*(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$`)

// SafeImage says whether s may name a container image: no more than letters,
// digits and _.-/:@, in their places, at most 255 long.
func SafeImage(s string) bool { return len(s) <= 255 && imageName.MatchString(s) }

func parseImage(s string) (string, error) {
	if !SafeImage(s) {
		return "", wrong{quote(s) + " is not the name of a container image", "write one such as " + images["frr-container"]}
	}
	return s, nil
}

// containerOf is how a router runs in its container, what a device says itself
// before what is said of all. It is zero for a router that runs in none.
func containerOf(router string, all, own ContainerKeys) Container {
	image, ok := images[router]
	if !ok {
		return Container{}
	}
	c := Container{Engine: cmp.Or(own.Engine, all.Engine, engines[0]), Image: cmp.Or(own.Image, all.Image, image)}
	if on := cmp.Or(own.Privileged, all.Privileged); on != nil {
		c.Privileged = *on
	}
	return c
}

// said is where the word of a device's container stands: at the device, for
// all, or nowhere.
func (v *view) said(i int, has func(ContainerKeys) bool, key string) where {
	switch {
	case has(v.f.Devices[i].Container):
		return v.key(i, "container."+key)
	case has(v.f.Container):
		return where{path: "container." + key}
	}
	return v.setting(i, "router")
}

func containerUnused(v *view, found say) {
	none := ContainerKeys{}
	inOne := func(i int) bool { return v.p.Devices[i].Container != (Container{}) }
	if v.f.Container != none && !slices.ContainsFunc(v.all(), inOne) {
		found(where{path: "container"}, "no device's router runs in a container", "write router: frr-container where it does, or leave container out")
	}
	for _, i := range v.all() {
		if v.f.Devices[i].Container != none && !inOne(i) {
			found(v.key(i, "container"), fmt.Sprintf("the router of %s, %s, runs in no container", v.p.Devices[i].Name, v.p.Devices[i].Router),
				"write router: frr-container, or leave container out")
		}
	}
}

func containerEngine(v *view, found say) {
	for _, g := range groupBy(v.all(), func(i int) (string, bool) {
		d := &v.p.Devices[i]
		return d.Container.Engine, d.Platform == "flatcar" && d.Container.Engine == "podman"
	}) {
		found(v.said(g.devices[0], func(c ContainerKeys) bool { return c.Engine != "" }, "engine"),
			fmt.Sprintf("%s: flatcar comes with docker, not with %s", some(v.names(g.devices)), g.key), "write engine: docker")
	}
}

func containerImage(v *view, found say) {
	for _, g := range groupBy(v.all(), func(i int) (string, bool) {
		image := v.p.Devices[i].Container.Image
		return image, image != "" && moves(image)
	}) {
		found(v.said(g.devices[0], func(c ContainerKeys) bool { return c.Image != "" }, "image"),
			fmt.Sprintf("%s: %s is another image tomorrow", some(v.names(g.devices)), g.key), "name a version, or a digest with @sha256:")
	}
}

// moves says whether a name is given to one image after another: it has no
// tag, or one that says latest.
func moves(image string) bool {
	if strings.Contains(image, "@") {
		return false
	}
	_, tag, tagged := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return !tagged || strings.HasSuffix(tag, "latest")
}

func containerPrivileged(v *view, found say) {
	for _, g := range groupBy(v.all(), func(i int) (bool, bool) {
		on := v.p.Devices[i].Container.Privileged
		return on, on
	}) {
		found(v.said(g.devices[0], func(c ContainerKeys) bool { return c.Privileged != nil }, "privileged"),
			fmt.Sprintf("%s: whoever breaks into a privileged container owns the machine", some(v.names(g.devices))), "leave privileged out: the few capabilities that a router needs suffice")
	}
}
