package netns

import (
	"errors"
	"fmt"
	"os/exec"

	"golang.org/x/sys/unix"
)

// The engine's own settings. Each device keeps its images for itself, since the
// machine's lie below its disk. Containers get no control groups: those are the
// machine's, and would be left there when the device ends. An image that holds
// little needs no layers.
const (
	storageConf = `[storage]
driver = "vfs"
graphroot = "/var/lib/closup-containers"
runroot = "/run/containers"
`
	containersConf = `[containers]
cgroups = "disabled"
volumes = ["/usr:/usr:ro", "/etc/alternatives:/etc/alternatives:ro"]
[engine]
events_logger = "file"
`
)

const dockerShim = `#!/bin/sh
exec ` + podman + ` "$@"
`

// imageStart is what the image starts: FRR as its own image does.
const imageStart = `#!/bin/bash
if [ -e /etc/quagga/Quagga.conf ]; then
	sed 's/^ip as-path/bgp as-path/' /etc/quagga/Quagga.conf >/etc/frr/frr.conf
	printf 'bgpd=yes\nfrr_profile=datacenter\n' >/etc/frr/daemons
	echo 'service integrated-vtysh-config' >/etc/frr/vtysh.conf
fi
source /usr/lib/frr/frrcommon.sh
exec /usr/lib/frr/watchfrr $(daemon_list)
`

// imageVtysh reads Quagga's words as FRR's.
const imageVtysh = `#!/bin/sh
if [ "${1-} ${2-}" = '-C -f' ]; then
	sed 's/^ip as-path/bgp as-path/' "$3" >/tmp/vtysh.conf
	exec /usr/bin/vtysh -C -f /tmp/vtysh.conf
fi
exec /usr/bin/vtysh "$@"
`

// makeImage brings the image into the engine's store; $1 is its name.
const makeImage = `set -e
dir=$(mktemp -d)
chmod 755 "$dir"
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir -p etc/frr etc/quagga etc/alternatives usr run/frr var/lib/frr var/log/frr proc sys dev root closup
mkdir -m 1777 tmp var/tmp
for l in bin sbin lib lib64; do ln -s usr/$l $l; done
ln -s ../run var/run
cp -a /etc/passwd /etc/group /etc/shadow /etc/nsswitch.conf /etc/ld.so.cache /etc/pam.d /etc/security etc
chown frr:frr run/frr var/lib/frr var/log/frr
cp /run/closup-image/* closup
chmod 755 closup/*
tar -c . | podman import -q --change 'CMD ["/closup/start"]' \
	--change 'ENV PATH=/closup:/usr/sbin:/usr/bin:/sbin:/bin' - "$1"
`

// startEngine makes the device's engine ready, and on a fresh disk its image.
func (b box) startEngine(fresh bool) error {
	if b.Engine == nil {
		return nil
	}
	// crun takes control groups of both versions side by side for a mistake.
	if err := unix.Unmount("/sys/fs/cgroup/unified", unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("the container engine: %w", err)
	}
	if !fresh {
		return nil
	}
	start := map[string]string{"/run/closup-image/start": imageStart}
	if b.Engine.Quagga {
		start["/run/closup-image/vtysh"] = imageVtysh
	}
	if err := errors.Join(writeAll(0o755, start), writeAll(0o644, map[string]string{
		"/etc/containers/storage.conf":    storageConf,
		"/etc/containers/containers.conf": containersConf,
	})); err != nil {
		return err
	}
	if b.Engine.Docker {
		if err := writeAll(0o755, map[string]string{"/usr/bin/docker": dockerShim}); err != nil {
			return err
		}
	}
	cmd := exec.Command("/bin/sh", "-c", makeImage, "sh", b.Engine.Image)
	cmd.Env = deviceEnv
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("making the image %s: %w: %s", b.Engine.Image, err, out)
	}
	return nil
}
