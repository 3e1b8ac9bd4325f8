package kube

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"closup/model"
	"closup/provision"
)

// askTimeout bounds one script on one node.
const askTimeout = 90 * time.Second

// Asker asks the nodes of a plan, each over one connection. Close it.
type Asker struct {
	t         provision.Transport
	plan      *model.Plan
	endpoints map[string]model.Endpoint

	mu   sync.Mutex
	held map[string]provision.Session
}

// New makes an asker of the plan's nodes.
func New(t provision.Transport, plan *model.Plan, endpoints map[string]model.Endpoint) *Asker {
	return &Asker{t: t, plan: plan, endpoints: endpoints, held: map[string]provision.Session{}}
}

// Close ends the connections.
func (a *Asker) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.held {
		_ = s.Close()
	}
	a.held = map[string]provision.Session{}
}

// Ask asks every node at once, the API server by the first control plane where
// kubectl answers, and, where the smoke app runs, its pods from every node.
func (a *Asker) Ask(ctx context.Context) Facts {
	f := Facts{At: time.Now(), Nodes: map[string]NodeFacts{}}
	script := nodeScript
	if api := APIAddress(a.plan); api.IsValid() {
		script += connect(api, apiPort)
	}
	var mu sync.Mutex
	a.each(func(name string) {
		out, err := a.run(ctx, name, script+"exit 0\n")
		n := NodeFacts{Err: err}
		if err == nil {
			n = parseNode(out)
		}
		mu.Lock()
		defer mu.Unlock()
		f.Nodes[name] = n
	})
	f.Cluster = a.cluster(ctx)
	if len(f.Cluster.Pods) > 0 {
		script := smokeScript(f.Cluster.Pods)
		a.each(func(name string) {
			if out, err := a.run(ctx, name, script); err == nil {
				mu.Lock()
				defer mu.Unlock()
				answered(out, name, f.Cluster.Pods)
			}
		})
	}
	return f
}

// cluster asks one control plane after the other.
func (a *Asker) cluster(ctx context.Context) Cluster {
	var why []string
	for _, d := range controlPlanes(a.plan) {
		out, err := a.run(ctx, d.Name, clusterScript+"exit 0\n")
		var c Cluster
		if err == nil {
			c, err = parseCluster(out)
		}
		if err == nil {
			c.From = d.Name
			return c
		}
		why = append(why, d.Name+": "+plain(err))
	}
	if len(why) == 0 {
		why = []string{"no node has the role control-plane: give it one in fabric.yaml"}
	}
	return Cluster{Err: errors.New(strings.Join(why, "; "))}
}

// Kubectl runs kubectl on the first control plane that has one, with input.
func (a *Asker) Kubectl(ctx context.Context, input string, args ...string) (from string, out []byte, err error) {
	line := "k"
	for _, arg := range args {
		line += " " + provision.Quote(arg)
	}
	script := kubectl + "printf '%s' " + provision.Quote(input) + " | " + line + "\n"
	err = errors.New("no node has the role control-plane: give it one in fabric.yaml")
	for _, d := range controlPlanes(a.plan) {
		if out, err = a.run(ctx, d.Name, script); err == nil {
			return d.Name, out, nil
		}
		err = fmt.Errorf("%s: %s", d.Name, plain(err))
	}
	return "", out, err
}

// plain is the end of what a command complained of.
func plain(err error) string {
	var exit *provision.ExitError
	if errors.As(err, &exit) && strings.TrimSpace(exit.Stderr) != "" {
		return reason(exit.Stderr, "")
	}
	return err.Error()
}

func (a *Asker) each(f func(name string)) {
	var wg sync.WaitGroup
	for _, d := range nodes(a.plan) {
		wg.Go(func() { f(d.Name) })
	}
	wg.Wait()
}

// run runs a script as root on a node, over the connection that is held.
func (a *Asker) run(ctx context.Context, name, script string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	a.mu.Lock()
	s := a.held[name]
	a.mu.Unlock()
	if s == nil {
		e, known := a.endpoints[name]
		if !known {
			return nil, errors.New("it is not known how to reach it: give it a management address as mgmt")
		}
		var err error
		if s, err = a.t.Dial(ctx, e); err != nil {
			return nil, err
		}
		a.mu.Lock()
		a.held[name] = s
		a.mu.Unlock()
	}
	return provision.RunRoot(ctx, s, script)
}
