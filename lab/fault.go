package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"closup/model"
)

// Breakable is a running lab whose devices can be reached other than by the
// network, so that they can be broken, and mended again.
type Breakable interface {
	Exec(ctx context.Context, device string, argv []string, stdin io.Reader, stdout, stderr io.Writer) (int, error)
	PowerOff(ctx context.Context, device string) error
	PowerOn(ctx context.Context, device string) error
}

// Fault is one way to break a lab, and what diagnose must call it.
type Fault struct {
	Name     string
	Sentence string
	Cause    string // a word of diagnose.Checks

	// Targets lists where a plan can be broken so, the best place first: ends
	// without a port where the fault is of a whole device.
	Targets func(p *model.Plan) []model.End

	// Break and Mend are POSIX sh, run as root in the device, with the
	// variables of Variables. Power is the other way: the device is cut off.
	Break, Mend string
	Power       bool

	Cable bool // it is of the cable: either end is the right place
}

// Broken is one fault that is in a lab now.
type Broken struct {
	Fault  string    `json:"fault"`
	Target model.End `json:"target"`
	Hidden bool      `json:"hidden"` // a puzzle: not told until it is mended
}

// ErrNoTarget is wrapped where a fabric has no place for a fault.
var ErrNoTarget = errors.New("cannot be made in this fabric")

// FindFault finds a row of Faults by name.
func FindFault(name string) (Fault, bool) {
	for _, f := range Faults {
		if f.Name == name {
			return f, true
		}
	}
	return Fault{}, false
}

// Place chooses where to break: the target that was asked for ("leaf1",
// "leaf1:swp1"), or the best one.
func (f Fault) Place(p *model.Plan, target string) (model.End, error) {
	all := f.Targets(p)
	if len(all) == 0 {
		return model.End{}, fmt.Errorf("%s %w: no device or port fits", f.Name, ErrNoTarget)
	}
	if target == "" {
		return all[0], nil
	}
	device, port, _ := strings.Cut(target, ":")
	for _, e := range all {
		if e.Device == device && (port == "" || e.Port == port) {
			return e, nil
		}
	}
	var names []string
	for _, e := range all {
		names = append(names, strings.TrimSuffix(e.String(), ":"))
	}
	return model.End{}, fmt.Errorf("%s cannot be made at %s; it can be at %s", f.Name, target, strings.Join(names, ", "))
}

// RandomFault chooses a fault and a place for it that the plan has.
func RandomFault(p *model.Plan) (Fault, model.End, error) {
	for _, i := range rand.Perm(len(Faults)) {
		if all := Faults[i].Targets(p); len(all) > 0 {
			return Faults[i], all[rand.IntN(len(all))], nil
		}
	}
	return Fault{}, model.End{}, fmt.Errorf("a fault %w: it has no devices", ErrNoTarget)
}

// tools are shell functions that the faults share.
const tools = `
# A router in a container: the vtysh that was made for it names engine and container.
set -- $(sed -n 's/^exec \([^ ]*\) exec .* \([^ ]*\) vtysh "$@"$/\1 \2/p' /usr/local/bin/vtysh 2>/dev/null)
engine=${1-} box=${2-}
inside() { if [ -z "$engine" ]; then "$@"; else "$engine" exec --interactive "$box" "$@"; fi; }
load() { inside sh -c 'cat >/tmp/closup-lab.conf && vtysh -f /tmp/closup-lab.conf; status=$?; rm -f /tmp/closup-lab.conf; exit $status' <"$1" >/dev/null; }
conf() { printf '%s\n' "$@" >/run/closup-lab.conf; load /run/closup-lab.conf; }
# frr start|stop|restart
frr() {
	[ -n "$engine" ] || { /usr/lib/frr/frrinit.sh "$1" </dev/null >/dev/null 2>&1; return; }
	[ "$1" = start ] || "$engine" rm --force "$box" >/dev/null 2>&1
	[ "$1" != stop ] || return 0
	setsid sh -c "exec $(sed -n 's/^ExecStart=//p' "/etc/systemd/system/$box-container.service")" </dev/null >/dev/null 2>&1 &
	tries=0
	until inside vtysh -c 'show running-config' </dev/null 2>/dev/null | grep -q '^router bgp'; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || { echo "the container $box does not start" >&2; return 1; }
		sleep 0.1
	done
}
# reload: FRR does not judge anew, by a list that a neighbor names itself, what
# came in while the list was away.
reload() {
	[ -z "$engine" ] && /usr/lib/frr/frr-reload.py --reload /etc/frr/frr.conf </dev/null >/dev/null 2>&1 || restart
	vtysh -c 'clear bgp * soft in' >/dev/null 2>&1 || :
}
restart() { pkill -CONT -x 'watchfrr|zebra|bgpd|staticd'; frr restart; }
# gone: what somebody has mended already is no error.
gone() { "$@" 2>/dev/null || :; }
bounce() { ip link set "$1" down && ip link set "$1" up; }
drops() {
	command -v nft >/dev/null || { echo 'the device has no nft: install nftables on this machine' >&2; exit 1; }
	nft 'add table inet closup-lab; add chain inet closup-lab input { type filter hook input priority 0; }' &&
	nft "add rule inet closup-lab input $*"
}
`

// Variables are what a fault's script knows of its place and of the plan, as
// assignments in sh. Of OTHER it is promised only that it is another device of
// the same role, or of any where there is none.
func Variables(p *model.Plan, at model.End) string {
	var b strings.Builder
	set := func(name string, value any) {
		fmt.Fprintf(&b, "%s='%s'\n", name, strings.ReplaceAll(fmt.Sprint(value), "'", ""))
	}
	d, _ := p.Device(at.Device)
	if d == nil {
		d = &model.Device{}
	}
	set("DEVICE", d.Name)
	set("ASN", d.ASN)
	set("ROUTER_ID", d.RouterID)
	set("MGMT", orElse(d.Management.Port, "eth0"))
	set("PORT", at.Port)
	for _, port := range d.Ports {
		if port.Name != at.Port {
			continue
		}
		set("MTU", port.MTU)
		for _, other := range d.Ports {
			if other.Kind == port.Kind && other.Up == port.Up && other.Name != port.Name {
				set("PORT2", other.Name)
				break
			}
		}
	}
	for _, peer := range d.Routing.Peers {
		if peer.Key() == at.Port || at.Port == "" {
			set("GROUP", peer.Group)
			break
		}
	}
	if len(d.Loopbacks) > 0 {
		set("LOOPBACK", d.Loopbacks[0])
	}
	if len(d.PodCIDRs) > 0 {
		set("PODS", d.PodCIDRs[0])
	}
	if other := another(p, d); other != nil {
		set("OTHER_ASN", other.ASN)
		set("OTHER", other.RouterID)
	}
	return b.String()
}

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// another is a device of the same role, or else any other one.
func another(p *model.Plan, d *model.Device) *model.Device {
	var any *model.Device
	for i := range p.Devices {
		o := &p.Devices[i]
		switch {
		case o.Name == d.Name || o.ASN == d.ASN:
		case o.Role == d.Role:
			return o
		case any == nil:
			any = o
		}
	}
	return any
}

// Break makes a fault in the lab of the plan's fabric. One that could be made in
// part only is taken out again; it was noted first, so where that fails Mend
// knows of it.
func Break(ctx context.Context, l Breakable, p *model.Plan, f Fault, at model.End, hidden bool) error {
	all, err := BrokenIn(p.Name)
	if err != nil {
		return err
	}
	for _, b := range all {
		if b.Hidden { // whatever more were said would tell where it is
			return errors.New("there is a puzzle in the lab already: find it, or `closup lab mend` takes it out and tells")
		}
		if b.Target.Device == at.Device {
			return fmt.Errorf("%s is broken already; `closup lab mend` first", at.Device)
		}
	}
	if err := note(p.Name, append(all, Broken{Fault: f.Name, Target: at, Hidden: hidden})); err != nil {
		return err
	}
	if f.Power {
		return l.PowerOff(ctx, at.Device)
	}
	err = run(ctx, l, p, at, f.Break)
	if err == nil {
		return nil
	}
	if run(ctx, l, p, at, f.Mend) != nil {
		return fmt.Errorf("%w; `closup lab mend` takes out what is there of it", err)
	}
	if noted := note(p.Name, all); noted != nil {
		return errors.Join(err, noted)
	}
	return fmt.Errorf("%w; nothing of it is left", err)
}

// Mend takes every fault out of the lab again, the last one first, and says
// which there were.
func Mend(ctx context.Context, l Breakable, p *model.Plan) ([]Broken, error) {
	all, err := BrokenIn(p.Name)
	if err != nil {
		return nil, err
	}
	var mended []Broken
	for len(all) > 0 {
		b := all[len(all)-1]
		f, known := FindFault(b.Fault)
		switch {
		case !known:
			err = fmt.Errorf("there is no fault %q to mend; `closup lab down` and `up` start afresh", b.Fault)
		case f.Power:
			err = l.PowerOn(ctx, b.Target.Device)
		default:
			err = run(ctx, l, p, b.Target, f.Mend)
		}
		if err != nil {
			return mended, err
		}
		all, mended = all[:len(all)-1], append(mended, b)
		if err := note(p.Name, all); err != nil {
			return mended, err
		}
	}
	return mended, nil
}

func run(ctx context.Context, l Breakable, p *model.Plan, at model.End, script string) error {
	var said bytes.Buffer
	status, err := l.Exec(ctx, at.Device, []string{"sh", "-c", Variables(p, at) + tools + script}, strings.NewReader(""), &said, &said)
	if err == nil && status != 0 {
		err = fmt.Errorf("%s: the script ended with status %d: %s", at.Device, status, strings.TrimSpace(said.String()))
	}
	return err
}

// brokenFile lies in the lab's directory, and goes with it.
const brokenFile = "broken.json"

// BrokenIn lists the faults that are in the lab of that name.
func BrokenIn(name string) ([]Broken, error) {
	dir, err := Dir(name)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, brokenFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Broken
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", filepath.Join(dir, brokenFile), err)
	}
	return all, nil
}

func note(name string, all []Broken) error {
	dir, err := Dir(name)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, brokenFile)
	if len(all) == 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	data, err := json.Marshal(slices.Clone(all))
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}
