package observe

import (
	"errors"
	"time"

	"closup/provision"
)

// Sessions asks one router for its sessions alone, inside a script that is sent
// anyway. The zero value asks as FRR is asked.
type Sessions struct{ spoken dialect }

// Asked are the commands, as one would type them.
func (s *Sessions) Asked() []string {
	var all []string
	for _, c := range s.commands() {
		all = append(all, "vtysh -c "+provision.Quote(c))
	}
	return all
}

// Script is POSIX sh, for root.
func (s *Sessions) Script() string { return routerScript(s.dialect(), s.commands()) }

// Read reads the answer to Script. Where again is true the router speaks another
// dialect, and Script asks in that from now on.
func (s *Sessions) Read(name string, out []byte, at time.Time) (d Device, again bool, err error) {
	part := sections(out)
	r := reading{Device: Device{Name: name, Reachable: true, At: at, RouterVersion: ParseVersion(part[showVersion])}}
	summary, asked := part[s.dialect().summary]
	if next := dialectOf(s.dialect(), part[showVersion], summary); next != s.dialect() {
		s.spoken = next
		return r.Device, true, nil
	}
	if !asked {
		r.Err = noRouter(part[""])
		return r.Device, false, nil
	}
	err = r.ofSummary(summary)
	var said *saidError
	if errors.As(err, &said) {
		r.Err, err = said, nil
	}
	return r.Device, false, err
}

func (s *Sessions) dialect() dialect {
	if s.spoken == (dialect{}) {
		return frr
	}
	return s.spoken
}

func (s *Sessions) commands() []string { return []string{showVersion, s.dialect().summary} }
