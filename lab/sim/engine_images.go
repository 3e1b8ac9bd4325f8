package sim

import (
	"maps"
	"slices"
)

// Images of a device's engine: a name and a number.

func pullImage(c *call) int {
	_, names := c.options(true)
	return c.eachImage(names, func(name, id string) int {
		if id == "" {
			return c.fail(125, "Error: initializing source docker://%s: a simulated device reaches no registry", name)
		}
		c.printf("%s\n", id)
		return 0
	})
}

func inspectImage(c *call) int {
	opts, names := c.options(true)
	return c.eachImage(names, func(name, id string) int {
		if id == "" {
			return c.fail(125, "Error: inspecting object: %s: image not known", name)
		}
		return c.show(last(opts, "--format", "-f"), []any{struct {
			ID       string `json:"Id"`
			RepoTags []string
		}{id, []string{name}}})
	})
}

func tagImage(c *call) int {
	_, names := c.options(true)
	if len(names) < 2 {
		return c.fail(125, "Error: requires at least 2 arg(s), only received %d", len(names))
	}
	return c.eachImage(names[:1], func(name, id string) int {
		if id == "" {
			return c.fail(125, "Error: %s: image not known", name)
		}
		for _, n := range names[1:] {
			c.images[n] = id
		}
		return 0
	})
}

// eachImage does something with each image, whose number is "" where the engine
// has none of that name.
func (c *call) eachImage(names []string, do func(name, id string) int) int {
	status := 0
	return c.inWorld(func() int {
		for _, name := range names {
			status = max(status, do(name, c.images[name]))
		}
		return status
	})
}

func listImages(c *call) int {
	type row struct{ Repository, ID string }
	var rows []any
	c.world.mu.Lock()
	for _, name := range slices.Sorted(maps.Keys(c.images)) {
		rows = append(rows, row{name, c.images[name][:12]})
	}
	c.world.mu.Unlock()
	c.printf("REPOSITORY                                IMAGE ID\n")
	return c.show(`{{printf "%-40s  %s" .Repository .ID}}`, rows)
}

func engineVersion(c *call) int {
	c.printf("an engine of closup's simulator, which answers as podman 4.3 does\n")
	return 0
}
