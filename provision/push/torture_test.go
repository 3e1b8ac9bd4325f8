//go:build linux

package push_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"closup/provision/push"
	"closup/render"
)

// victim is a device that is tortured, with dice of its own.
type victim struct {
	*site
	device string
	dice   *rand.Rand
	op     *operator
}

func (v *victim) pause(most time.Duration) time.Duration {
	d := time.Duration(v.dice.Int64N(int64(most)))
	time.Sleep(d)
	return d
}

func (v *victim) sh(script string) {
	var out strings.Builder
	if _, err := v.lab.Exec(v.t.Context(), v.device, []string{"sh", "-c", script}, nil, &out, &out); err != nil {
		v.t.Logf("%s: %v %s", v.device, err, out.String())
	}
}

// torments are what happens in the middle of a push; what one returns happens
// once the operator's process has ended.
var torments = []struct {
	name string
	do   func(*victim) func()
}{
	{"nothing", func(*victim) func() { return nil }},
	{"the operator is killed", func(v *victim) func() {
		v.op.kill()
		return nil
	}},
	{"SSH is cut", func(v *victim) func() {
		v.sh(`for p in $(pgrep -f '^sshd: '); do [ "$(cat /proc/$p/comm)" != sshd ] || grep -q listener /proc/$p/cmdline || kill -9 $p; done`)
		return nil
	}},
	{"management is down for a while", func(v *victim) func() {
		if err := v.lab.SetLink(v.device, "eth0", false); err != nil {
			v.t.Log(err)
		}
		v.pause(8 * time.Second)
		if err := v.lab.SetLink(v.device, "eth0", true); err != nil {
			v.t.Error(err)
		}
		return nil
	}},
	{"the job is killed", func(v *victim) func() {
		v.sh(`for f in /var/lib/closup/push/*/session; do for p in $(ps -o pid= -s $(cat $f)); do kill -9 $p; done; done`)
		return nil
	}},
	{"power is lost", func(v *victim) func() {
		if err := v.lab.Reboot(v.t.Context(), v.device); err != nil {
			v.t.Error(err)
		}
		return nil
	}},
	{"power is lost and the operator killed", func(v *victim) func() {
		v.op.kill()
		if err := v.lab.Reboot(v.t.Context(), v.device); err != nil {
			v.t.Error(err)
		}
		return nil
	}},
	{"the disk is full", func(v *victim) func() {
		if err := v.lab.FillDisk(v.t.Context(), v.device, true); err != nil {
			v.t.Error(err)
		}
		return func() {
			if err := v.lab.FillDisk(v.t.Context(), v.device, false); err != nil {
				v.t.Error(err)
			}
			// FRR does not start on a full disk, pushed to or not: its log has no room.
			v.sh(`grep -qsxE 'ready|applying|active|committing|undoing|rollback-failed' /var/lib/closup/push/*/state || [ ! -e /etc/frr/frr.conf ] ||
				pidof watchfrr zebra bgpd >/dev/null || /usr/lib/frr/frrinit.sh start </dev/null >/dev/null 2>&1`)
		}
	}},
	{"bgpd dies", func(v *victim) func() {
		v.sh(`kill -9 $(cat /run/frr/bgpd.pid)`)
		return nil
	}},
	{"its files get another time", func(v *victim) func() { // as a jump of the clock would have it
		v.sh(`touch -d '1 hour' /var/lib/closup/push/*/*`)
		return nil
	}},
}

// configurations are what the victims are asked to hold, as values in the
// fabric. The first needs a daemon that the others do not.
var configurations = [][]string{
	{"timers", later, "bfd", "true"},
	{"timers", sooner},
	{"timers", later},
	{"timers", sooner, "mtu", "8900"},
}

const (
	sooner = "{keepalive: 3, hold: 9, connect: 11}"
	later  = "{keepalive: 3, hold: 9, connect: 12}"
)

// TestLabTorture changes a real device again and again, and each time something
// happens at a random moment. However that ends, the device has the old
// configuration or the new one, byte for byte, in its files and in what runs,
// nothing of a push is left, and what the operator was told is so.
// CLOSUP_TORTURE is how often, CLOSUP_SEED replays.
func TestLabTorture(t *testing.T) {
	t.Parallel()
	number := func(name string, otherwise uint64) uint64 {
		n, err := strconv.ParseUint(cmp.Or(os.Getenv(name), strconv.FormatUint(otherwise, 10)), 10, 64)
		if err != nil {
			t.Fatal(name, err)
		}
		return n
	}
	seed := number("CLOSUP_SEED", rand.Uint64())
	rounds := number("CLOSUP_TORTURE", 6)
	t.Logf("CLOSUP_SEED=%d", seed)

	devices, asked := []string{"leaf1", "leaf2", "spine1"}, len(configurations)
	if rounds > 50 {
		devices = append(devices, "k8s1", "k8s2")
	}
	s := newSite(t, "article")
	var paths []string
	for i, values := range configurations {
		paths = append(paths, s.fabric(fmt.Sprint("c", i), values...))
	}
	s.results(s.push(t.Context(), s.targets(), push.Options{}), push.Changed)

	var all sync.WaitGroup
	var survived [2]atomic.Int64 // in the old configuration, in the new one
	for i, device := range devices {
		v := &victim{site: s, device: device, dice: rand.New(rand.NewPCG(seed, uint64(i)))}
		all.Go(func() {
			portraits := make([]string, asked)
			for j, path := range paths {
				if !v.peace(path) {
					t.Errorf("%s cannot be brought to configuration %d in peace", device, j)
					return
				}
				portraits[j] = s.portrait(device)
			}
			have := asked - 1
			for round := uint64(i); round < rounds && t.Context().Err() == nil; round += uint64(len(devices)) {
				want := (have + 1 + v.dice.IntN(asked-1)) % asked
				old := portraits[have]
				if want == 0 { // the daemon is not there, and the change goes over the disk
					old = v.withoutBFD(old)
				}
				text, got := v.round(paths[want], old, portraits[want])
				t.Logf("round %d, %s, %d to %d: %s", round, device, have, want, text)
				if got < 0 {
					t.Errorf("round %d, %s, CLOSUP_SEED=%d: neither old nor new, or not as told", round, device, seed)
					return
				}
				survived[got].Add(1)
				switch {
				case got == 1:
					have = want
				case want == 0: // the others were seen with that daemon
					if !v.peace(paths[0]) {
						t.Errorf("round %d, %s: and afterwards it cannot be changed in peace", round, device)
						return
					}
					have = want
				}
			}
		})
	}
	all.Wait()
	t.Logf("CLOSUP_SEED=%d: of %d rounds %d ended old, %d new", seed, rounds, survived[0].Load(), survived[1].Load())
	if n := survived[0].Load() + survived[1].Load(); n != int64(rounds) {
		t.Errorf("%d of %d rounds ended well", n, rounds)
	}
}

// withoutBFD makes the device one that never ran bfdd, and was never pushed to.
func (v *victim) withoutBFD(portrait string) string {
	v.t.Helper()
	v.sh(`rm -rf /var/lib/closup; sed -i 's/^bfdd=yes/bfdd=no/' /etc/frr/daemons; /usr/lib/frr/frrinit.sh restart </dev/null >/dev/null 2>&1`)
	for from, to := range map[string]string{"\nbfdd=yes": "\nbfdd=no", "\nbfdd\n": "\n"} {
		if !strings.Contains(portrait, from) {
			v.t.Errorf("bfdd was not there: %q", from)
		}
		portrait = strings.Replace(portrait, from, to, 1)
	}
	if which, last := v.becomes(v.device, 5*time.Minute, portrait); which < 0 {
		v.t.Errorf("bfdd did not go:\n%s", render.Diff("want", "is", []byte(portrait), []byte(last), 1))
	}
	return portrait
}

func (v *victim) start(path string, resume bool) {
	v.op = v.operator(orders{Fabric: path, Only: []string{v.device}, Undo: 45 * time.Second, Resume: resume})
}

// push pushes in peace.
func (v *victim) push(path string, resume bool) told {
	v.start(path, resume)
	return v.op.end()[v.device]
}

// peace brings the device to a configuration while nothing happens to it; what
// is done to its neighbors meanwhile may make that more than one push.
func (v *victim) peace(path string) bool {
	for range 5 {
		got := v.push(path, false)
		if got.Result == push.Changed || got.Result == push.Unchanged {
			return true
		}
		v.t.Logf("%s: %+v", v.device, got)
	}
	return false
}

// round is one push and what happens to it. It gives what was seen, and as
// which the device ended: 0 old, 1 new, -1 something else.
func (v *victim) round(path, old, fresh string) (string, int) {
	begun := time.Now()
	v.start(path, false)
	text := ""
	var mends []func()
	for range 1 + v.dice.IntN(4)/3 { // now and then two of them
		torment := torments[v.dice.IntN(len(torments))]
		at := v.pause(5 * time.Second)
		if mend := torment.do(v); mend != nil {
			mends = append(mends, mend)
		}
		text += fmt.Sprintf("%s after %v: ", torment.name, at.Round(time.Millisecond))
	}
	got := v.op.end()[v.device]
	for again := v.dice.IntN(3); got.Result == "" && again > 0; again-- { // it was killed
		text += "resumed: "
		v.start(path, true)
		if again == 2 {
			v.pause(5 * time.Second)
			v.op.kill()
		}
		got = v.op.end()[v.device]
	}
	for _, mend := range mends {
		mend()
	}
	if got.Result == "" { // as a quarter of an hour later: a lock that nobody renews is let go
		v.sh(`for l in /var/lib/closup/push/*/lease; do echo 0 >"$l"; done`)
	}
	text += cmp.Or(string(got.Result), "nothing told") + " " + got.Error + " " + got.Note
	may := map[push.Result][]string{
		push.Changed: {fresh}, push.Unchanged: {fresh},
		push.RolledBack: {old}, push.Skipped: {old}, push.Failed: {old}, "": {old, fresh},
	}[got.Result]
	which, last := v.becomes(v.device, 5*time.Minute, may...)
	if which >= 0 && may[which] == fresh {
		which = 1
	}
	if which < 0 {
		text += "\nit is, beside the old configuration:\n" + render.Diff("old", "is", []byte(old), []byte(last), 1) +
			"and beside the new one:\n" + render.Diff("new", "is", []byte(fresh), []byte(last), 1)
	}
	return fmt.Sprintf("%s (%v)", text, time.Since(begun).Round(time.Second)), which
}
