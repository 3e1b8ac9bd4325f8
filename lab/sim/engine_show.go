package sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"text/template"
	"time"
)

// What an engine says of its containers.

// facts of a container as `inspect` names them.
type facts struct {
	Name   string
	Config struct{ Image string }
	State  struct {
		Status    string
		Running   bool
		Pid       int
		StartedAt string
	}
	HostConfig struct {
		Privileged  bool
		NetworkMode string
		CapAdd      []string
		Binds       []string
		AutoRemove  bool
	}
}

func (c *call) factsOf(k *container) (f facts) {
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	f.Name, f.Config.Image = k.name, k.image
	f.State.Status, f.State.Running, f.State.StartedAt = "exited", k.running, k.started.UTC().Format(time.RFC3339Nano)
	if k.running {
		f.State.Status, f.State.Pid = "running", k.pid
	}
	f.HostConfig.Privileged, f.HostConfig.NetworkMode, f.HostConfig.CapAdd, f.HostConfig.AutoRemove = k.privileged, k.network, k.caps, !k.keep
	if k.network == "" {
		f.HostConfig.NetworkMode = "bridge"
	}
	for _, v := range k.volumes[len(imageVolumes):] {
		f.HostConfig.Binds = append(f.HostConfig.Binds, v.from+":"+v.to)
	}
	return f
}

// inspectContainer is `inspect [--format TEMPLATE] NAME...`; the templates are
// Go's, as the engines' are.
func inspectContainer(c *call) int {
	opts, names := c.options(true)
	status := 0
	var all []any
	for _, name := range names {
		k := c.named(name)
		if k == nil {
			status = 125
			continue
		}
		all = append(all, c.factsOf(k))
	}
	return max(status, c.show(last(opts, "--format", "-f"), all))
}

// show prints things by a template, or as JSON.
func (c *call) show(format string, all []any) int {
	if format == "" || format == "json" {
		data, err := json.MarshalIndent(all, "", "     ")
		if err != nil {
			return c.fail(125, "Error: %v", err)
		}
		c.printf("%s\n", data)
		return 0
	}
	t, err := template.New("").Parse(format)
	if err != nil {
		return c.fail(125, "Error: %v", err)
	}
	for _, one := range all {
		if err := t.Execute(c.out, one); err != nil {
			return c.fail(125, "Error: %v", err)
		}
		c.printf("\n")
	}
	return 0
}

func logsOf(c *call) int {
	opts, names := c.options(true)
	if len(names) != 1 {
		return c.fail(125, "Error: specify one container")
	}
	k := c.named(names[0])
	if k == nil {
		return 125
	}
	lines := k.log.lines()
	if n, err := strconv.Atoi(last(opts, "--tail", "-n")); err == nil && n < len(lines) {
		lines = lines[len(lines)-n:]
	}
	for _, l := range lines {
		c.printf("%s\n", l)
	}
	return 0
}

func listContainers(c *call) int {
	opts, _ := c.options(true, "-n")
	type row struct{ ID, Names, Image, Status string }
	var rows []any
	c.world.mu.Lock()
	for _, name := range slices.Sorted(maps.Keys(c.device.containers)) {
		k := c.device.containers[name]
		if k.running || given(opts, "--all", "-a") {
			status := "Exited"
			if k.running {
				status = "Up " + time.Since(k.started).Round(time.Second).String()
			}
			rows = append(rows, row{fmt.Sprintf("%012x", k.pid), k.name, k.image, status})
		}
	}
	c.world.mu.Unlock()
	if f := last(opts, "--format"); f != "" {
		return c.show(f, rows)
	}
	if given(opts, "--quiet", "-q") {
		return c.show("{{.ID}}", rows)
	}
	c.printf("CONTAINER ID  IMAGE                                     STATUS      NAMES\n")
	return c.show(`{{printf "%-12s  %-40s  %-10s  %s" .ID .Image .Status .Names}}`, rows)
}
