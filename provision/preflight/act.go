package preflight

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"closup/model"
	"closup/provision"
)

// What closup does about what it found, where the operator asks for it.

// each runs f on every target at once, and joins their errors. Ending ctx ends
// them.
func each(ctx context.Context, t provision.Transport, targets []Target, f func(context.Context, provision.Session, Target) error) error {
	errs := make([]error, len(targets))
	dials := make(chan struct{}, handshakes)
	var work sync.WaitGroup
	for i, target := range targets {
		work.Go(func() {
			dials <- struct{}{}
			s, err := t.Dial(ctx, target.Endpoint)
			<-dials
			if err == nil {
				err = f(ctx, s, target)
				_ = s.Close()
			}
			errs[i] = err
		})
	}
	work.Wait()
	return errors.Join(errs...)
}

// Raise sets ports up, in the running state alone: a reboot forgets it. Then
// lldpd speaks on them at once where it runs. The error names every device on
// which that failed.
func Raise(ctx context.Context, t provision.Transport, targets []Target, ports map[string][]string) error {
	return each(ctx, t, targets, func(ctx context.Context, s provision.Session, target Target) error {
		ctx, cancel := provision.WithTimeout(ctx, limit)
		defer cancel()
		var b strings.Builder
		b.WriteString("bad=\n")
		for _, p := range ports[target.Device.Name] {
			if !model.SafeInterface(p) {
				return fmt.Errorf("%s: %q cannot be the name of a port", target.Device.Name, p)
			}
			fmt.Fprintf(&b, "ip link set dev %s up || bad=yes\n", provision.Quote(p))
		}
		b.WriteString("if command -v lldpcli >/dev/null 2>&1; then timeout 3 lldpcli update >/dev/null 2>&1; fi\n[ -z \"$bad\" ]\n")
		if _, err := provision.RunRoot(ctx, s, b.String()); err != nil {
			return fmt.Errorf("%s: its ports could not be raised: %w", target.Device.Name, err)
		}
		return nil
	})
}
