package work

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"closup/lab"
	"closup/model"
)

// dialTimeout bounds reaching one device.
const dialTimeout = 10 * time.Second

// Endpoints says how each device is reached, by name: the real devices as the
// fabric's `access` and `mgmt` say, or those of the fabric's running lab. A real
// device without `mgmt` has none.
func (p *Project) Endpoints(inLab bool) (map[string]model.Endpoint, error) {
	if !inLab {
		return p.actual(), nil
	}
	running, err := lab.Open(p.Plan.Name)
	if err != nil {
		return nil, err
	}
	endpoints := make(map[string]model.Endpoint, len(p.Plan.Devices))
	for _, d := range p.Plan.Devices {
		if endpoints[d.Name], err = running.Endpoint(d.Name); err != nil {
			return nil, fmt.Errorf("%w: it is newer than the lab; `closup lab down` and `closup lab up` add it", err)
		}
	}
	return endpoints, nil
}

// actual is the endpoints of the real devices.
func (p *Project) actual() map[string]model.Endpoint {
	endpoints := map[string]model.Endpoint{}
	for _, d := range p.Plan.Devices {
		if d.Mgmt == "" {
			continue
		}
		e := model.Endpoint{
			Device: d.Name, Host: d.Mgmt, Port: d.Access.Port, User: d.Access.User,
			Jump: d.Access.Jump, Timeout: dialTimeout,
		}
		if d.Access.Identity != "" {
			e.Identity = []string{home(d.Access.Identity)}
		}
		endpoints[d.Name] = e
	}
	return endpoints
}

// home replaces a leading ~ by the home directory, as a shell does.
func home(path string) string {
	rest, ok := strings.CutPrefix(path, "~/")
	if !ok {
		return path
	}
	dir, err := os.UserHomeDir()
	if err != nil {
		return path
	}
	return filepath.Join(dir, rest)
}
