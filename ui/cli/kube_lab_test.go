package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"closup/lab/labtest"
	"closup/provision/kube"
)

// kube is `closup kube --lab -o json`.
func (b *bench) kube() kube.Report {
	b.Helper()
	out, errs, code := b.run("kube", "--lab", "-o", "json")
	keeps(b, "kube", out)
	var r kube.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		b.Fatalf("status %d, %v in %s%s", code, err, out, errs)
	}
	if want := map[bool]int{true: statusOK, false: statusUnexpected}[r.AsExpected()]; code != want {
		b.Errorf("status %d with %+v", code, r.Summary)
	}
	return r
}

// amiss lists what is not ok, but for what is pending.
func amiss(r kube.Report) string {
	var out []string
	add := func(where string, checks []kube.Check) {
		for _, c := range checks {
			if c.State == kube.Wrong || c.State == kube.Unknown {
				out = append(out, fmt.Sprintf("%s %s: %s", where, c.Name, c.Actual))
			}
		}
	}
	add("cluster", r.Cluster.Checks)
	for _, n := range r.Nodes {
		add(n.Name, n.Chain)
	}
	add("smoke", r.Smoke.Checks)
	return strings.Join(out, "; ")
}

// put writes a file into a device.
func (b *bench) put(device, path, mode string, data []byte) {
	b.Helper()
	cmd := b.command("lab", "exec", device, "--", "sh", "-c", `mkdir -p "$(dirname "$0")" && cat >"$0" && chmod "$1" "$0"`, path, mode)
	cmd.Stdin = bytes.NewReader(data)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v: %s", path, err, out)
	}
}

// podScript makes on a node what a cluster would: a kubelet by name and
// arguments, and a pod as Calico cables one, with a web server in it that tells
// its name. python3 is there, since frr-reload needs it.
const podScript = `
printf '#!/bin/sh\nsleep 600\n' >/usr/local/bin/kubelet && chmod +x /usr/local/bin/kubelet
setsid /usr/local/bin/kubelet --config=/var/lib/kubelet/config.yaml --node-ip=%[1]s </dev/null >/dev/null 2>&1 &
setsid unshare -n sleep 600 </dev/null >/dev/null 2>&1 &
pod=$!
sleep 0.3
ip link add cali0 type veth peer name eth0 netns $pod || exit
ip addr add 169.254.1.1/32 dev cali0 && ip link set cali0 up && ip route add %[2]s/32 dev cali0 || exit
in_pod() { nsenter -t $pod -n "$@"; }
in_pod ip link set lo up; in_pod ip addr add %[2]s/32 dev eth0; in_pod ip link set eth0 up
in_pod ip route add 169.254.1.1 dev eth0 && in_pod ip route add default via 169.254.1.1 || exit
cat >/run/web.py <<'END'
import http.server, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(sys.argv[2].encode())
    def log_message(self, *a): pass
http.server.HTTPServer(("", int(sys.argv[1])), H).serve_forever()
END
setsid nsenter -t $pod -n python3 /run/web.py 8080 %[3]s </dev/null >/dev/null 2>&1 &
echo $! >/run/web.pid
`

// apiScript makes a control plane's kubeconfig, and an API server for the real
// kubectl that answers from files; no cluster's images can be had in a test.
const apiScript = `
mkdir -p /etc/kubernetes && cd /run/api || exit
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key -out cert -days 2 -subj /CN=api -addext subjectAltName=IP:10.1.3.1 2>/dev/null || exit
cat >/etc/kubernetes/admin.conf <<END
apiVersion: v1
kind: Config
clusters: [{name: kubernetes, cluster: {server: "https://10.1.3.1:6443", certificate-authority-data: $(base64 -w0 cert)}}]
contexts: [{name: admin, context: {cluster: kubernetes, user: admin}}]
current-context: admin
users: [{name: admin, user: {token: none}}]
END
setsid python3 apiserver.py 10.1.3.1 6443 /run/api cert key </dev/null >/dev/null 2>&1 &
`

// The host chain on a lab: without a cluster; with one that is as planned, of
// which the real kubectl hears from a server of five answers, and whose pods are
// network namespaces that really answer; and with what goes wrong.
func TestKubeLab(t *testing.T) {
	labtest.Turn(t)
	if _, err := os.Stat("/usr/bin/kubectl"); err != nil {
		labtest.Skip(t, err.Error()+"; .ci/needs test installs it")
	}
	b := newBench(t, "article")
	b.labUp()
	b.push(statusOK)
	b.converged(60 * time.Second)

	// Nobody listens yet, and no kubelet runs: that is no fault of the nodes.
	r := b.kube()
	if got := amiss(r); !strings.HasPrefix(got, "cluster control-plane: k8s1: The connection to the server") || strings.Contains(got, ";") {
		t.Errorf("before there is a cluster: %s", got)
	}

	files := "../../provision/kube/testdata"
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(files, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	b.put("k8s1", "/run/api/apiserver.py", "644", read("apiserver.py"))
	for _, name := range []string{"version", "config", "nodes", "kubernetes", "dns", "smoke"} {
		b.put("k8s1", "/run/api/"+name+".json", "644", read("healthy/"+name+".json"))
	}
	for i, pod := range []string{"closup-smoke-4kd2z", "closup-smoke-9xq7m", "closup-smoke-tt6vb"} {
		b.inside(fmt.Sprintf("k8s%d", i+1), fmt.Sprintf(podScript, fmt.Sprintf("10.1.3.%d", i+1), fmt.Sprintf("10.233.%d.7", 64+i), pod))
	}
	b.inside("k8s1", apiScript)
	for end := time.Now().Add(60 * time.Second); ; {
		if r = b.kube(); amiss(r) == "" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("with a cluster: %s", amiss(r))
		}
	}
	if r.Cluster.From != "k8s1" || r.Cluster.Version != "v1.34.2" || r.Summary.Pending != 0 || !r.Smoke.Deployed || len(r.Smoke.Pods) != 3 || len(r.Smoke.Pods[2].Answered) != 3 {
		t.Errorf("%+v", r)
	}
	if out, _ := b.ok("kube", "--lab", "k8s2"); !strings.Contains(out, "10.1.3.2 (the kubelet that runs)") {
		t.Errorf("k8s2: %s", out)
	}

	// What is wrong is told where it is, and nothing else.
	nodes := bytes.ReplaceAll(read("healthy/nodes.json"), []byte(`"10.1.3.2"`), []byte(`"192.168.200.5"`))
	b.put("k8s1", "/run/api/nodes.json", "644", nodes)
	b.inside("k8s3", `kill "$(cat /run/web.pid)"`)
	b.inside("k8s1", `printf '127.0.1.1 k8s1\n' | cat - /etc/hosts >/run/hosts && cat /run/hosts >/etc/hosts`)
	want := []string{"k8s1 name: 127.0.1.1", "k8s2 internal-ip: 192.168.200.5", "smoke smoke: 10.233.66.7 does not answer k8s1, k8s2, k8s3"}
	got := strings.Split(amiss(b.kube()), "; ")
	for i := range got { // the name has more addresses than its first
		got[i], _, _ = strings.Cut(got[i], ",10.")
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}

	// kubectl apply wants all of a real server; here its stand-in takes the file.
	b.put("k8s1", "/usr/local/bin/kubectl", "755", read("kubectl"))
	b.inside("k8s1", "mkdir /run/kubectl-files")
	b.ok("kube", "smoke", "--lab", "--apply", "--yes")
	manifest, _ := b.ok("kube", "smoke")
	if applied := b.inside("k8s1", "cat /run/kubectl-files/applied"); applied != manifest || !strings.Contains(manifest, "kind: DaemonSet") {
		t.Errorf("applied was %q", applied)
	}
	b.ends(statusUsage, "kube", "smoke", "--lab", "--delete")
	b.ok("kube", "smoke", "--lab", "--delete", "--yes")
	b.inside("k8s1", "[ ! -e /run/kubectl-files/applied ]")
}
