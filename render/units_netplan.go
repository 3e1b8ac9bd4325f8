package render

// netplan over systemd-networkd, as Ubuntu has it since 18.04. `netplan apply`
// would take up every interface again, the managed one too, so the files are
// only generated, and networkd is asked to take up ours. networkctl has
// `reload` and `reconfigure` since systemd 244 (Ubuntu 20.04); before that
// there is only `netplan apply`.
const (
	// netplanOurs prints the names of our interfaces in a file of netplan's.
	netplanOurs = `ours() { sed -n 's/^    \([^ :]*\):$/\1/p' "$1"; }
`
	// netplanCheck has netplan read the staged file beside all others, in a
	// tree of its own.
	netplanCheck = `dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/etc/netplan" && cp -p /etc/netplan/*.yaml "$dir/etc/netplan/" 2>/dev/null
cp "$1" "$dir/etc/netplan/90-closup.yaml" && chmod 600 "$dir/etc/netplan/90-closup.yaml" && netplan generate --root-dir "$dir"
`
	netplanShow = netplanOurs + linkShow + `file=/etc/netplan/90-closup.yaml
[ -e $file ] || exit 0
for name in $(ours $file); do
	[ -e "/sys/class/net/$name" ] || continue
	link "$name" ""
done
true
`
	netplanApply = netplanOurs + `file=/etc/netplan/90-closup.yaml
netplan generate || exit 1
networkctl reload 2>/dev/null || { netplan apply; exit $?; }
names=
for name in $({ [ ! -r $file ] || ours $file; [ ! -r "${1:-}" ] || ours "$1"; } | sort -u); do
	[ ! -e "/sys/class/net/$name" ] || names="$names $name"
done
[ -z "$names" ] || networkctl reconfigure $names
`
	netplanVerify = `[ -r "$1" ] || { echo "$1 is missing"; exit 1; }
status=0 name=
while IFS= read -r line; do
	case $line in
	'    '[!\ ]*:) name=${line#    }; name=${name%:}
		[ -e "/sys/class/net/$name" ] || { echo "$name: there is no such port"; name=; } ;;
	'        - "'*'"') [ -z "$name" ] || {
		value=${line#*\"}; value=${value%\"}
		tries=0
		until ip -o addr show dev "$name" | grep -qF " $value "; do
			tries=$((tries + 1))
			[ $tries -lt 25 ] || { echo "$name: address $value is missing"; status=1; break; }
			sleep 0.2
		done
	} ;;
	'      mtu: '*) [ -z "$name" ] || [ "$(cat "/sys/class/net/$name/mtu")" = "${line#*mtu: }" ] || { echo "$name: MTU is $(cat "/sys/class/net/$name/mtu"), not ${line#*mtu: }"; status=1; } ;;
	esac
done <"$1"
exit $status
`
	// networkd reads its own configuration only when it starts; it keeps what
	// is up.
	networkdApply = `! systemctl is-active -q systemd-networkd || systemctl restart systemd-networkd`
)
