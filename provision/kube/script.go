package kube

import (
	"fmt"
	"net/netip"
	"strings"

	"closup/provision"
)

// mark announces a part of an answer.
const mark = "=== closup "

const part = `part() { printf '\n` + mark + `%s\n' "$1"; }
`

// nodeScript asks a node. Of its name the order of /etc/hosts counts: getaddrinfo
// would put 127.0.1.1 first wherever it stands. The files stand in the order in which one overrules
// the other: an EnvironmentFile comes after what a drop-in says, and both come
// after what kubeadm wrote; Kubespray has a unit of its own.
const nodeScript = part + `
part hostname; hostname
part resolves; awk -v name="$(hostname)" '{ sub(/#.*/, ""); for (i = 2; i <= NF; i++) if ($i == name) print $1 }' /etc/hosts
part asked; getent ahosts "$(hostname)"
part kubelet; for p in $(pgrep -x kubelet); do tr '\0' '\n' <"/proc/$p/cmdline"; break; done
part files; grep -Hs -e --node-ip /etc/default/kubelet /etc/sysconfig/kubelet /etc/systemd/system/kubelet.service.d/*.conf /usr/lib/systemd/system/kubelet.service.d/*.conf /var/lib/kubelet/kubeadm-flags.env /etc/kubernetes/kubelet.env
`

// connect tries a port, without a program that a node may lack. The status of
// timeout(1) is 124 where nobody answered.
func connect(addr netip.Addr, port int) string {
	return fmt.Sprintf("part api; LC_ALL=C timeout 3 bash -c 'exec 3<>/dev/tcp/%s/%d' 2>&1; echo \"status $?\"\n", addr, port)
}

// clusterScript asks the API server, by the kubeconfig that a control plane has.
const clusterScript = part + kubectl + `
said=$(mktemp) || exit 1
trap 'rm -f "$said"' EXIT
ask() { part "$1"; shift; k "$@" 2>"$said"; s=$?; part status; echo $s; cat "$said"; }
ask version version -o json
ask config config view --minify -o json
ask nodes get nodes -o json
ask kubernetes get service kubernetes -n default -o json
ask dns get service -n kube-system -l k8s-app=kube-dns -o json
ask smoke get pods -n ` + Namespace + ` -l app=` + App + ` -o json
`

// kubectl is k, the kubectl of a control plane as its administrator.
const kubectl = `PATH=$PATH:/usr/local/bin:/opt/bin
command -v kubectl >/dev/null || { echo 'there is no kubectl on it' >&2; exit 3; }
for f in /etc/kubernetes/admin.conf /root/.kube/config /etc/rancher/k3s/k3s.yaml; do
	if [ -r "$f" ]; then KUBECONFIG=$f; export KUBECONFIG; break; fi
done
k() { timeout 15 kubectl --request-timeout=8s "$@"; }
`

// The smoke app's pods are known by these.
const (
	Namespace = "closup-smoke"
	App       = "closup-smoke"
	smokePort = 8080
)

// smokeScript asks every pod for its name, as an HTTP client of two lines.
func smokeScript(pods []Pod) string {
	var b strings.Builder
	b.WriteString(part)
	b.WriteString(`get() { timeout 4 bash -c 'exec 3<>"/dev/tcp/$1/$2" && printf "GET /hostname HTTP/1.0\r\nHost: closup\r\n\r\n" >&3 && cat <&3' get "$1" "$2" 2>/dev/null; }` + "\n")
	for i, p := range pods {
		for _, ip := range p.IPs {
			fmt.Fprintf(&b, "part 'pod %d %s'; get %s %d\n", i, ip, provision.Quote(ip.String()), smokePort)
		}
	}
	b.WriteString("exit 0\n")
	return b.String()
}
