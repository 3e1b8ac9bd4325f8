package kube

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"closup/assets"
	"closup/model"
	"closup/provision/fake"
	"closup/provision/observe"
)

func article(t *testing.T) *model.Plan {
	t.Helper()
	data, err := assets.Preset("article")
	if err != nil {
		t.Fatal(err)
	}
	data = append(data, "kubernetes: {cni: {name: bridge, ipam: host-local}, dns: 10.233.0.2}\n"...)
	fabric, err := model.ParseDocument("article", data).Fabric()
	if err != nil {
		t.Fatal(err)
	}
	plan, _ := model.NewPlan(fabric)
	return plan
}

// recorded are the answers of a cluster that is as planned.
func recorded(t *testing.T) []byte {
	t.Helper()
	var out strings.Builder
	for _, name := range []string{"version", "config", "nodes", "kubernetes", "dns", "smoke"} {
		data, err := os.ReadFile(filepath.Join("testdata/healthy", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString("\n" + mark + name + "\n" + string(data) + "\n" + mark + "status\n0\n")
	}
	return []byte(out.String())
}

func TestParseCluster(t *testing.T) {
	c, err := parseCluster(recorded(t))
	if err != nil {
		t.Fatal(err)
	}
	if c.Version != "v1.34.2" || c.Server != "https://10.1.3.1:6443" || joined(c.ServiceIP) != "10.233.0.1" || joined(c.DNS) != "10.233.0.2" {
		t.Errorf("%+v", c)
	}
	n, known := c.Node("k8s2")
	if !known || !n.Ready || joined(n.Internal) != "10.1.3.2" || joined(n.PodCIDRs) != "10.233.65.0/24" {
		t.Errorf("%+v", n)
	}
	if len(c.Pods) != 3 || !c.Deployed || c.Pods[1].Node != "k8s2" || joined(c.Pods[1].IPs) != "10.233.65.7" || !c.Pods[1].Ready {
		t.Errorf("%+v", c.Pods)
	}
	for name, text := range map[string]string{
		"cut off":   "\n" + mark + "version\n{}",
		"nothing":   "",
		"no JSON":   strings.Replace(string(recorded(t)), mark+"nodes\n{", mark+"nodes\n<", 1),
		"no server": "\n" + mark + "version\n\n" + mark + "status\n1\nE1122 memcache.go\nThe connection was refused\n\n" + mark + "nodes\n\n" + mark + "status\n1\nThe connection was refused\n",
	} {
		if _, err := parseCluster([]byte(text)); err == nil {
			t.Errorf("%s is taken for a cluster", name)
		} else if name == "no server" && err.Error() != "The connection was refused" {
			t.Error(err)
		}
	}
}

func TestParseNode(t *testing.T) {
	for _, c := range []struct {
		name, kubelet, files string
		runs                 bool
		ips, in              string
	}{
		{name: "runs", kubelet: "/usr/bin/kubelet\n--config=/x\n--node-ip=10.9.9.9\n--node-ip=10.1.3.1\n", files: "/etc/default/kubelet:KUBELET_EXTRA_ARGS=--node-ip=10.7.7.7", runs: true, ips: "10.1.3.1", in: "the kubelet that runs"},
		{name: "dual stack, apart", kubelet: "kubelet\n--node-ip\n10.1.3.1,fd00::1\n", runs: true, ips: "10.1.3.1,fd00::1", in: "the kubelet that runs"},
		{name: "runs without", kubelet: "kubelet\n--v=2\n", files: "/etc/default/kubelet:KUBELET_EXTRA_ARGS=--node-ip=10.7.7.7", runs: true, in: "the kubelet that runs"},
		{
			name: "the first file counts", in: "/etc/default/kubelet", ips: "10.7.7.7",
			files: "/etc/default/kubelet:KUBELET_EXTRA_ARGS=\"--v=2 --node-ip=10.7.7.7\"\n/etc/systemd/system/kubelet.service.d/90-closup-kubelet.conf:Environment=KUBELET_EXTRA_ARGS=--node-ip=10.1.3.1",
		},
		{
			name: "a comment does not", in: "/etc/systemd/system/kubelet.service.d/90-closup-kubelet.conf", ips: "10.1.3.1",
			files: "/etc/default/kubelet:# KUBELET_EXTRA_ARGS=--node-ip=10.7.7.7\n/etc/systemd/system/kubelet.service.d/90-closup-kubelet.conf:Environment=KUBELET_EXTRA_ARGS=--node-ip=10.1.3.1",
		},
		{name: "nothing"},
	} {
		n := parseNode([]byte("\n" + mark + "hostname\nk8s1\n\n" + mark + "resolves\n10.1.3.1\n127.0.1.1\n\n" + mark + "asked\n127.0.1.1 STREAM k8s1\n\n" + mark + "kubelet\n" + c.kubelet + "\n" + mark + "files\n" + c.files + "\n"))
		if n.Kubelet != c.runs || joined(n.NodeIPs) != c.ips || n.NodeIPIn != c.in || n.Hostname != "k8s1" || joined(n.Resolves) != "10.1.3.1,127.0.1.1" {
			t.Errorf("%s: %+v", c.name, n)
		}
	}
	if n := parseNode([]byte("\n" + mark + "resolves\n\n" + mark + "asked\n10.1.3.1 STREAM k8s1\n10.1.3.1 DGRAM\n127.0.1.1 STREAM\n")); joined(n.Resolves) != "10.1.3.1,127.0.1.1" {
		t.Errorf("by DNS: %+v", n)
	}
	for text, want := range map[string]Answer{
		"status 0\n": Open, "get: connect: Connection refused\nstatus 1\n": Refused, "status 124\n": Silent,
		"connect: Network is unreachable\nstatus 1": NoRoute, "connect: No route to host\nstatus 1": NoRoute, "bash: not found\nstatus 127": "", "": "",
	} {
		if got := parseAnswer(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// planned is a fabric and a cluster that are as the plan says.
func planned(t *testing.T, plan *model.Plan) (observe.Snapshot, Facts) {
	t.Helper()
	f := Facts{Nodes: map[string]NodeFacts{}}
	c, err := parseCluster(recorded(t))
	if err != nil {
		t.Fatal(err)
	}
	c.From = "k8s1"
	var s observe.Snapshot
	for _, d := range plan.Devices {
		said := observe.Device{
			Name: d.Name, Reachable: true, At: time.Now(), ASN: d.ASN, RouterID: d.RouterID,
			Evidence: &observe.Evidence{Links: []observe.Link{{Name: "lo", Addrs: d.Loopbacks}}},
		}
		for _, r := range plan.Routes() {
			if r.Device == d.Name {
				said.Routes = append(said.Routes, observe.Route{Prefix: r.Prefix, Local: r.Origin == d.Name, Paths: r.Paths})
			}
		}
		if d.Role == model.Node {
			said.Kernel = append(said.Kernel, observe.KernelRoute{Prefix: d.PodCIDRs[0], Protocol: "boot", Port: "cni0"})
			f.Nodes[d.Name] = NodeFacts{Hostname: d.Name, Resolves: addressesOf(d), Kubelet: true, NodeIPs: addressesOf(d), NodeIPIn: "the kubelet that runs", API: Open}
			for _, p := range c.Pods {
				p.Answered[d.Name] = p.Name
			}
		}
		s.Devices = append(s.Devices, said)
	}
	f.Cluster = c
	return s, f
}

func addr(text string) []netip.Addr { return []netip.Addr{netip.MustParseAddr(text)} }

// Whatever is not as planned is one check that is not ok, and the others stay.
func TestCompare(t *testing.T) {
	plan := article(t)
	node := func(f Facts, name string, change func(*NodeFacts)) {
		n := f.Nodes[name]
		change(&n)
		f.Nodes[name] = n
	}
	for _, c := range []struct {
		name   string
		change func(s *observe.Snapshot, f *Facts)
		want   string // what is not ok, in the order of the report
	}{
		{name: "as planned", change: func(*observe.Snapshot, *Facts) {}},
		{"another node IP", func(_ *observe.Snapshot, f *Facts) {
			node(*f, "k8s2", func(n *NodeFacts) { n.NodeIPs = addr("192.168.200.5") })
		}, "k8s2 node-ip wrong"},
		{"kubelet without --node-ip", func(_ *observe.Snapshot, f *Facts) {
			node(*f, "k8s2", func(n *NodeFacts) { n.NodeIPs = nil })
		}, "k8s2 node-ip wrong"},
		{"its name is 127.0.1.1", func(_ *observe.Snapshot, f *Facts) {
			node(*f, "k8s2", func(n *NodeFacts) { n.Resolves = append(addr("127.0.1.1"), n.Resolves...) })
		}, "k8s2 name wrong"},
		{"another host name", func(_ *observe.Snapshot, f *Facts) {
			node(*f, "k8s2", func(n *NodeFacts) { n.Hostname = "ubuntu" })
		}, "k8s2 name wrong"},
		{"the API server does not answer a node", func(_ *observe.Snapshot, f *Facts) {
			node(*f, "k8s3", func(n *NodeFacts) { n.API = Silent })
		}, "k8s3 api wrong"},
		{"the cluster knows it by its management", func(_ *observe.Snapshot, f *Facts) {
			f.Cluster.Nodes[0].Internal = addr("192.168.200.4")
		}, "k8s1 internal-ip wrong"},
		{"not ready", func(_ *observe.Snapshot, f *Facts) {
			f.Cluster.Nodes[1].Ready, f.Cluster.Nodes[1].Why = false, "KubeletNotReady"
		}, "k8s2 ready wrong"},
		{"pod CIDRs in the order of registration", func(_ *observe.Snapshot, f *Facts) {
			n := f.Cluster.Nodes
			n[1].PodCIDRs, n[2].PodCIDRs = n[2].PodCIDRs, n[1].PodCIDRs
			f.Cluster.Pods = nil
			f.Cluster.Deployed = false
		}, "k8s2 pod-cidr wrong, k8s2 pod-route pending, k8s2 announced pending, k8s2 fabric-pods pending, k8s3 pod-cidr wrong, k8s3 pod-route pending, k8s3 announced pending, k8s3 fabric-pods pending"},
		{"not joined", func(_ *observe.Snapshot, f *Facts) {
			f.Cluster.Nodes, f.Cluster.Pods = f.Cluster.Nodes[:2], f.Cluster.Pods[:2]
		}, "k8s3 internal-ip wrong, k8s3 ready wrong, k8s3 pod-cidr wrong, smoke smoke wrong"},
		{"a stranger", func(_ *observe.Snapshot, f *Facts) {
			f.Cluster.Nodes = append(f.Cluster.Nodes, ClusterNode{Name: "k8s9", Ready: true})
		}, "cluster unplanned wrong"},
		{"no pods yet", func(s *observe.Snapshot, f *Facts) {
			s.Devices[5].Kernel = nil
			f.Cluster.Deployed, f.Cluster.Pods = false, nil
		}, "k8s3 pod-route pending, k8s3 announced pending, k8s3 fabric-pods pending"},
		{"not announced", func(s *observe.Snapshot, _ *Facts) {
			d := &s.Devices[5]
			d.Routes = slices.DeleteFunc(d.Routes, func(r observe.Route) bool { return r.Local && r.Prefix.Bits() == 24 })
		}, "k8s3 announced wrong"},
		{"one leaf lacks the pods", func(s *observe.Snapshot, _ *Facts) {
			d := &s.Devices[1]
			d.Routes = slices.DeleteFunc(d.Routes, func(r observe.Route) bool { return r.Prefix.String() == "10.233.66.0/24" })
		}, "k8s3 fabric-pods wrong"},
		{"the loopback is gone", func(s *observe.Snapshot, _ *Facts) { s.Devices[3].Evidence.Links[0].Addrs = nil }, "k8s1 loopback wrong"},
		{"another router-id", func(s *observe.Snapshot, _ *Facts) { s.Devices[3].RouterID = addr("10.1.3.9")[0] }, "k8s1 router-id wrong"},
		{"another API server", func(_ *observe.Snapshot, f *Facts) { f.Cluster.Server = "https://192.168.200.4:6443" }, "cluster api-server wrong"},
		{"another service range", func(_ *observe.Snapshot, f *Facts) { f.Cluster.ServiceIP = addr("10.96.0.1") }, "cluster services wrong"},
		{"a pod that does not answer", func(_ *observe.Snapshot, f *Facts) { delete(f.Cluster.Pods[2].Answered, "k8s1") }, "smoke smoke wrong"},
		{"another pod answers", func(_ *observe.Snapshot, f *Facts) { f.Cluster.Pods[2].Answered["k8s1"] = "web-1" }, "smoke smoke wrong"},
		{"a pod of another range", func(_ *observe.Snapshot, f *Facts) { f.Cluster.Pods[2].IPs = addr("172.17.0.2") }, "smoke smoke wrong"},
		{"a pod that waits", func(_ *observe.Snapshot, f *Facts) { f.Cluster.Pods[2].Phase = "Pending" }, "smoke smoke wrong"},
		{"a node that cannot be asked", func(s *observe.Snapshot, f *Facts) {
			f.Nodes["k8s2"] = NodeFacts{Err: errors.New("dead")}
			s.Devices[4].Reachable = false
			for _, p := range f.Cluster.Pods {
				p.Answered["k8s2"] = p.Name
			}
		}, "k8s1 fabric wrong, k8s1 fabric-pods wrong, k8s2 loopback unknown, k8s2 router-id unknown, k8s2 name unknown, k8s2 node-ip unknown, k8s2 api unknown, k8s2 pod-route unknown, k8s2 announced unknown, k8s3 fabric wrong, k8s3 fabric-pods wrong"},
		{"no cluster", func(_ *observe.Snapshot, f *Facts) {
			f.Cluster = Cluster{Err: errors.New("k8s1: there is no kubectl on it")}
			for name := range f.Nodes {
				node(*f, name, func(n *NodeFacts) { n.Kubelet, n.NodeIPs, n.NodeIPIn, n.API = false, nil, "", Refused })
			}
		}, "cluster control-plane unknown, k8s1 node-ip pending, k8s1 api pending, k8s1 internal-ip pending, k8s1 ready pending, k8s1 pod-cidr pending, k8s2 node-ip pending, k8s2 api pending, k8s2 internal-ip pending, k8s2 ready pending, k8s2 pod-cidr pending, k8s3 node-ip pending, k8s3 api pending, k8s3 internal-ip pending, k8s3 ready pending, k8s3 pod-cidr pending"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, f := planned(t, plan)
			c.change(&s, &f)
			r := Compare(plan, plan.Routes(), s, f)
			var got []string
			amiss := func(where string, checks []Check) {
				for _, k := range checks {
					if k.State != OK {
						got = append(got, where+" "+k.Name+" "+string(k.State))
					}
					if k.State == Wrong && k.Remedy == "" || k.Name == "" || k.Expected == "" || k.Actual == "" {
						t.Errorf("%s %+v", where, k)
					}
				}
			}
			amiss("cluster", r.Cluster.Checks)
			for _, n := range r.Nodes {
				amiss(n.Name, n.Chain)
			}
			amiss("smoke", r.Smoke.Checks)
			if text := strings.Join(got, ", "); text != c.want {
				t.Errorf("%s\nwant %s", text, c.want)
			}
			if bad := strings.Contains(c.want, "wrong") || strings.Contains(c.want, "unknown"); r.AsExpected() == bad {
				t.Errorf("as expected: %v, %+v", r.AsExpected(), r.Summary)
			}
			if n := r.Summary; n.OK+n.Wrong+n.Pending+n.Unknown != n.Checks {
				t.Errorf("%+v", n)
			}
		})
	}
}

// Ask finds kubectl where it is, and says why there is no cluster.
func TestAsk(t *testing.T) {
	plan := article(t)
	files := t.TempDir()
	if err := os.CopyFS(files, os.DirFS("testdata/healthy")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBE_FILES", files)
	path, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	var tr fake.Transport
	endpoints := map[string]model.Endpoint{}
	for _, d := range nodes(plan) {
		endpoints[d.Name] = model.Endpoint{Device: d.Name}
		tr.Set(d.Name, fake.Shell(t.TempDir(), path))
	}
	tr.Refuse("k8s3", errors.New("dead"))
	if os.Geteuid() != 0 {
		t.Setenv("PATH", sudo(t)+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	a := New(&tr, plan, endpoints)
	defer a.Close()
	f := a.Ask(t.Context())
	if f.Cluster.From != "k8s1" || len(f.Cluster.Nodes) != 3 || f.Nodes["k8s1"].Err != nil || f.Nodes["k8s1"].Hostname == "" || f.Nodes["k8s3"].Err == nil {
		t.Errorf("%+v", f)
	}
	manifest, err := Manifest("")
	if err != nil {
		t.Fatal(err)
	}
	from, said, err := a.Kubectl(t.Context(), manifest, "apply", "-f", "-")
	if err != nil || from != "k8s1" || !strings.Contains(string(said), "created") {
		t.Errorf("%s, %s, %v", from, said, err)
	}
	if got, _ := os.ReadFile(filepath.Join(files, "applied")); string(got) != manifest {
		t.Errorf("it got %q", got)
	}
	if _, _, err := a.Kubectl(t.Context(), "", "get", "nonsense"); err == nil || !strings.Contains(err.Error(), "k8s1: error: unknown command") {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(filepath.Join(files, "down"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if f = a.Ask(t.Context()); f.Cluster.From != "" || !strings.Contains(f.Cluster.Err.Error(), "k8s1: The connection to the server 10.1.3.1:6443 was refused") {
		t.Errorf("%+v", f.Cluster)
	}
	if n := tr.Dials("k8s1"); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// sudo is a folder with a sudo that only runs what it is told.
func sudo(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sudo"), []byte("#!/bin/sh\nshift\nexec \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestManifest(t *testing.T) {
	if _, err := Manifest("x; rm -rf /"); err == nil {
		t.Error("an image that is none")
	}
	m, err := Manifest("registry.example:5000/web@sha256:" + strings.Repeat("0", 64))
	if err != nil || !strings.Contains(m, "image: registry.example:5000/web@sha256:000") {
		t.Errorf("%v: %s", err, m)
	}
}

// The golden is what kubeadmtest holds against Kubernetes' own types.
func TestManifestGolden(t *testing.T) {
	want, err := os.ReadFile("testdata/smoke.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Manifest("")
	if err != nil || got != string(want) {
		t.Errorf("%v; `go run . kube smoke >provision/kube/testdata/smoke.yaml` renews it:\n%s", err, got)
	}
}
