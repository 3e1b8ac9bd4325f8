package netns

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// need is one program that devices run, and the Debian package that brings it.
type need struct{ path, pkg, what string }

var needs = []need{
	{"/usr/lib/frr/bgpd", "frr", "FRR"},
	{"/usr/lib/frr/frr-reload.py", "frr-pythontools", "FRR's reload script"},
	{"/sbin/ifreload", "ifupdown2", "ifupdown2"},
	{"/usr/sbin/sshd", "openssh-server", "an SSH server"},
	{"/usr/bin/sudo", "sudo", "sudo"},
	{"/sbin/sysctl", "procps", "sysctl"},
}

// Check says everything that this machine lacks to run the lab, and how to get
// it; nil if nothing.
func Check() error {
	return errors.Join(kernelLacks(), missing("/"))
}

func kernelLacks() error {
	if os.Geteuid() != 0 {
		return errors.New("the netns lab makes network namespaces, which only root may: run it with sudo")
	}
	var problems []error
	fd, err := unix.Fsopen("overlay", unix.FSOPEN_CLOEXEC)
	switch {
	case err == nil:
		unix.Close(fd)
	case errors.Is(err, unix.ENODEV):
		problems = append(problems, errors.New("this kernel has no overlay file system: load it with `modprobe overlay`"))
	case errors.Is(err, unix.EPERM):
		problems = append(problems, errors.New("this root may not mount file systems, as in a container without privileges: run the lab on the machine itself, or in a privileged container"))
	}
	if _, err := os.Stat("/proc/sys/net/ipv6"); err != nil {
		problems = append(problems, errors.New("this kernel runs without IPv6, which unnumbered BGP needs: load it with `modprobe ipv6`, or boot without ipv6.disable=1"))
	}
	return errors.Join(problems...)
}

// missing says what is not installed below root, a machine's root directory.
func missing(root string) error {
	var what, pkgs []string
	for _, n := range needs {
		// Not through a link: one of another root's may point at this machine's.
		if _, err := os.Lstat(filepath.Join(root, n.path)); err != nil {
			what = append(what, n.what)
			if !slices.Contains(pkgs, n.pkg) {
				pkgs = append(pkgs, n.pkg)
			}
		}
	}
	if len(pkgs) == 0 {
		return nil
	}
	return fmt.Errorf("not installed: %s; on Debian or Ubuntu: apt-get install %s", strings.Join(what, ", "), strings.Join(pkgs, " "))
}
