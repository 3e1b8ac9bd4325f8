package render

// systemd-networkd without netplan before it. It has no program that checks a
// file: what it does not understand it passes over with a line in its log. So
// the forms that closup writes are held against networkd itself in the tests,
// and a device's state is looked at after every change.
const (
	// networkdLinksApply: networkd takes up again the ports whose file changed,
	// and no others (networkctl(1), reload; since systemd 244).
	networkdLinksApply = `command -v networkctl >/dev/null || { echo "systemd-networkd is not on this device" >&2; exit 1; }
networkctl reload || systemctl restart systemd-networkd
`
	networkdLinksShow = linkShow + `for file in /etc/systemd/network/10-closup-*.network; do
	[ -r "$file" ] || continue
	for name in $(sed -n 's/^Name=//p' "$file"); do
		[ -e "/sys/class/net/$name" ] || continue
		link "$name" ""
	done
done
true
`
	networkdLinksVerify = `[ -r "$1" ] || { echo "$1 is missing"; exit 1; }
case $1 in *.netdev) # its .network, which comes next, looks at what it made
	exit 0 ;;
esac
status=0
mtu=$(sed -n 's/^MTUBytes=//p' "$1")
for name in $(sed -n 's/^Name=//p' "$1"); do
	vlan=/etc/systemd/network/10-closup-$name.netdev # networkd makes it
	[ -e "/sys/class/net/$name" ] || [ -e "$vlan" ] || { echo "$name: there is no such port"; continue; }
	tries=0
	until
		said=
		[ -e "/sys/class/net/$name" ] || said="$name: networkd did not make it"
		[ -n "$said" ] || [ -z "$mtu" ] || [ "$(cat "/sys/class/net/$name/mtu")" = "$mtu" ] || said="$name: MTU is $(cat "/sys/class/net/$name/mtu"), not $mtu"
		for value in $(sed -n 's/^Address=//p' "$1"); do
			[ -n "$said" ] || ip -o addr show dev "$name" | grep -qF " $value " || said="$name: address $value is missing"
		done
		[ -z "$said" ]
	do
		tries=$((tries + 1))
		[ $tries -lt 25 ] || { echo "$said"; status=1; break; }
		sleep 0.2
	done
done
exit $status
`
)

// kubelet. A drop-in for a unit that may come later, with the cluster's
// deployer: until then it is a file that nothing reads.
const (
	kubeletUnit = `unit() {
	for dir in /etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
		[ ! -e "$dir/kubelet.service" ] || { echo "$dir/kubelet.service"; return; }
	done
	return 1
}
`
	// kubeletCheck reads the drop-in beside the device's own kubelet.service,
	// or where there is none beside one that stands for it. systemd passes over
	// what it does not understand, with a line that names the file and, in most
	// cases, status 0.
	kubeletCheck = kubeletUnit + `command -v systemd-analyze >/dev/null || exit 0
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/kubelet.service.d"
cp "$(unit)" "$dir/kubelet.service" 2>/dev/null || printf '[Service]\nExecStart=/bin/true\n' >"$dir/kubelet.service"
cp "$1" "$dir/kubelet.service.d/90-closup-kubelet.conf"
said=$(systemd-analyze verify "$dir/kubelet.service" 2>&1) || true
said=$(echo "$said" | grep -F "$dir/kubelet.service.d/") || exit 0
echo "$said" | sed "s|$dir/kubelet.service.d/||"
exit 1
`
	// kubeletApply: a kubelet that runs is started again, which pods do not
	// notice. Without systemd, or before there is a kubelet, the file lies ready.
	kubeletApply = kubeletUnit + `file=/etc/systemd/system/kubelet.service.d/90-closup-kubelet.conf
unit >/dev/null || exit 0
for other in /etc/default/kubelet /etc/sysconfig/kubelet; do
	[ -e $file ] && grep -qs '^KUBELET_EXTRA_ARGS=' $other && ! grep -q '^KUBELET_EXTRA_ARGS=.*--node-ip' $other || continue
	echo "$other sets KUBELET_EXTRA_ARGS, and so hides ours: add $(sed -n 's/.*\(--node-ip=.*\)/\1/p' $file) to it"
done
[ -d /run/systemd/system ] && [ "$(cat /proc/1/comm)" = systemd ] || exit 0
systemctl daemon-reload && systemctl try-restart kubelet.service
`
)
