package kube

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// parts splits an answer by its announcements, in their order.
func parts(out []byte) (names []string, bodies map[string]string) {
	bodies = map[string]string{}
	for text := range bytes.SplitSeq(append([]byte("\n"), out...), []byte("\n"+mark)) {
		name, body, ok := strings.Cut(string(text), "\n")
		if ok && name != "" {
			names, bodies[name] = append(names, name), body
		}
	}
	return names, bodies
}

// parseNode reads the answer to nodeScript and connect.
func parseNode(out []byte) NodeFacts {
	_, part := parts(out)
	n := NodeFacts{Hostname: strings.TrimSpace(part["hostname"]), API: parseAnswer(part["api"])}
	names := part["resolves"]
	if strings.TrimSpace(names) == "" {
		names = part["asked"] // ADDRESS STREAM NAME, then the same for DGRAM and RAW
	}
	for line := range strings.Lines(names) {
		if words := strings.Fields(line); len(words) > 0 {
			if a, err := netip.ParseAddr(words[0]); err == nil && !slices.Contains(n.Resolves, a) {
				n.Resolves = append(n.Resolves, a)
			}
		}
	}
	args := strings.Split(strings.TrimSpace(part["kubelet"]), "\n")
	n.Kubelet = args[0] != ""
	if n.Kubelet {
		n.NodeIPs, n.NodeIPIn = nodeIP(args), "the kubelet that runs"
		return n
	}
	for line := range strings.Lines(part["files"]) {
		file, text, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok || strings.HasPrefix(strings.TrimSpace(text), "#") {
			continue
		}
		words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\"'=", r) })
		if i := slices.Index(words, "--node-ip"); i >= 0 && i+1 < len(words) {
			if ips := addresses(words[i+1]); len(ips) > 0 {
				n.NodeIPs, n.NodeIPIn = ips, file
				return n
			}
		}
	}
	return n
}

// nodeIP is the last --node-ip among arguments, for that one counts.
func nodeIP(args []string) []netip.Addr {
	var ips []netip.Addr
	for i, a := range args {
		if value, ok := strings.CutPrefix(a, "--node-ip="); ok {
			ips = addresses(value)
		} else if a == "--node-ip" && i+1 < len(args) {
			ips = addresses(args[i+1])
		}
	}
	return ips
}

// addresses reads a list with commas; what is none is passed over.
func addresses(text string) []netip.Addr {
	var out []netip.Addr
	for word := range strings.SplitSeq(text, ",") {
		if a, err := netip.ParseAddr(strings.TrimSpace(word)); err == nil {
			out = append(out, a)
		}
	}
	return out
}

// parseAnswer reads what bash says of a connection, and its status.
func parseAnswer(text string) Answer {
	switch {
	case strings.Contains(text, "status 0"):
		return Open
	case strings.Contains(text, "Connection refused"):
		return Refused
	case strings.Contains(text, "unreachable"), strings.Contains(text, "No route"):
		return NoRoute
	case strings.Contains(text, "status 124"), strings.Contains(text, "timed out"):
		return Silent
	}
	return ""
}

// said is one answer of kubectl: its document, and why there is none.
type said struct {
	doc []byte
	err error
}

// parseCluster reads the answer to clusterScript.
func parseCluster(out []byte) (Cluster, error) {
	var c Cluster
	answers := map[string]said{}
	names, part := parts(out)
	last := ""
	for text := range bytes.SplitSeq(append([]byte("\n"), out...), []byte("\n"+mark)) {
		name, body, _ := strings.Cut(string(text), "\n")
		switch {
		case name == "status":
			status, stderr, _ := strings.Cut(body, "\n")
			if a := answers[last]; strings.TrimSpace(status) != "0" {
				a.err = errors.New(reason(stderr, status))
				answers[last] = a
			}
		case name != "":
			last = name
			answers[name] = said{doc: []byte(body)}
		}
	}
	if len(names) == 0 || part["nodes"] == "" && answers["nodes"].err == nil {
		return c, errors.New("its answer is not whole")
	}
	if err := answers["nodes"].err; err != nil {
		return c, err
	}
	var version struct {
		Server struct{ GitVersion string } `json:"serverVersion"`
	}
	if err := answers["version"].read(&version); err == nil {
		c.Version = version.Server.GitVersion
	}
	var config struct {
		Clusters []struct{ Cluster struct{ Server string } }
	}
	if err := answers["config"].read(&config); err == nil && len(config.Clusters) > 0 {
		c.Server = config.Clusters[0].Cluster.Server
	}
	var err error
	if c.Nodes, err = answers["nodes"].nodes(); err != nil {
		return c, err
	}
	c.ServiceIP = answers["kubernetes"].service()
	c.DNS = answers["dns"].service()
	c.Pods, err = answers["smoke"].pods()
	c.Deployed = len(c.Pods) > 0
	return c, err
}

// reason is the last line of what kubectl complained of, without its date.
func reason(stderr, status string) string {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	text := strings.TrimSpace(lines[len(lines)-1])
	if text == "" {
		text = "kubectl ended with status " + strings.TrimSpace(status)
	}
	return text
}

func (s said) read(into any) error {
	if s.err != nil {
		return s.err
	}
	return json.Unmarshal(s.doc, into)
}

// nodes reads a list of nodes (kubectl get nodes -o json).
func (s said) nodes() ([]ClusterNode, error) {
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct {
				PodCIDR  string
				PodCIDRs []string
			}
			Status struct {
				Addresses  []struct{ Type, Address string }
				Conditions []struct{ Type, Status, Reason, Message string }
			}
		}
	}
	if err := s.read(&list); err != nil {
		return nil, fmt.Errorf("kubectl get nodes: %w", err)
	}
	out := make([]ClusterNode, 0, len(list.Items))
	for _, i := range list.Items {
		n := ClusterNode{Name: i.Metadata.Name, Why: "its kubelet has said nothing yet"}
		cidrs := i.Spec.PodCIDRs
		if len(cidrs) == 0 && i.Spec.PodCIDR != "" {
			cidrs = []string{i.Spec.PodCIDR}
		}
		for _, text := range cidrs {
			if p, err := netip.ParsePrefix(text); err == nil {
				n.PodCIDRs = append(n.PodCIDRs, p.Masked())
			}
		}
		for _, a := range i.Status.Addresses {
			if a.Type == "InternalIP" {
				n.Internal = append(n.Internal, addresses(a.Address)...)
			}
		}
		for _, c := range i.Status.Conditions {
			if c.Type == "Ready" {
				if n.Ready, n.Why = c.Status == "True", ""; !n.Ready {
					n.Why = strings.TrimSpace(c.Reason + " " + c.Message)
				}
			}
		}
		out = append(out, n)
	}
	return out, nil
}

// service reads one service, or a list of them: their cluster addresses.
func (s said) service() []netip.Addr {
	type service struct {
		Spec struct {
			ClusterIP  string
			ClusterIPs []string
		}
	}
	var doc struct {
		service
		Items []service
	}
	if s.read(&doc) != nil {
		return nil
	}
	var out []netip.Addr
	for _, one := range append(doc.Items, doc.service) {
		texts := one.Spec.ClusterIPs
		if len(texts) == 0 {
			texts = []string{one.Spec.ClusterIP}
		}
		for _, text := range texts {
			out = append(out, addresses(text)...) // "None" is no address
		}
	}
	return out
}

// pods reads the smoke app's pods.
func (s said) pods() ([]Pod, error) {
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct{ NodeName string }
			Status   struct {
				Phase      string
				PodIP      string
				PodIPs     []struct{ IP string }
				Conditions []struct{ Type, Status string }
			}
		}
	}
	if err := s.read(&list); err != nil {
		return nil, fmt.Errorf("kubectl get pods: %w", err)
	}
	var out []Pod
	for _, i := range list.Items {
		p := Pod{Name: i.Metadata.Name, Node: i.Spec.NodeName, Phase: i.Status.Phase, IPs: addresses(i.Status.PodIP), Answered: map[string]string{}}
		if len(i.Status.PodIPs) > 0 {
			p.IPs = nil
		}
		for _, ip := range i.Status.PodIPs {
			p.IPs = append(p.IPs, addresses(ip.IP)...)
		}
		for _, c := range i.Status.Conditions {
			p.Ready = p.Ready || c.Type == "Ready" && c.Status == "True"
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Pod) int { return strings.Compare(a.Node+" "+a.Name, b.Node+" "+b.Name) })
	return out, nil
}

// answered notes what a node heard of the pods.
func answered(out []byte, node string, pods []Pod) {
	_, part := parts(out)
	for i, p := range pods {
		for _, ip := range p.IPs {
			text := part[fmt.Sprintf("pod %d %s", i, ip)]
			_, body, found := strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n")
			if found && strings.HasPrefix(text, "HTTP/") {
				p.Answered[node] = strings.TrimSpace(body)
			}
		}
	}
}
