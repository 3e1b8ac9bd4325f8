//go:build linux

package push_test

import (
	"cmp"
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"closup/provision/push"
)

// torments are what happens to a device, or to the way there, in the middle of
// a push.
var torments = []struct {
	name string
	do   func(*site, *cuttable, string)
}{
	{"nothing", func(*site, *cuttable, string) {}},
	{"SSH is cut", func(_ *site, c *cuttable, device string) { c.cut(device) }},
	{"the job is killed", func(s *site, _ *cuttable, device string) {
		s.run(device, "sh", "-c", "for f in /var/lib/closup/push/*/session; do for p in $(ps -o pid= -s $(cat $f)); do kill -9 $p; done; done; true")
	}},
	{"power is lost", func(s *site, _ *cuttable, device string) {
		if err := s.lab.Reboot(s.t.Context(), device); err != nil {
			s.t.Error(err)
		}
	}},
	{"its files get another time", func(s *site, _ *cuttable, device string) { // as a jump of the clock would have it
		s.run(device, "sh", "-c", "touch -d '1 hour' /var/lib/closup/push/*/*; true")
	}},
}

// TestLabTorture changes one line on a real device again and again, and each
// time something happens at a random moment. However that ends, the device has
// the old configuration or the new one, on its disk and running, and the result
// is the one that was told. CLOSUP_TORTURE is how often, CLOSUP_SEED replays.
func TestLabTorture(t *testing.T) {
	number := func(name string, otherwise uint64) uint64 {
		n, err := strconv.ParseUint(cmp.Or(os.Getenv(name), strconv.FormatUint(otherwise, 10)), 10, 64)
		if err != nil {
			t.Fatal(name, err)
		}
		return n
	}
	seed := number("CLOSUP_SEED", rand.Uint64())
	rounds := number("CLOSUP_TORTURE", 3)
	t.Logf("CLOSUP_SEED=%d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))

	s := newSite(t, "article")
	const device, path = "leaf1", "/etc/frr/frr.conf"
	var target push.Target
	for _, tg := range s.targets() {
		if tg.Device.Name == device {
			target = tg
		}
	}
	at := -1
	for i, a := range target.Artifacts {
		if a.Path == path {
			at = i
		}
	}
	text := string(target.Artifacts[at].Body)
	ask := func(connect uint64) string {
		return strings.ReplaceAll(text, "timers connect 10", "timers connect "+strconv.FormatUint(connect, 10))
	}
	timers := func(conf string) string { // the lines that are changed
		var out []string
		for line := range strings.Lines(conf) {
			if strings.Contains(line, "timers connect") {
				out = append(out, strings.TrimSpace(line))
			}
		}
		slices.Sort(out)
		return strings.Join(out, "\n")
	}
	have := ask(11) // 10 is FRR's own default, which it does not print
	target.Artifacts[at].Body = []byte(have)
	if r := s.push(t.Context(), []push.Target{target}, push.Options{Sessions: -1})[device]; r.Result != push.Changed {
		t.Fatalf("%q %s", r.Result, r.Error)
	}
	for round := range rounds {
		want := ask(12 + round)
		target.Artifacts[at].Body = []byte(want)
		torment, pause := torments[dice.IntN(len(torments))], time.Duration(dice.IntN(6000))*time.Millisecond
		if round == 0 {
			torment, pause = torments[3], 3*time.Second
		}
		c := &cuttable{Transport: s.transport}
		done := make(chan struct{})
		go func() {
			defer close(done)
			time.Sleep(pause)
			torment.do(s, c, device)
		}()
		var r push.DeviceReport
		for e := range push.Run(context.Background(), c, []push.Target{target}, push.Options{Sessions: -1, Undo: 15 * time.Second}) {
			if e.Kind == push.Done {
				r = *e.Report
			}
		}
		<-done
		told := map[push.Result]string{push.Changed: want, push.RolledBack: have, push.Failed: have, push.Skipped: have}[r.Result]
		disk, running := "", ""
		for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
			disk = s.run(device, "cat", path)
			running = timers(s.run(device, "sh", "-c", "vtysh -c 'show running-config' 2>/dev/null; true"))
			if disk == told && running == timers(told) {
				break
			}
		}
		t.Logf("round %d: %s after %v: %s %s", round, torment.name, pause, r.Result, r.Error)
		if disk != told || running != timers(told) {
			t.Fatalf("round %d, CLOSUP_SEED=%d: told %s, but the disk is as before %v, as asked %v; what runs is as before %v, as asked %v", round, seed,
				r.Result, disk == have, disk == want, running == timers(have), running == timers(want))
		}
		have = disk
	}
}
