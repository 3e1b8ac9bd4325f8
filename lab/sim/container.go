package sim

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"mvdan.cc/sh/v3/expand"
)

// A container is a part of a device's disk that its processes take for all of
// it, with some directories of the device laid over. It has the device's
// network and the device's daemons: a device has one router, which runs on the
// machine itself or in one container.
type container struct {
	name, image string
	network     string
	privileged  bool
	caps        []string // beyond privileged
	keep        bool     // it stays when it has ended: there was no --rm
	root        string   // its disk, on the device's
	volumes     []volume
	argv        []string // its main process; nil: the image's, a router
	pid         int
	started     time.Time
	running     bool
	ended       chan struct{}
	cancel      context.CancelFunc // ends its main process
	again       bool               // ...to be started anew
	log         journal
}

// volume is a directory of the device's that a container has too.
type volume struct{ from, to string }

// containersDir is where the disks of containers lie.
const containersDir = "/var/lib/closup-containers"

// imageVolumes are the directories that every image has of the device: like
// lab/netns's, it is made of the device's own system.
var imageVolumes = []volume{{"/usr", "/usr"}, {"/bin", "/bin"}, {"/sbin", "/sbin"}, {"/proc", "/proc"}, {"/sys", "/sys"}, {"/dev", "/dev"}}

// path is where a name of the container's leads on the device.
func (k *container) path(name string) string {
	for _, v := range k.volumes {
		if rest, ok := strings.CutPrefix(name, v.to); ok && (rest == "" || rest[0] == '/') {
			return v.from + rest
		}
	}
	return k.root + name
}

// on is where a name of a router's leads: in its container, or on the machine.
func (k *container) on(name string) string {
	if k == nil {
		return name
	}
	return k.path(name)
}

type containerKey struct{}

// inside is the container that a command runs in; nil: none.
func (c *call) inside() *container {
	k, _ := c.ctx.Value(containerKey{}).(*container)
	return k
}

// journal keeps what a container said last.
type journal struct {
	mu   sync.Mutex
	text []byte
}

const logLimit = 64 << 10

func (l *journal) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if over := len(l.text) - logLimit; over > 0 {
		l.text = slices.Clone(l.text[over:])
	}
	return len(p), nil
}

func (l *journal) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return linesOf(slices.Clone(l.text))
}

// within is a call whose commands run in the container, as its root.
func (c *call) within(ctx context.Context, k *container) *call {
	next := *c
	next.ctx, next.who, next.dir = context.WithValue(context.WithValue(ctx, userKey{}, rootUser), containerKey{}, k), rootUser, "/"
	next.env = expand.ListEnviron("PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", maskVariable+"=022")
	return &next
}

// furnish makes the container's disk.
func (k *container) furnish(d *device) {
	for _, dir := range []string{"/tmp", "/etc/frr", "/run/frr", "/var/log", "/var/tmp", "/root"} {
		_ = d.disk.mkdirs(k.root+dir, 0o755, rootUser)
	}
	for _, dir := range []string{"/tmp", "/var/tmp"} {
		_ = d.disk.change(k.root+dir, rootUser, func(n *node) { n.mode |= 0o777 })
	}
}

// live runs a container until its main process has ended, and answers that one's
// status. The container is in the device's table already.
func (c *call) live(k *container) int {
	status := 0
	for {
		ctx, cancel := context.WithCancel(c.ctx)
		c.world.mu.Lock()
		k.cancel, k.again, k.running, k.started, k.pid = cancel, false, true, time.Now(), c.router.nextPID()
		c.world.mu.Unlock()
		next := c.within(ctx, k)
		next.out, next.err = tee2{c.out, &k.log}, tee2{c.err, &k.log}
		if k.argv == nil {
			status = next.imageStart(k)
		} else {
			status = next.exec(k.argv)
		}
		cancel()
		if !k.keep && (!k.again || c.ctx.Err() != nil) {
			_ = c.disk.remove(k.root, true, rootUser) // before its name is free
		}
		c.world.mu.Lock()
		k.running = false
		again := k.again && c.ctx.Err() == nil
		if !again && !k.keep && c.device.containers[k.name] == k {
			delete(c.device.containers, k.name)
		}
		if !again {
			close(k.ended)
		}
		c.world.mu.Unlock()
		if !again {
			break
		}
	}
	return status
}

// tee2 writes to both; that one of them is gone is no matter.
type tee2 struct {
	a, b interface{ Write([]byte) (int, error) }
}

func (t tee2) Write(p []byte) (int, error) {
	_, _ = t.a.Write(p)
	return t.b.Write(p)
}

// needed are the capabilities without which FRR's daemons do not start.
var needed = []string{"NET_ADMIN", "NET_RAW", "SYS_ADMIN", "SETUID", "SETGID"}

// imageStart is the main process of a router's image: watchfrr, which starts
// the other daemons, until it is ended.
func (c *call) imageStart(k *container) int {
	say := func(format string, args ...any) {
		fmt.Fprintf(c.err, "%s WATCHFRR: "+format+"\n", append([]any{time.Now().UTC().Format("2006/01/02 15:04:05")}, args...)...)
	}
	for _, need := range needed {
		if !k.privileged && !slices.Contains(k.caps, need) {
			return c.fail(1, "privs_init: initial cap_set_proc failed: Operation not permitted\nWanted caps: cap_%s", strings.ToLower(need))
		}
	}
	if k.network != "host" {
		return c.fail(1, "the simulator's routers have the device's network alone: --network host")
	}
	daemons, conf, bad := c.device.setup(k)
	for _, l := range bad {
		say("line %d: %% Unknown command: %s", l.number, l.text)
	}
	r := c.router
	c.world.mu.Lock()
	if r.runs("zebra") {
		c.world.mu.Unlock()
		return c.fail(1, "zebra and bgpd run already outside of this container: a simulated device has one router")
	}
	r.home = k
	r.launch(daemons, conf)
	c.world.mu.Unlock()
	say("watchfrr %s starting: vty@0", frrVersion)
	<-c.ctx.Done()
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	if r.home == k {
		r.perish()
	}
	return 143
}

// launch starts daemons on a configuration. The world's lock is held.
func (r *router) launch(daemons []string, c *conf) {
	r.watched = daemons
	for _, name := range daemons {
		r.spawn(name)
	}
	r.load(c)
	r.changed()
	r.dev.world.converge()
}

// perish is the end of a container's processes: all at once and without a word,
// so that what zebra put into the kernel stays there.
func (r *router) perish() {
	r.keep("zebra")
	r.home, r.watched, r.daemons = nil, nil, map[string]daemon{}
	clear(r.unheard)
	r.load(newConf())
	r.changed()
	r.dev.world.converge()
}

// setup is what a router in k begins with. An image of Quagga's has FRR read
// Quagga's file, as lab/netns's image does.
func (d *device) setup(k *container) (daemons []string, c *conf, bad []badLine) {
	read := func(name string) string {
		data, _ := d.disk.read(k.on(name))
		return string(data)
	}
	daemons = []string{"watchfrr", "zebra", "staticd"}
	if text := read(quaggaConf); k != nil && text != "" {
		c, bad = parseConf("frr defaults datacenter\nhostname " + d.name + "\nservice integrated-vtysh-config\n" + text)
		return append(daemons, "bgpd"), c, bad
	}
	for _, line := range strings.Split(read(daemonsFile), "\n") {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if slices.Contains(known, name) && strings.Trim(value, `"'`) == "yes" {
			daemons = append(daemons, name)
		}
	}
	c, bad = parseConf(read(frrConf))
	return daemons, c, bad
}

const quaggaConf = "/etc/quagga/Quagga.conf"

// rootOf is where the disk of a container of that name lies.
func rootOf(name string) string { return path.Join(containersDir, name) }
