//go:build linux

package push_test

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"closup/provision/push"
	"closup/render"
)

// patient is a device of a lab on which a fault is tried: configured by one
// fabric, and asked to hold another.
type patient struct {
	*site
	device     string
	first      string // the fabric that it holds
	path       string // of the other fabric
	old, fresh string // portraits
}

// faults are those of docs/push.md that need a real device. Each leaves it in
// its old configuration or in the new one, as it says.
var faults = []struct {
	name   string
	device string
	do     func(*patient)
}{
	{"operator killed at each verb", "leaf1", (*patient).operatorKilled},
	{"power lost at each step", "leaf2", (*patient).powerLost},
	{"supervisor killed", "spine1", (*patient).supervisorKilled},
	{"management lost", "k8s1", (*patient).managementLost},
	{"disk full", "k8s2", (*patient).diskFull},
	{"router does not take it", "k8s3", (*patient).routerRefuses},
}

// TestLabFaults tries them on one lab, each on its own device.
func TestLabFaults(t *testing.T) {
	t.Parallel()
	s := newSite(t, "article")
	first, second := s.fabric("old", "timers", sooner), s.fabric("new", "timers", later)
	for name, r := range s.operator(orders{Fabric: first}).end() {
		if r.Result != push.Changed {
			t.Fatalf("%s is %q: %s", name, r.Result, r.Error)
		}
	}
	var all sync.WaitGroup
	slots := make(chan struct{}, 3) // devices share this machine's cores
	for _, f := range faults {
		p := &patient{site: s, device: f.device, first: first, path: second}
		p.old = s.portrait(f.device)
		p.fresh = strings.ReplaceAll(p.old, "timers connect 11", "timers connect 12")
		if p.fresh == p.old {
			t.Fatalf("%s: there is nothing to change in\n%s", f.device, p.old)
		}
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			begun := time.Now()
			p.holdable()
			f.do(p)
			t.Logf("%s: %v", f.name, time.Since(begun).Round(time.Second))
		})
	}
	all.Wait()
}

// order starts an operator on the other fabric.
func (p *patient) order(o orders) *operator {
	o.Fabric, o.Only = p.path, []string{p.device}
	if o.Undo == 0 {
		o.Undo = 100 * time.Second
	}
	return p.operator(o)
}

func (p *patient) is(what, portrait string) {
	p.t.Helper()
	if which, last := p.becomes(p.device, 5*time.Minute, portrait); which < 0 {
		p.t.Errorf("%s: %s is not as it should be:\n%s", p.device, what, render.Diff("want", "is", []byte(portrait), []byte(last), 1))
	}
}

func (p *patient) told(what string, got told, result push.Result, says string) {
	p.t.Helper()
	if got.Result != result || !strings.Contains(got.Error+got.Note, says) {
		p.t.Errorf("%s: %s: %q, want %q: %q does not say %q", p.device, what, got.Result, result, got.Error+" "+got.Note, says)
	}
}

// back brings the device to the old configuration again.
func (p *patient) back() {
	p.t.Helper()
	got := p.operator(orders{Fabric: p.first, Only: []string{p.device}}).end()[p.device]
	p.told("back", got, push.Changed, "")
	p.is("back", p.old)
}

func (p *patient) sh(script string) string {
	p.t.Helper()
	return p.run(p.device, "sh", "-c", script)
}

// hold makes the device stop where it is on its way through a state, and gives
// what waits until it is there. A reboot lets it go.
func (p *patient) hold(state string) (held func()) {
	p.t.Helper()
	p.sh("rm -f /run/held; touch /run/hold." + state)
	return func() {
		p.t.Helper()
		p.await(state, `[ -e /run/held ]`)
	}
}

// holdable puts what hold needs on the device, before a job looks for it.
func (p *patient) holdable() {
	p.sh(`cat >/usr/local/sbin/sync <<'END'
#!/bin/sh
for s in $(cat /var/lib/closup/push/*/state 2>/dev/null); do
	[ ! -e /run/hold.$s ] || { touch /run/held; while [ -e /run/hold.$s ]; do sleep 0.1; done; }
done
exec /usr/bin/sync "$@"
END
chmod 755 /usr/local/sbin/sync`)
}

func (p *patient) release() { p.sh("rm -f /run/hold.* /run/held") }

// await waits until the condition, a command, holds on the device.
func (p *patient) await(what, condition string) {
	p.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		status, err := p.lab.Exec(p.t.Context(), p.device, []string{"sh", "-c", condition}, nil, nil, nil)
		if err == nil && status == 0 {
			return
		}
		if time.Now().After(deadline) {
			p.t.Errorf("%s: it did not come to %s", p.device, what)
			return
		}
	}
}

const active = `[ "$(cat /var/lib/closup/push/*/state | grep -v done)" = active ]`

// long is all of them in make torture, and a part elsewhere.
func long(all []string, from, to int) []string {
	if os.Getenv("CLOSUP_TORTURE") != "" {
		return all
	}
	return all[from:to]
}

// 1. What the operator's process leaves behind, killed in any phase, is ended by
// --resume, in the new configuration.
func (p *patient) operatorKilled() {
	for _, phase := range long([]string{"stage", "lock", "activate", "verify", "confirm"}, 2, 3) {
		if !p.order(orders{}).killedAt(phase) {
			p.t.Errorf("it did not come to %s", phase)
		}
		got := p.order(orders{Resume: true}).end()[p.device]
		p.told("resumed after "+phase, got, push.Changed, "")
		p.is("resumed after "+phase, p.fresh)
		p.back()
	}
}

// 6. Power is lost in any state; nothing asks the device afterwards.
func (p *patient) powerLost() {
	for _, state := range long([]string{"ready", "applying", "committing", "undoing"}, 1, 3) {
		want, o := p.old, orders{}
		if state == "committing" {
			want = p.fresh // it was confirmed
		}
		if state == "undoing" {
			p.told("pending", p.order(orders{Confirm: 5 * time.Minute}).end()[p.device], push.Pending, "")
			o.Way = "take back"
		}
		held := p.hold(state)
		op := p.order(o)
		held()
		op.kill()
		if err := p.lab.Reboot(p.t.Context(), p.device); err != nil {
			p.t.Error(err)
		}
		op.end()
		p.release()
		p.is("after a loss of power while "+state, want)
		if want == p.fresh {
			p.back()
		}
	}
	// Nobody was there to confirm it.
	p.told("pending", p.order(orders{Confirm: 5 * time.Minute}).end()[p.device], push.Pending, "")
	if err := p.lab.Reboot(p.t.Context(), p.device); err != nil {
		p.t.Error(err)
	}
	p.is("after a loss of power while pending", p.old)
	p.told("confirmed too late", p.order(orders{Way: "keep"}).end()[p.device], push.RolledBack, "it was switched off while the change was active")
}

const killJob = `for f in /var/lib/closup/push/*/session; do for p in $(ps -o pid= -s $(cat $f)); do kill -9 $p; done; done; true`

// 4 and 5. The job is killed while the change waits to be confirmed, and in the
// middle of taking it back.
func (p *patient) supervisorKilled() {
	p.told("pending", p.order(orders{Confirm: 5 * time.Minute}).end()[p.device], push.Pending, "")
	p.sh(killJob)
	p.is("killed while pending", p.old)
	p.told("confirmed too late", p.order(orders{Way: "keep"}).end()[p.device], push.RolledBack, "was ended while the change was active")

	p.told("pending", p.order(orders{Confirm: 5 * time.Minute}).end()[p.device], push.Pending, "")
	held := p.hold("undoing")
	op := p.order(orders{Way: "take back"})
	held()
	p.sh(killJob)
	p.release()
	p.told("taken back", op.end()[p.device], push.RolledBack, "")
	p.is("killed while it took it back", p.old)
}

// 3. The new configuration cuts the operator off, for longer than the device
// waits; and 23, the host key is another when it is there again.
func (p *patient) managementLost() {
	op := p.order(orders{Undo: 10 * time.Second})
	p.await("active", active)
	if err := p.lab.SetLink(p.device, "eth0", false); err != nil {
		p.t.Error(err)
	}
	p.is("cut off", p.old)
	if err := p.lab.SetLink(p.device, "eth0", true); err != nil {
		p.t.Error(err)
	}
	p.told("cut off", op.end()[p.device], push.RolledBack, "the old files are back")

	held := p.hold("applying")
	op = p.order(orders{Undo: 10 * time.Second})
	held()
	p.sh(`mkdir /run/keys; cp -p /etc/ssh/ssh_host_* /run/keys
for k in /etc/ssh/ssh_host_*_key; do t=${k#/etc/ssh/ssh_host_}; rm $k $k.pub; ssh-keygen -q -N '' -t ${t%_key} -f $k; done
kill $(cat /run/sshd.pid); while kill -0 $(cat /run/sshd.pid) 2>/dev/null; do sleep 0.1; done; /usr/sbin/sshd; rm -f /run/hold.*`)
	got := op.end()[p.device]
	p.told("another host key", got, push.Failed, "host key")
	p.is("another host key", p.old)
	p.sh(`cp -p /run/keys/* /etc/ssh; kill $(cat /run/sshd.pid); while kill -0 $(cat /run/sshd.pid) 2>/dev/null; do sleep 0.1; done; /usr/sbin/sshd`)
	p.release()
	p.told("the right host key", p.order(orders{}).end()[p.device], push.Changed, "")
	p.is("pushed to again", p.fresh)
}

func (p *patient) fill(full bool) {
	p.t.Helper()
	if err := p.lab.FillDisk(p.t.Context(), p.device, full); err != nil {
		p.t.Error(err)
	}
}

// 10. The disk is full before anything begins, when the change is to be kept,
// and when it is to be taken back.
func (p *patient) diskFull() {
	p.fill(true)
	p.told("full at stage", p.order(orders{}).end()[p.device], push.Failed, "make room")
	p.is("full at stage", p.old)
	p.fill(false)

	held := p.hold("applying")
	op := p.order(orders{})
	held()
	p.fill(true)
	p.sh("rm -f /run/hold.*")
	p.told("full at commit", op.end()[p.device], push.RolledBack, "No space left on device")
	p.is("full at commit", p.old)
	p.fill(false)
	p.release()

	p.told("pending", p.order(orders{Confirm: 5 * time.Minute}).end()[p.device], push.Pending, "")
	p.fill(true)
	p.told("full at undo", p.order(orders{Way: "take back"}).end()[p.device], push.RolledBack, "")
	p.is("full at undo", p.old)
	p.fill(false)
	p.told("room again", p.order(orders{}).end()[p.device], push.Changed, "")
	p.is("room again", p.fresh)
}

// target is the device's target of the other fabric, with its frr.conf changed.
func (p *patient) target(change func(conf string) string) push.Target {
	p.t.Helper()
	for _, tg := range p.targets() {
		if tg.Device.Name != p.device {
			continue
		}
		for i := range tg.Artifacts {
			if a := &tg.Artifacts[i]; a.Path == "/etc/frr/frr.conf" {
				a.Body = []byte(change(strings.ReplaceAll(string(a.Body), "timers connect 10", "timers connect 12")))
			}
		}
		return tg
	}
	p.t.Fatalf("there is no %s", p.device)
	return push.Target{}
}

func same(conf string) string { return conf }

func (p *patient) report(what string, events <-chan push.Event, result push.Result, says string) {
	p.t.Helper()
	r := p.follow(events)[p.device]
	p.told(what, told{Result: r.Result, Error: r.Error}, result, says)
	p.is(what, p.old)
}

// 12 to 16. What the router makes of it.
func (p *patient) routerRefuses() {
	ctx, o := p.t.Context(), push.Options{Sessions: 20 * time.Second}
	before := func(line string) func(string) string {
		return func(conf string) string { return strings.Replace(conf, "router bgp", line+"\nrouter bgp", 1) }
	}
	one := func(tg push.Target) []push.Target { return []push.Target{tg} }
	p.report("a syntax error", push.Run(ctx, p.transport, one(p.target(before("ruoter bgp 1"))), o), push.Failed, "ruoter")

	// vtysh -C passes a peer-group that is not there, and bgpd does not take it
	// after it took the timers.
	half := p.target(func(conf string) string {
		return strings.Replace(conf, " address-family ipv4 unicast", " neighbor 192.0.2.1 peer-group nobody\n address-family ipv4 unicast", 1)
	})
	p.report("a semantic error", push.Run(ctx, p.transport, one(half), o), push.RolledBack, "the old files are back")

	const reload = "/usr/lib/frr/frr-reload.py"
	p.sh("mkdir -p /run/saved; cp -p " + reload + " /run/reload; printf '#!/bin/sh\\ngrep -q \"connect 12\" /etc/frr/frr.conf && exec sleep 1000\\nexec /run/reload \"$@\"\\n' >" + reload)
	// A restart reads what the reload hangs over: that ends in the new one.
	r := p.follow(push.RunLimited(ctx, p.transport, one(p.target(same)), o, 10*time.Second))[p.device]
	p.told("a reload that hangs", told{Result: r.Result, Error: r.Error}, push.Changed, "")
	p.is("a reload that hangs", p.fresh)
	p.sh("cp -p /run/reload " + reload)
	p.back()

	// 15. bgpd dies, and nobody revives it.
	held := p.hold("applying")
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.report("bgpd dies", push.RunSettling(ctx, p.transport, one(p.target(same)), o, 2*time.Second), push.RolledBack, "FRR does not run")
	}()
	held()
	p.sh("kill -9 $(cat /run/frr/watchfrr.pid) $(cat /run/frr/bgpd.pid); rm -f /run/hold.*")
	<-done
	p.release()

	// 16. The rollback's reload fails, and so does the restart: that is told, the
	// old files are there, and a boot brings them to life.
	id := push.NewID()
	o.ID, o.Confirm = id, 5*time.Minute
	if r := p.follow(push.Run(ctx, p.transport, one(p.target(same)), o))[p.device]; r.Result != push.Pending {
		p.t.Errorf("%q %s", r.Result, r.Error)
	}
	p.sh("printf '#!/bin/sh\\necho broken; exit 1\\n' | tee " + reload + " >/usr/lib/frr/frrinit.sh.new; cp -p /usr/lib/frr/frrinit.sh /run/frrinit; cat /usr/lib/frr/frrinit.sh.new >/usr/lib/frr/frrinit.sh")
	open := []push.Open{{Device: p.device, Endpoint: p.endpoints[p.device], Push: id}}
	r = p.follow(push.TakeBack(ctx, p.transport, open, push.Options{}))[p.device]
	p.told("a rollback whose reload fails", told{Result: r.Result, Error: r.Error}, push.Failed, "could not be made live again")
	p.sh("cp -p /run/reload " + reload + "; cp -p /run/frrinit /usr/lib/frr/frrinit.sh; rm /usr/lib/frr/frrinit.sh.new")
	if err := p.lab.Reboot(ctx, p.device); err != nil {
		p.t.Error(err)
	}
	p.is("after the boot", p.old)
}
