package netns

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"closup/lab"
	"closup/model"
)

// sshPort is where every device's sshd listens.
const sshPort = 22

// Up brings the plan's devices up, bare, and returns when the sshd of each
// answers. When it fails, or ctx ends, everything is removed again. A lab of
// that name that runs already is left as it is, and the error wraps
// ErrRunning.
func Up(ctx context.Context, plan *model.Plan, o Options) (*Lab, error) {
	if !initialised {
		return nil, errors.New("this program cannot run a lab: netns.Init is not the first line of its main")
	}
	if err := Check(); err != nil {
		return nil, err
	}
	s, err := layout(plan)
	if err != nil {
		return nil, fmt.Errorf("the lab of %s: %w", plan.Name, err)
	}
	if err := s.assign(o.Roots); err != nil {
		return nil, fmt.Errorf("the lab of %s: %w", plan.Name, err)
	}
	if s.Dir, err = labDir(plan.Name); err != nil {
		return nil, err
	}
	mine, err := seize(ctx, s.Dir, false)
	if err != nil {
		return nil, fmt.Errorf("the lab of %s: %w", plan.Name, err)
	}
	defer mine.release()
	if pid, err := running(hubArgs(s.Dir)); err != nil {
		return nil, err
	} else if pid != 0 {
		return nil, fmt.Errorf("the lab of %s %w: use it, or end it with `closup lab down` first", plan.Name, ErrRunning)
	}
	progress := o.Progress
	if progress == nil {
		progress = func(string) {}
	}
	l, err := build(ctx, mine, plan, s, progress)
	if err != nil {
		// Not ctx, which may be why.
		cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), goneWithin)
		defer cancel()
		return nil, errors.Join(err, tearDown(cleanup, mine))
	}
	return l, nil
}

// build makes the lab of which the directory is claimed.
func build(ctx context.Context, mine *claim, plan *model.Plan, s spec, progress func(string)) (*Lab, error) {
	// What a lab left that died without a `down`.
	if err := errors.Join(unplug(ctx, mine.dir), mine.clear()); err != nil {
		return nil, err
	}
	login, err := newKeyPair("closup lab " + plan.Name)
	if err != nil {
		return nil, err
	}
	if err := mine.write(identityFile, 0o600, []byte(login.private)); err != nil {
		return nil, err
	}
	if err := mine.write(identityFile+".pub", 0o644, []byte(login.public+"\n")); err != nil {
		return nil, err
	}
	s.Uplink = uplink{Name: uplinkName(mine.dir), Alias: uplinkAlias(mine.dir)}
	h, err := connectHub(ctx, &s, fabricPrefixes(plan), login.public, progress)
	if err != nil {
		return nil, err
	}
	defer h.close()
	record := record(plan.Name, s)
	record.Process = lab.ProcessOf(h.pid)
	if err := mine.write(knownHostsFile, 0o600, []byte(knownHosts(s))); err != nil {
		return nil, err
	}
	progress("waiting for " + strconv.Itoa(len(s.Devices)) + " SSH servers")
	if err := answering(ctx, record.Devices); err != nil {
		return nil, err
	}
	if err := mine.writeRecord(record); err != nil {
		return nil, err
	}
	if err := h.commit(); err != nil {
		return nil, err
	}
	return &Lab{Record: record, dir: mine.dir}, nil
}

// number gives the machine and every device an address of the management
// network, and every device a host key.
func (s *spec) number(subnet netip.Prefix, authorized string) error {
	addr := subnet.Addr().Next()
	options := map[string]string{} // by root
	s.Uplink.Address = netip.PrefixFrom(addr, subnet.Bits())
	for i := range s.Devices {
		d := &s.Devices[i]
		key, err := newKeyPair("root@" + d.Name)
		if err != nil {
			return err
		}
		if _, known := options[d.Root]; !known {
			options[d.Root] = sshdOptions(d.Root)
		}
		addr = addr.Next()
		d.Address, d.Authorized = netip.PrefixFrom(addr, subnet.Bits()), authorized
		d.HostKey, d.hostPublic, d.SSHD = key.private, key.public, options[d.Root]
	}
	return nil
}

// sshdOptions are what only newer servers know. From OpenSSH 9.8 they lock out
// whoever asks often whether they answer.
func sshdOptions(root string) string {
	const option = "PerSourcePenalties no"
	cmd := exec.Command("/usr/sbin/sshd", "-G", "-f", os.DevNull, "-o", option)
	if root != "" {
		cmd.Dir, cmd.SysProcAttr = "/", &syscall.SysProcAttr{Chroot: root}
	}
	if cmd.Run() != nil {
		return ""
	}
	return option + "\n"
}

func record(name string, s spec) lab.Record {
	r := lab.Record{
		Name: name, Backend: Backend,
		Identity:   filepath.Join(s.Dir, identityFile),
		KnownHosts: filepath.Join(s.Dir, knownHostsFile),
	}
	for _, d := range s.Devices {
		r.Devices = append(r.Devices, lab.Device{Name: d.Name, Host: d.Address.Addr().String(), Port: sshPort, User: d.User, Root: d.Root})
	}
	return r
}

// knownHosts is the lab's known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE
// FORMAT"). sshPort is the default, so hosts stand there without a port.
func knownHosts(s spec) string {
	var b strings.Builder
	for _, d := range s.Devices {
		fmt.Fprintf(&b, "%s %s\n", d.Address.Addr(), d.hostPublic)
	}
	return b.String()
}

// fabricPrefixes are the addresses that the fabric uses or speaks of: the
// management network keeps away from them.
func fabricPrefixes(p *model.Plan) []netip.Prefix {
	out := append([]netip.Prefix{}, p.Pods...)
	out = append(out, p.Services...)
	for _, d := range p.Devices {
		out = append(out, d.Loopbacks...)
		out = append(out, d.PodCIDRs...)
		if a, err := netip.ParseAddr(d.Mgmt); err == nil {
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
		}
		for _, port := range d.Ports {
			out = append(out, port.Addresses...)
		}
	}
	return out
}

// uplinkName is the name of the machine's end of the veth, at most 15 bytes.
func uplinkName(dir string) string { return "closup-" + digest(dir)[:8] }

// uplinkAlias marks the interface as this lab's.
func uplinkAlias(dir string) string { return "closup lab " + digest(dir) }

func digest(dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return hex.EncodeToString(sum[:])
}

// answering waits until the sshd of every device greets.
func answering(ctx context.Context, devices []lab.Device) error {
	ctx, cancel := context.WithTimeout(ctx, bootWithin)
	defer cancel()
	errs := make([]error, len(devices))
	var wg sync.WaitGroup
	for i, d := range devices {
		wg.Go(func() {
			err := until(ctx, func() (bool, error) { return greets(ctx, d), nil })
			if err != nil {
				errs[i] = fmt.Errorf("%s: its SSH server does not answer at %s: %w", d.Name, d.Host, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

const (
	bootWithin = 60 * time.Second // until sshd answers
	goneWithin = 30 * time.Second // until everything is removed
)

// greets says whether an SSH server shows its version (RFC 4253, 4.2).
func greets(ctx context.Context, d lab.Device) bool {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(d.Host, strconv.Itoa(d.Port)))
	if err != nil {
		return false
	}
	defer conn.Close()
	if conn.SetDeadline(time.Now().Add(2*time.Second)) != nil {
		return false
	}
	greeting := make([]byte, 4)
	n, err := conn.Read(greeting)
	return err == nil && string(greeting[:n]) == "SSH-"
}
