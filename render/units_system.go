package render

// linkShow prints a port's MTU and addresses. It leaves out what changes by
// itself: lifetimes, and the state of the link. One process asks for the
// addresses of all ports, since a switch has many, and a slow processor.
const linkShow = `addresses=$(ip -o addr show scope global)
link() { # PORT WORDS
	read -r mtu <"/sys/class/net/$1/mtu"
	echo "$1 $2mtu $mtu"
	while IFS= read -r line; do
		case $line in *": $1 "*)
			line=${line#*: } line=${line%%\\*}
			echo "${line% }" ;;
		esac
	done <<END
$addresses
END
}
`

// ifupdown2. Only our interfaces are brought up, and only those taken down
// that were ours: `ifreload -a` would set the veths of pods down and drop what
// it does not know from a VRF (CumulusNetworks/ifupdown2#105, #250). `ifup` of
// an interface that is up applies what changed and leaves the rest alone.
const (
	// A bad address or an unreadable line is status 1; a misspelt keyword is
	// not noticed, but ours are not spelt by hand.
	ifupdown2Check = `ifup -a -s -i "$1"`

	// ours prints the names of our interfaces in an interfaces file.
	ifupdown2Ours = `ours() { sed -n '/^# closup: /{n;s/^auto //p;}' "$1"; }
`
	ifupdown2Show = ifupdown2Ours + linkShow + `for name in $(ours /etc/network/interfaces); do
	[ -e "/sys/class/net/$name" ] || continue
	read -r flags <"/sys/class/net/$name/flags"
	link "$name" "up $((flags & 1)) "
done
true
`
	ifupdown2Apply = ifupdown2Ours + `file=/etc/network/interfaces
names= gone=
asked=" $(echo $(sed -n 's/^[[:space:]]*iface[[:space:]][[:space:]]*\([^[:space:]]*\).*/\1/p' $file)) "
for name in $({ ours $file; [ ! -r "${1:-}" ] || ours "$1"; } | sort -u); do
	case $asked in
	*" $name "*) names="$names $name" ;;
	*) [ ! -e "/sys/class/net/$name" ] || gone="$gone $name" ;;
	esac
done
for name in $gone; do
	echo "$name is no longer planned: down"
	ifdown -i "$1" "$name" || { ip addr flush dev "$name" scope global; ip link set "$name" down; }
done
tries=0
while [ -n "$names" ]; do
	ifup $names && exit 0
	status=$?
	tries=$((tries + 1))
	# 89: someone else runs ifupdown2 right now
	[ $status = 89 ] && [ $tries -lt 20 ] || exit $status
	sleep 0.5
done
`
	// ifupdown2Verify asks for the addresses of all ports at once, and reads the
	// rest where the kernel shows it: no process for each port.
	ifupdown2Verify = `[ -r "$1" ] || { echo "$1 is missing"; exit 1; }
there=$(ip -o addr show | sed 's/^[0-9]*: *\([^ ]*\) *inet6* \([^ ]*\) .*/[\1 \2]/')
status=0 name= ours=
while read -r key value rest; do
	case "$key $value" in
	'# closup:')
		ours=yes
		continue ;;
	'auto '*)
		name=${ours:+$value}
		if [ -z "$name" ]; then
			:
		elif [ ! -e "/sys/class/net/$name" ]; then
			echo "$name: there is no such port"
			name=
		else
			read -r flags <"/sys/class/net/$name/flags"
			read -r mtu <"/sys/class/net/$name/mtu"
			[ $((flags & 1)) = 1 ] || { echo "$name: is not up"; status=1; }
		fi ;;
	'iface '*) [ "$value" = "$name" ] || name= ;;
	'address '*)
		case $there in *"[$name $value]"*) ;; *)
			[ -z "$name" ] || { echo "$name: address $value is missing"; status=1; } ;;
		esac ;;
	'mtu '*) [ -z "$name" ] || [ "$mtu" = "$value" ] || { echo "$name: MTU is $mtu, not $value"; status=1; } ;;
	'#'*) name= ;;
	esac
	ours=
done <"$1"
exit $status
`
)

// sysctl. Only our file is applied, and keys that a kernel or a namespace does
// not have are passed over.
const (
	sysctlFile = `/etc/sysctl.d/90-closup.conf`

	// sysctlValues prints what the kernel has for the keys of our file, all of
	// them by one process.
	sysctlValues = `values() { set -- $(sed -n 's/^\([a-z].*\) = .*/\1/p' ` + sysctlFile + `); [ $# = 0 ] || sysctl -e "$@"; true; }
`
	sysctlShow = sysctlValues + `values`

	// sysctlApply keeps, until the next boot, what the keys were before the
	// first time, so that taking our file away can be made live too.
	sysctlApply = sysctlValues + `file=` + sysctlFile + ` was=/run/closup.sysctl
if [ -e $file ]; then
	[ -e "${1:-}" ] || [ -e $was ] || values >$was
	sysctl -e -q -p $file
elif [ -e $was ]; then
	sysctl -e -q -p $was
	rm -f $was
fi
`

	sysctlVerify = `[ -r "$1" ] || { echo "$1 is missing"; exit 1; }
wanted="
$(cat "$1")
"
keys=$(sed -n 's/^\([a-z].*\) = .*/\1/p' "$1")
[ -n "$keys" ] || exit 0
sysctl -e $keys | {
	status=0
	while read -r key equals is; do
		want=${wanted#*"
$key = "}
		want=${want%%"
"*}
		[ "$is" = "$want" ] || { echo "$key is $is, not $want"; status=1; }
	done
	exit $status
}
`
)
