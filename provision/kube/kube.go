// Package kube asks the Kubernetes side of a fabric what it takes its nodes
// for, and holds that beside the plan: the host chain of every node, from the
// address on its lo to the route that the whole fabric has for its pods, and
// the smoke app, a pod on every node that every node has to reach.
//
// What Kubernetes says comes from kubectl, run on the first control plane where
// it answers. What a node says comes from its kernel, its files and its
// kubelet's arguments, so that a fabric without a cluster has an answer too.
package kube

import (
	"net/netip"
	"time"

	"closup/model"
)

// Facts is what was said in one round.
type Facts struct {
	At      time.Time
	Nodes   map[string]NodeFacts // by name; of every node in the plan
	Cluster Cluster
}

// NodeFacts is what one node said of itself.
type NodeFacts struct {
	Err      error // it could not be asked
	Hostname string
	Resolves []netip.Addr // its own name, in the order in which programs try them
	Kubelet  bool         // it runs
	NodeIPs  []netip.Addr // its --node-ip; of one that does not run, as its files have it
	NodeIPIn string       // where that stands
	API      Answer
}

// Answer is how a connection to a port ended.
type Answer string

// The ends of a connection. An empty Answer: it was not tried.
const (
	Open    Answer = "open"
	Refused Answer = "refused" // the address is there, and nobody listens
	Silent  Answer = "no answer"
	NoRoute Answer = "no route"
)

// Cluster is what the API server says.
type Cluster struct {
	From      string // the control plane whose kubectl was asked; empty: none answered
	Err       error  // why none did
	Version   string // of the API server
	Server    string // as its kubeconfig names it
	Nodes     []ClusterNode
	ServiceIP []netip.Addr // of the service "kubernetes"
	DNS       []netip.Addr // of the service that answers names; empty: none
	Deployed  bool         // the smoke app is there
	Pods      []Pod        // of the smoke app
}

// ClusterNode is a node as Kubernetes knows it.
type ClusterNode struct {
	Name     string
	Ready    bool
	Why      string // where it is not ready
	Internal []netip.Addr
	PodCIDRs []netip.Prefix
}

// Pod is one pod of the smoke app, and which nodes it answered.
type Pod struct {
	Name, Node, Phase string
	Ready             bool
	IPs               []netip.Addr
	Answered          map[string]string // by node: what it said, or nothing
}

// Node finds a node of the cluster by name.
func (c Cluster) Node(name string) (ClusterNode, bool) {
	for _, n := range c.Nodes {
		if n.Name == name {
			return n, true
		}
	}
	return ClusterNode{}, false
}

// apiPort is where an API server listens.
const apiPort = 6443

// APIAddress is where the plan's nodes find the control plane: kubernetes.api, or
// the first control plane's loopback. Invalid: there is neither.
func APIAddress(plan *model.Plan) netip.Addr {
	if plan.Kubernetes.API.IsValid() {
		return plan.Kubernetes.API
	}
	for _, d := range controlPlanes(plan) {
		if len(d.Loopbacks) > 0 {
			return d.Loopbacks[0].Addr()
		}
	}
	return netip.Addr{}
}

func nodes(plan *model.Plan) []model.Device {
	var out []model.Device
	for _, d := range plan.Devices {
		if d.Role == model.Node {
			out = append(out, d)
		}
	}
	return out
}

func controlPlanes(plan *model.Plan) []model.Device {
	var out []model.Device
	for _, d := range nodes(plan) {
		for _, r := range d.Roles {
			if r == "control-plane" {
				out = append(out, d)
			}
		}
	}
	return out
}
