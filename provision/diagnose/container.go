package diagnose

import (
	"regexp"
	"strings"

	"closup/model"
	"closup/provision/observe"
)

// Routers in containers: what keeps them from being the device's router.

func container(e *observe.Evidence) *observe.Container {
	if e == nil {
		return nil
	}
	return e.Container
}

func engine(d *model.Device) string { return orElse(d.Container.Engine, "docker") }

// routerName is the router's container.
func routerName(d *model.Device) string { return strings.TrimSuffix(d.Router, "-container") }

// logged is what the container said last.
func logged(d *model.Device, c *observe.Container) Evidence {
	return seen(d.Name, engine(d)+" logs --tail 20 "+routerName(d), "%s", orElse(c.Log, "nothing"))
}

// refused is what FRR's daemons say when the kernel refuses them a capability.
var refused = regexp.MustCompile(`(?m)^.*(privs_init|cap_set_proc|zprivs_state_change|setns|Operation not permitted|Wanted caps).*$`)

func containerRights(v *view) []Finding {
	return v.each(func(d *model.Device, said *observe.Device, e *observe.Evidence) []Finding {
		c := container(e)
		zebra, _ := runs(said, "zebra")
		bgpd, _ := runs(said, "bgpd")
		if c == nil || zebra && bgpd {
			return nil
		}
		line := refused.FindString(c.Log)
		if line == "" {
			return nil
		}
		return []Finding{{
			Device: d.Name, Confidence: Certain, whole: []string{d.Name},
			Message:  "the container of the router on " + d.Name + " lacks rights that FRR needs: it needs NET_ADMIN, NET_RAW, NET_BIND_SERVICE and SYS_ADMIN",
			Evidence: []Evidence{seen(d.Name, engine(d)+" logs --tail 20 "+routerName(d), "%s", strings.TrimSpace(line))},
			Remedy:   pushedAnd(", whose service gives it them; `privileged: true` under container in fabric.yaml gives all", []string{d.Name}),
		}}
	})
}

func containerNetwork(v *view) []Finding {
	return v.each(func(d *model.Device, _ *observe.Device, e *observe.Evidence) []Finding {
		c := container(e)
		if c == nil || c.State == "" || c.Network == "host" {
			return nil
		}
		return []Finding{{
			Device: d.Name, Confidence: Certain, whole: []string{d.Name},
			Message:  "the container of the router on " + d.Name + " has the network " + c.Network + " and not the device's own: it sees none of its ports",
			Evidence: []Evidence{seen(d.Name, engine(d)+" inspect "+routerName(d), "NetworkMode %s", c.Network)},
			Remedy:   pushedAnd(", whose service starts it with --network host", []string{d.Name}),
		}}
	})
}
