package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A device's disk is an overlay of the machine's root, or of another: what the device writes
// lies in the hub's memory, and the machine's files stay as they are. An
// overlay does not reach into file systems mounted below its lower directory,
// so those that hold a part of the system get an overlay each.

// diskTypes are the types of such file systems.
var diskTypes = []string{"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "bcachefs", "erofs"}

// diskTrees are where they may be mounted; what container engines mount below
// stays out.
var (
	diskTrees    = []string{"/etc", "/usr", "/var", "/opt", "/srv", "/home", "/root"}
	foreignTrees = []string{"/var/lib/docker", "/var/lib/containers", "/var/lib/containerd", "/var/lib/kubelet", "/var/snap"}
)

// overlaid reads a mountinfo file (proc_pid_mountinfo(5)) and gives the mount
// points that a disk overlays, "/" first, parents before what lies in them.
func overlaid(mountinfo, labDir string) ([]string, error) {
	data, err := os.ReadFile(mountinfo)
	if err != nil {
		return nil, fmt.Errorf("reading the machine's mounts: %w", err)
	}
	parts := []string{"/"}
	for line := range strings.Lines(string(data)) {
		before, after, _ := strings.Cut(line, " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if len(fields) < 5 || len(kind) < 1 || !slices.Contains(diskTypes, kind[0]) {
			continue
		}
		point := unescape(fields[4])
		info, err := os.Stat(point)
		switch {
		case !under(point, diskTrees), under(point, foreignTrees), point == labDir, slices.Contains(parts, point):
		case strings.ContainsAny(point, ",:\\"): // would have to be escaped in mount options
		case err != nil || !info.IsDir():
		default:
			parts = append(parts, point)
		}
	}
	slices.Sort(parts)
	return parts, nil
}

// layer is one overlay of a disk: what lies below it, and where it is mounted
// in the device.
type layer struct{ Lower, Point string }

// layers are a disk's, "/" first. Another root is one directory; the machine's
// own may be spread over mounts.
func (b box) layers(machine []string) []layer {
	if b.Root != "" {
		return []layer{{b.Root, "/"}}
	}
	out := make([]layer, len(machine))
	for i, point := range machine {
		out[i] = layer{point, point}
	}
	return out
}

func under(path string, trees []string) bool {
	return slices.ContainsFunc(trees, func(t string) bool { return path == t || strings.HasPrefix(path, t+"/") })
}

// unescape resolves the octal escapes of mountinfo: \040 is a space.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// mounted is one file system of a running device beside its disk.
type mounted struct {
	source, point, kind string
	flags               uintptr
	data                string
}

var deviceMounts = []mounted{
	{"proc", "proc", "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
	{"sysfs", "sys", "sysfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
	{"dev", "dev", "tmpfs", unix.MS_NOSUID, "mode=0755,size=1m"},
	{"devpts", "dev/pts", "devpts", unix.MS_NOSUID | unix.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"},
	{"shm", "dev/shm", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777"},
	{"mqueue", "dev/mqueue", "mqueue", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
	{"run", "run", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=0755"},
	{"tmp", "tmp", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777"},
}

// deviceNodes are the character devices of /dev (devices.txt of the kernel).
var deviceNodes = []struct {
	name         string
	major, minor uint32
	mode         uint32
}{
	{"null", 1, 3, 0o666},
	{"zero", 1, 5, 0o666},
	{"full", 1, 7, 0o666},
	{"random", 1, 8, 0o666},
	{"urandom", 1, 9, 0o666},
	{"kmsg", 1, 11, 0o644},
	{"tty", 5, 0, 0o666},
	{"net/tun", 10, 200, 0o666},
	{"fuse", 10, 229, 0o666},
}

var deviceLinks = [][2]string{
	{"pts/ptmx", "ptmx"},
	{"/proc/self/fd", "fd"},
	{"/proc/self/fd/0", "stdin"},
	{"/proc/self/fd/1", "stdout"},
	{"/proc/self/fd/2", "stderr"},
}

// runDirs are made at every boot, as systemd-tmpfiles does elsewhere.
var runDirs = []struct {
	path string
	mode fs.FileMode
}{
	{"/run/lock", 0o777 | fs.ModeSticky},
	{"/run/sshd", 0o755},
	{"/run/network", 0o755},
	{"/run/frr", 0o755},
}

// enterDisk mounts the disk, with /proc, /sys, /dev and the like in it, and
// makes it the root. The working directory must be the disk's place. An
// overlay's options are relative paths: the state directory's may be long, and
// hold a comma.
func enterDisk(parts []layer) error {
	for i, part := range parts {
		options := fmt.Sprintf("lowerdir=%s,upperdir=%d/upper,workdir=%d/work", part.Lower, i, i)
		if err := unix.Mount("overlay", filepath.Join("root", part.Point), "overlay", 0, options); err != nil {
			return fmt.Errorf("overlaying %s: %w", part.Lower, err)
		}
	}
	if err := os.Chdir("root"); err != nil {
		return err
	}
	for _, m := range deviceMounts {
		if err := os.MkdirAll(m.point, 0o755); err != nil {
			return err
		}
		err := unix.Mount(m.source, m.point, m.kind, m.flags, m.data)
		if err != nil && (m.kind != "mqueue" || !errors.Is(err, unix.ENODEV)) {
			return fmt.Errorf("mounting /%s: %w", m.point, err)
		}
	}
	if err := bindControlGroups(); err != nil {
		return err
	}
	if err := fillDev("dev"); err != nil {
		return err
	}
	// pivot_root(2), "pivot_root(".", ".")": the old root ends on top of the
	// new one, and goes.
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("changing the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leaving the old root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	// As on a machine that systemd started; kubelet insists on it.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("sharing mounts: %w", err)
	}
	for _, d := range runDirs {
		if err := os.MkdirAll(d.path, d.mode); err != nil {
			return err
		}
	}
	return nil
}

// bindControlGroups lets the device see the machine's control groups, as a
// container engine in it needs; a fresh /sys has none.
func bindControlGroups() error {
	const dir = "sys/fs/cgroup"
	if _, err := os.Stat(dir); err != nil {
		return nil // a kernel without
	}
	if err := unix.Mount("/"+dir, dir, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("binding /%s: %w", dir, err)
	}
	return nil
}

func fillDev(dev string) error {
	if err := os.MkdirAll(filepath.Join(dev, "net"), 0o755); err != nil {
		return err
	}
	for _, n := range deviceNodes {
		if err := unix.Mknod(filepath.Join(dev, n.name), unix.S_IFCHR|n.mode, int(unix.Mkdev(n.major, n.minor))); err != nil {
			return fmt.Errorf("making /dev/%s: %w", n.name, err)
		}
	}
	for _, l := range deviceLinks {
		if err := os.Symlink(l[0], filepath.Join(dev, l[1])); err != nil {
			return err
		}
	}
	return nil
}
