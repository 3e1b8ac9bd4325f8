package work

import (
	"context"
	"strings"

	"closup/provision/kube"
	"closup/provision/ssh"
)

// Kube asks the nodes and their cluster, and the fabric, and holds them beside
// the plan.
func (p *Project) Kube(ctx context.Context, inLab bool) (kube.Report, error) {
	w, err := p.watcher(inLab)
	if err != nil {
		return kube.Report{}, err
	}
	defer w.Close()
	a, err := p.asker(inLab)
	if err != nil {
		return kube.Report{}, err
	}
	defer a.Close()
	facts := a.Ask(ctx)
	s := w.observer.Examine(ctx)
	if ctx.Err() != nil {
		return kube.Report{}, ctx.Err()
	}
	return kube.Compare(p.Plan, w.routes, s, facts), nil
}

// Kubectl runs kubectl on the first control plane that has one, and says which
// that was and what it printed.
func (p *Project) Kubectl(ctx context.Context, inLab bool, input string, args ...string) (from, out string, err error) {
	a, err := p.asker(inLab)
	if err != nil {
		return "", "", err
	}
	defer a.Close()
	from, text, err := a.Kubectl(ctx, input, args...)
	return from, strings.TrimSpace(string(text)), err
}

func (p *Project) asker(inLab bool) (*kube.Asker, error) {
	if p.Err != nil {
		return nil, p.Err
	}
	endpoints, err := p.Endpoints(inLab)
	if err != nil {
		return nil, err
	}
	return kube.New(traced(p.transport(ssh.Config{}), p.Trace), p.Plan, endpoints), nil
}
