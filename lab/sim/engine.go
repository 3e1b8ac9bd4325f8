package sim

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// The engine of a device whose router runs in a container: what closup asks of
// docker or podman, answered in podman's words, as lab/netns's is podman under
// either name. There is no registry: the device has its image already.

// engine is `docker` and `podman`.
func engine(c *call) int {
	if len(c.args) == 0 {
		return c.fail(125, "Error: missing command")
	}
	if c.who.uid != 0 {
		return c.fail(125, "Error: permission denied: this engine is root's")
	}
	verb, args := c.args[0], c.args[1:]
	if (verb == "image" || verb == "container") && len(args) > 0 {
		verb, args = verb+" "+args[0], args[1:]
	}
	do := map[string]command{
		"run": runContainer, "exec": execContainer, "inspect": inspectContainer, "container inspect": inspectContainer,
		"logs": logsOf, "rm": removeContainer, "stop": stopContainer, "kill": stopContainer, "restart": restartContainer,
		"ps": listContainers, "container ls": listContainers,
		"pull": pullImage, "image pull": pullImage, "tag": tagImage, "image tag": tagImage,
		"image inspect": inspectImage, "images": listImages, "image ls": listImages,
		"version": engineVersion, "--version": engineVersion, "info": engineVersion,
	}[verb]
	if do == nil {
		return c.fail(125, "Error: the simulator's engine has no command %q", verb)
	}
	next := *c
	next.args = args
	return do(&next)
}

// valued are the options that take a value of their own.
var valued = []string{
	"--name", "--network", "--net", "--cap-add", "--cap-drop", "--security-opt", "--volume", "-v", "--entrypoint", "--format", "-f",
	"--type", "--tail", "-n", "--time", "-t", "--signal", "-s", "--env", "-e", "--user", "-u", "--workdir", "-w", "--restart", "--pull",
}

// options splits an engine's options from what follows them. flat says that
// they may stand after it too.
func (c *call) options(flat bool, more ...string) (opts map[string][]string, rest []string) {
	opts = map[string][]string{}
	args := c.args
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		switch name, value, inOne := strings.Cut(a, "="); {
		case !strings.HasPrefix(a, "-"):
			rest = append(rest, a)
			if !flat {
				return opts, append(rest, args...)
			}
		case inOne:
			opts[name] = append(opts[name], value)
		case slices.Contains(valued, a) && !slices.Contains(more, a) && len(args) > 0:
			opts[a] = append(opts[a], args[0])
			args = args[1:]
		default:
			opts[a] = append(opts[a], "")
		}
	}
	return opts, rest
}

func given(opts map[string][]string, names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return len(opts[n]) > 0 })
}

func last(opts map[string][]string, names ...string) (value string) {
	for _, n := range names {
		if list := opts[n]; len(list) > 0 {
			value = list[len(list)-1]
		}
	}
	return value
}

// runContainer is `run [OPTIONS] IMAGE [COMMAND...]`.
func runContainer(c *call) int {
	opts, words := c.options(false)
	if len(words) == 0 {
		return c.fail(125, "Error: requires at least 1 arg(s), only received 0")
	}
	k := &container{
		name: last(opts, "--name"), image: words[0], network: last(opts, "--network", "--net"),
		privileged: given(opts, "--privileged"), caps: opts["--cap-add"], keep: !given(opts, "--rm"),
		volumes: slices.Clone(imageVolumes), ended: make(chan struct{}),
	}
	if len(words) > 1 {
		k.argv = words[1:]
	}
	if e := last(opts, "--entrypoint"); e != "" {
		k.argv = append([]string{e}, words[1:]...)
	}
	for _, v := range append(opts["--volume"], opts["-v"]...) {
		if parts := strings.Split(v, ":"); len(parts) >= 2 {
			k.volumes = append(k.volumes, volume{path.Clean(parts[0]), path.Clean(parts[1])})
		}
	}
	if status := c.admit(k); status != 0 {
		return status
	}
	k.furnish(c.device)
	next := *c
	if !given(opts, "--interactive", "-i", "-it") {
		next.in = nil
	}
	if given(opts, "--detach", "-d") {
		next.ctx = detached{c.powered(), c.ctx}
		next.in, next.out, next.err = nil, &journal{}, &journal{}
		c.background(func() { next.live(k) })
		c.printf("%064x\n", k.started.UnixNano())
		return 0
	}
	return next.live(k)
}

// admit gives a container its name and its place.
func (c *call) admit(k *container) int {
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	if c.images[k.image] == "" {
		return c.fail(125, "Error: %s: image not known, and a simulated device reaches no registry", k.image)
	}
	for n := 1; k.name == ""; n++ {
		if name := fmt.Sprintf("container_%d", n); c.device.containers[name] == nil {
			k.name = name
		}
	}
	if was := c.device.containers[k.name]; was != nil {
		return c.fail(125, "Error: creating container storage: the container name %q is already in use", k.name)
	}
	k.root = rootOf(k.name)
	c.device.containers[k.name] = k
	return 0
}

// named is a container, or the complaint that there is none.
func (c *call) named(name string) *container {
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	k := c.device.containers[name]
	if k == nil {
		c.fail(125, "Error: no container with name or ID %q found: no such container", name)
	}
	return k
}

// execContainer is `exec [OPTIONS] NAME COMMAND...`.
func execContainer(c *call) int {
	opts, words := c.options(false)
	if len(words) < 2 {
		return c.fail(125, "Error: must specify a container and a command")
	}
	k := c.named(words[0])
	if k == nil {
		return 125
	}
	c.world.mu.Lock()
	running, ended := k.running, k.ended
	c.world.mu.Unlock()
	if !running {
		return c.fail(255, "Error: can only create exec sessions on running containers: container state improper")
	}
	ctx, cancel := withEnd(c.ctx, ended)
	defer cancel()
	next := c.within(ctx, k)
	if !given(opts, "--interactive", "-i", "-it", "-ti") {
		next.in = strings.NewReader("")
	}
	status := next.exec(words[1:])
	if status == 127 || status == 126 {
		return status
	}
	if ctx.Err() != nil && c.ctx.Err() == nil {
		return 137
	}
	return status
}

// end has the main process of containers ended, and waits until it is.
func (c *call) end(names []string, again bool) int {
	status := 0
	for _, name := range names {
		k := c.named(name)
		if k == nil {
			status = 125
			continue
		}
		c.world.mu.Lock()
		running, since := k.running, k.started
		if running {
			k.again = again
			k.cancel()
		}
		c.world.mu.Unlock()
		switch {
		case !running:
		case again:
			c.until(func() bool { return k.running && k.started != since })
		default:
			select {
			case <-k.ended:
			case <-c.ctx.Done():
			}
		}
		c.printf("%s\n", name)
	}
	return status
}

// until waits for something of the world's.
func (c *call) until(good func() bool) {
	for c.ctx.Err() == nil {
		c.world.mu.Lock()
		ok := good()
		c.world.mu.Unlock()
		if ok {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func stopContainer(c *call) int {
	_, names := c.options(true, "-t", "-s")
	return c.end(names, false)
}

func restartContainer(c *call) int {
	_, names := c.options(true)
	return c.end(names, true)
}

func removeContainer(c *call) int {
	opts, names := c.options(true, "-f", "-t", "-v")
	force := given(opts, "--force", "-f")
	if force {
		// One that is not there is as good as removed.
		c.world.mu.Lock()
		names = slices.DeleteFunc(names, func(n string) bool { return c.device.containers[n] == nil })
		c.world.mu.Unlock()
		if status := c.end(names, false); status != 0 {
			return status
		}
	}
	for _, name := range names {
		c.world.mu.Lock()
		k := c.device.containers[name]
		switch {
		case k == nil:
		case k.running:
			c.world.mu.Unlock()
			return c.fail(2, "Error: cannot remove container %s as it is running - running or paused containers cannot be removed without force", name)
		default:
			delete(c.device.containers, name)
		}
		c.world.mu.Unlock()
		if k != nil {
			_ = c.disk.remove(k.root, true, rootUser)
		}
	}
	return 0
}

// withEnd is a context that ends with the channel too.
func withEnd(ctx context.Context, ended <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
