package kube

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"closup/model"
	"closup/provision/observe"
)

// State is how a check ended.
type State string

// The states. Pending is what comes with the cluster, or with a node's first
// pod, and is not counted as wrong; Unknown is what could not be asked.
const (
	OK      State = "ok"
	Wrong   State = "wrong"
	Pending State = "pending"
	Unknown State = "unknown"
)

// Check is one thing that the plan expects, beside what is.
type Check struct {
	Name     string `json:"check"`
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
	State    State  `json:"state"`
	Remedy   string `json:"remedy"` // where it is not ok
}

// Report is the plan beside the facts, as `closup kube -o json` prints it.
type Report struct {
	At      time.Time     `json:"at"`
	Cluster ClusterReport `json:"cluster"`
	Nodes   []NodeReport  `json:"nodes"`
	Smoke   SmokeReport   `json:"smoke"`
	Summary Summary       `json:"summary"`
}

// ClusterReport is what concerns the cluster and no node of it.
type ClusterReport struct {
	From    string  `json:"from"` // the control plane that was asked
	Error   string  `json:"error"`
	Version string  `json:"version"`
	Checks  []Check `json:"checks"`
}

// NodeReport is the host chain of one node: each link of it hangs on the one
// before.
type NodeReport struct {
	Name  string  `json:"name"`
	Chain []Check `json:"chain"`
}

// SmokeReport is the smoke app.
type SmokeReport struct {
	Deployed bool        `json:"deployed"`
	Pods     []PodReport `json:"pods"`
	Checks   []Check     `json:"checks"`
}

// PodReport is one pod of the smoke app, and which nodes it answered.
type PodReport struct {
	Name     string   `json:"name"`
	Node     string   `json:"node"`
	Phase    string   `json:"phase"`
	IPs      []string `json:"ips"`
	Answered []string `json:"answered"`
	Silent   []string `json:"silent"`
}

// Summary counts checks.
type Summary struct {
	Checks  int `json:"checks"`
	OK      int `json:"ok"`
	Wrong   int `json:"wrong"`
	Pending int `json:"pending"`
	Unknown int `json:"unknown"`
}

// AsExpected says that nothing is wrong or unknown.
func (r Report) AsExpected() bool { return r.Summary.Wrong+r.Summary.Unknown == 0 }

// Check finds a link of a node's chain.
func (n NodeReport) Check(name string) Check {
	for _, c := range n.Chain {
		if c.Name == name {
			return c
		}
	}
	return Check{}
}

// Compare holds the facts and the fabric's snapshot, one of Examine, beside the
// plan and its predicted routes.
func Compare(plan *model.Plan, routes []model.Route, s observe.Snapshot, f Facts) Report {
	v := &view{plan: plan, routes: routes, facts: f, devices: map[string]*observe.Device{}}
	for i := range s.Devices {
		v.devices[s.Devices[i].Name] = &s.Devices[i]
	}
	r := Report{
		At: f.At, Nodes: []NodeReport{},
		Cluster: ClusterReport{From: f.Cluster.From, Version: f.Cluster.Version, Checks: v.cluster()},
	}
	if f.Cluster.Err != nil {
		r.Cluster.Error = f.Cluster.Err.Error()
	}
	for _, d := range nodes(plan) {
		r.Nodes = append(r.Nodes, NodeReport{Name: d.Name, Chain: v.chain(d)})
	}
	r.Smoke = v.smoke()
	r.count()
	return r
}

func (r *Report) count() {
	all := slices.Concat(r.Cluster.Checks, r.Smoke.Checks)
	for _, n := range r.Nodes {
		all = append(all, n.Chain...)
	}
	for _, c := range all {
		r.Summary.Checks++
		*map[State]*int{OK: &r.Summary.OK, Wrong: &r.Summary.Wrong, Pending: &r.Summary.Pending, Unknown: &r.Summary.Unknown}[c.State]++
	}
}

// view is plan, facts and snapshot together.
type view struct {
	plan    *model.Plan
	routes  []model.Route
	facts   Facts
	devices map[string]*observe.Device
}

// clustered says that there is a cluster, so that what only comes with one is
// missed where it is not there.
func (v *view) clustered() bool { return v.facts.Cluster.From != "" }

// cluster are the checks of no node.
func (v *view) cluster() []Check {
	c := v.facts.Cluster
	answers := Check{Name: "control-plane", Expected: "answers", Actual: "answers on " + c.From + ", " + c.Version, State: OK}
	if !v.clustered() {
		answers.Actual, answers.State = "nobody answers", Unknown
		if c.Err != nil {
			answers.Actual = c.Err.Error()
		}
		answers.Remedy = "deploy the cluster (`closup render --target kubeadm` or `kubespray` writes its files), or look at the API server on the control planes"
	}
	out := []Check{answers}
	if !v.clustered() {
		return out
	}
	if api := APIAddress(v.plan); api.IsValid() {
		server := Check{Name: "api-server", Expected: netip.AddrPortFrom(api, apiPort).String(), Actual: strings.TrimPrefix(c.Server, "https://"), State: OK}
		if server.Actual != server.Expected {
			server.State, server.Remedy = Wrong, "the kubeconfig names another server than the plan: set controlPlaneEndpoint to it, or kubernetes.api in fabric.yaml"
		}
		out = append(out, server)
	}
	services := Check{Name: "services", Expected: joined(v.plan.Services), Actual: joined(c.ServiceIP), State: OK}
	if len(c.ServiceIP) == 0 {
		services.State, services.Actual = Unknown, "no service kubernetes"
	} else if !within(v.plan.Services, c.ServiceIP...) {
		services.State, services.Remedy = Wrong, "the cluster was made with another --service-cluster-ip-range: correct services in fabric.yaml"
	}
	out = append(out, services)
	if dns := v.plan.Kubernetes.DNS; dns.IsValid() {
		names := Check{Name: "dns", Expected: dns.String(), Actual: joined(c.DNS), State: OK}
		switch {
		case len(c.DNS) == 0:
			names.State, names.Actual, names.Remedy = Wrong, "none", "deploy CoreDNS, or look at the service with the label k8s-app=kube-dns"
		case !slices.Contains(c.DNS, dns):
			names.State, names.Remedy = Wrong, "pods ask the address of clusterDNS: correct that, or kubernetes.dns in fabric.yaml"
		}
		out = append(out, names)
	}
	for _, n := range c.Nodes {
		if d, ok := v.plan.Device(n.Name); !ok || d.Role != model.Node {
			out = append(out, Check{
				Name: "unplanned", Expected: "no node " + n.Name, Actual: n.Name + " " + joined(n.Internal), State: Wrong,
				Remedy: "add it to nodes in fabric.yaml, or `kubectl delete node " + n.Name + "`",
			})
		}
	}
	return out
}

// within says that every address lies in one of the prefixes.
func within(prefixes []netip.Prefix, all ...netip.Addr) bool {
	for _, a := range all {
		if !slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(a) }) {
			return false
		}
	}
	return true
}

func joined[T fmt.Stringer](all []T) string {
	words := make([]string, len(all))
	for i, a := range all {
		words[i] = a.String()
	}
	return strings.Join(words, ",")
}
