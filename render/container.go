package render

import (
	"fmt"

	"closup/model"
)

// capabilities are those that FRR and Quagga need in their container (tried on
// FRR 8.4.4 and 10.3): to change routes, to speak raw ICMPv6 and on port 179,
// to enter a VRF; to give up root, to own their sockets, to read files that
// others own, and to end a daemon that hangs.
var capabilities = []string{
	"NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE", "SYS_ADMIN",
	"SETUID", "SETGID", "CHOWN", "DAC_OVERRIDE", "KILL",
}

// routerImage is what of a router in a container is the same on all devices.
type routerImage struct {
	Title     string
	Name      string // of the container
	Folder    string // with its configuration, on the device and in the container
	Conflicts string // services that would be a second router
}

var routerImages = map[string]routerImage{
	"frr-container":    {"FRR", "frr", "/etc/frr", "frr.service"},
	"quagga-container": {"Quagga", "quagga", "/etc/quagga", "quagga.service frr.service"},
}

// containerFile is what the files around a router's container print.
type containerFile struct {
	routerImage
	Program      string // the engine's
	Daemon       string // the engine's service, where it has one
	Image        string
	Privileged   bool
	Unlabelled   bool // SELinux would keep the router from its files and the kernel
	Capabilities []string
}

func containerView(_ *model.Plan, d *model.Device) (any, error) {
	image, ok := routerImages[d.Router]
	if !ok {
		return nil, fmt.Errorf("%s: its router %s runs in no container", d.Name, d.Router)
	}
	c := d.Container
	if !model.SafeImage(c.Image) {
		return nil, fmt.Errorf("%s: %q is not the name of a container image", d.Name, c.Image)
	}
	f := containerFile{
		routerImage: image, Image: c.Image, Privileged: c.Privileged,
		Unlabelled: d.Platform == "coreos", Capabilities: capabilities,
	}
	switch c.Engine {
	case "docker":
		f.Program, f.Daemon = "/usr/bin/docker", "docker.service"
	case "podman":
		f.Program = "/usr/bin/podman"
	default:
		return nil, fmt.Errorf("%s: closup knows no container engine %q, only docker and podman", d.Name, c.Engine)
	}
	return f, nil
}
