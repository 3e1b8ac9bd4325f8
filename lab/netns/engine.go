package netns

import (
	"fmt"
	"os"
	"path/filepath"

	"closup/model"
)

// engine is what a device needs whose router runs in a container: a real
// engine, and an image under the name that the fabric gives it. None can be
// fetched here, so the image is made of the device's own system: its /usr and
// its FRR, which stands in for Quagga too.
type engine struct {
	Docker bool   // it is called docker, and is podman all the same, as Debian's podman-docker has it
	Quagga bool   // the image reads /etc/quagga/Quagga.conf
	Image  string // what the fabric calls it
}

func engineOf(d model.Device) *engine {
	if d.Container == (model.Container{}) {
		return nil
	}
	return &engine{Docker: d.Container.Engine == "docker", Quagga: d.Router == "quagga-container", Image: d.Container.Image}
}

const podman = "/usr/bin/podman"

// engineMissing says what a box lacks to run its router in a container.
func (b box) engineMissing() error {
	if b.Engine == nil {
		return nil
	}
	if _, err := os.Lstat(filepath.Join("/", b.Root, podman)); err != nil {
		return fmt.Errorf("the router of %s runs in a container, for which the lab needs podman: on Debian or Ubuntu: apt-get install podman crun", b.Name)
	}
	return nil
}
