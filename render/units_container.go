package render

import "strings"

// A router in a container. What the engines do, and do not (tried with podman
// 4.3 and FRR 8.4.4 and 10.3):
//
//   - its folder is mounted, not its files: a rename over a file that is
//     mounted alone fails with EBUSY. It is mounted read-only, since some images
//     give all of it to their own user when they start, whose number means
//     somebody else outside;
//   - frr-reload.py works inside where the image has it, on a copy; where it has
//     not, as Quagga's, and the host pack's FRR, the container is restarted;
//   - `docker exec` gives the container's own status, so what runs inside can
//     be asked as if it ran outside;
//   - before anything is installed no unit says which engine and image are
//     meant: so the check of the service tags the image, and the check of the
//     configuration, which comes after it, uses that tag.
//
// Without systemd (in the lab) the unit's own ExecStart line is run.
var (
	frrContainer = containerUnits("frr", containerFRRCommon+frrCommon+containerCommon, containerFRRReload, containerFRRVerify)

	quaggaContainer = containerUnits("quagga", containerQuaggaCommon+containerCommon, containerQuaggaReload, containerQuaggaVerify)
)

// containerUnits are the units of one router: its service, its daemons, its
// configuration. common are the functions that the others use.
func containerUnits(name, common, reload, verify string) [3]Unit {
	at := func(script string) string { return strings.ReplaceAll(script, "@NAME@", name) }
	head := at(containerHead)
	common = head + at(common)
	return [3]Unit{
		{
			Name:    name + "-container",
			Check:   head + at(containerServiceCheck),
			Show:    head + `facts`,
			Apply:   common + containerServiceApply,
			Restart: common + `restart_frr`,
			Verify:  head + containerServiceVerify,
			After:   []string{"hostname", "sysctl"},
		},
		{
			Name:    name + "-container-daemons",
			Check:   `sh -n "$1"`,
			Show:    head + `ask 'show daemons'; true`,
			Apply:   common + containerStart,
			Restart: common + `restart_frr`,
			Verify:  common + frrDaemonsVerify,
			After:   []string{name + "-container", "vtysh"},
		},
		{
			Name:    name + "-container-config",
			Check:   head + at(containerConfigCheck),
			Show:    head + `ask 'show running-config' | sed '/^Building/d;/^Current/d'`,
			Apply:   common + containerStart + reload,
			Restart: common + `restart_frr`,
			Verify:  common + frrDaemonsVerify + verify,
			After:   []string{name + "-container-daemons"},
		},
	}
}

const (
	// facts: the image that runs and what it may do, as the engine knows it.
	containerHead = `name=@NAME@ dir=/etc/@NAME@ service=@NAME@-container.service
unit=/etc/systemd/system/$service next=localhost/closup-@NAME@:next
systemd() { [ -d /run/systemd/system ] && [ "$(cat /proc/1/comm)" = systemd ]; }
line() { sed -n 's/^ExecStart=//p' "$1" 2>/dev/null; }
engine=$(line $unit | cut -d' ' -f1)
inside() { "$engine" exec $name "$@" </dev/null; }
ask() { inside vtysh -c "$1" 2>/dev/null; }
facts() { "$engine" inspect --format '{{.Config.Image}} {{.HostConfig.Privileged}} {{.State.Running}}' $name 2>/dev/null; }
# current: the container runs as its unit says.
current() {
	may=false
	case $(line $unit) in *' --privileged '*) may=true ;; esac
	case $(facts) in *"$(line $unit | sed 's/.* //') $may true") ;; *) return 1 ;; esac
}
`

	containerServiceCheck = `set -- "$1" $(line "$1")
command -v "$2" >/dev/null || { echo "$2 is not installed here: install it, or name another engine under container in fabric.yaml"; exit 1; }
for image; do :; done
"$2" image inspect "$image" >/dev/null 2>&1 || "$2" pull --quiet "$image" >/dev/null || {
	echo "the image $image is not here and cannot be fetched: load it with $2 load, or name another under container in fabric.yaml"
	exit 1
}
"$2" tag "$image" $next || exit 1
systemd || exit 0
there=$(mktemp -d) || exit 1
trap 'rm -rf "$there"' EXIT
cp "$1" "$there/$service" && systemd-analyze verify --man=no "$there/$service"
`

	// The container that runs knows what it takes; before there is one, one
	// that is thrown away.
	containerConfigCheck = `take='cat >/tmp/closup.conf && vtysh -C -f /tmp/closup.conf; status=$?; rm -f /tmp/closup.conf; exit $status'
if current; then
	"$engine" exec --interactive $name sh -c "$take" <"$1"
	exit
fi
for engine in /usr/bin/docker /usr/bin/podman; do
	"$engine" image inspect $next >/dev/null 2>&1 || continue
	"$engine" run --rm --interactive --network none --entrypoint sh $next -c "$take" <"$1"
	exit
done
echo "no container engine has the image of the router: see the check of $service"
exit 1
`

	// What frrCommon asks FRR on a machine is asked in the container.
	containerFRRCommon = `vtysh() { inside vtysh "$@"; }
daemons() { vtysh -c 'show daemons' 2>/dev/null; }
`

	// Quagga has no profiles, numbers no entries, and prints the defaults that
	// its file names in other words, or not at all.
	containerQuaggaCommon = `conf=$dir/Quagga.conf
lines() { sed -n 's/^ *//;s/ *$//;/^\(router bgp\|bgp router-id\|neighbor\|redistribute\|aggregate-address\|access-list\|ipv6 access-list\|ip prefix-list\|ipv6 prefix-list\|ip as-path\|bgp as-path\|route-map\|match\|set\) /p' "$@" |
	sed '/ advertisement-interval /d;/ capability extended-nexthop$/d;/ activate$/d;/list/s/ seq [0-9]* / /;s/^bgp as-path/ip as-path/' | sort -u; }
running() { ask 'show running-config'; }
profile() { :; }
same() { [ -z "$(differ $conf)" ]; }
differ() { running | lines >"${TMPDIR:-/tmp}/closup.$$"; lines "$1" | grep -vxFf "${TMPDIR:-/tmp}/closup.$$"; rm -f "${TMPDIR:-/tmp}/closup.$$"; }
missing() {
	there=" $(ask 'show daemons') "
	for d in zebra bgpd; do case $there in *" $d "*) ;; *) echo $d ;; esac; done
}
wait_frr() {
	tries=0
	while [ -n "$(missing)" ] || { [ -e $conf ] && ! same; }; do
		tries=$((tries + 1))
		[ $tries -lt 150 ] || { echo "Quagga does not run, or not as $conf says" >&2; return 1; }
		sleep 0.2
	done
}
`

	containerCommon = `log=/run/closup-$name.log
stop_router() { # ENGINE
	[ -z "$1" ] || "$1" rm --force $name >/dev/null 2>&1
}
# restart_frr: also from a router that is none of ours on this machine.
restart_frr() {
	[ -z "${CLOSUP_LAID-}" ] || exit 77 # what starts would not see the new files
	echo "starting the container $name"
	if systemd; then
		systemctl daemon-reload
		systemctl disable -q frr 2>/dev/null
		systemctl enable -q $service && systemctl restart $service
	else
		stop_router "$engine"
		[ ! -e /run/frr/watchfrr.pid ] || /usr/lib/frr/frrinit.sh stop </dev/null >/dev/null 2>&1
		setsid sh -c "exec $(line $unit)" </dev/null >$log 2>&1 &
	fi
	# One that ends again and again shows it soon, and is not waited for.
	for n in 1 2 3; do
		sleep 1
		! current || break
	done
	current && wait_frr && current && return
	if systemd; then journalctl -q -n 5 -o cat -u $service; else tail -n 5 $log; fi >&2
	return 1
}
`

	// containerServiceApply also takes away a router that is no longer asked
	// for, and one that another engine runs.
	containerServiceApply = `was=$(line "${1:-}" | cut -d' ' -f1)
if [ ! -e $unit ]; then
	if systemd; then systemctl disable -q --now $service; systemctl daemon-reload; fi
	stop_router "$was"
	exit 0
fi
[ "$was" = "$engine" ] || stop_router "$was"
current && { [ ! -r "${1:-}" ] || cmp -s "$1" $unit; } && exit 0
restart_frr
`

	containerServiceVerify = `[ -n "$engine" ] || { echo "$unit says nothing to start"; exit 1; }
is=$(facts)
[ -n "$is" ] || { echo "the container $name does not run"; exit 2; }
current || { echo "the container $name is $is, not as $service says"; exit 1; }
systemd || exit 0
systemctl is-enabled -q $service || { echo "$service does not start at boot"; exit 1; }
`

	// containerStart brings the router to where all its daemons run. A file
	// that is no longer there belongs to a container that went with it.
	containerStart = `[ -e $unit ] || exit 0
if ! current || [ -n "$(missing)" ] || [ "$(running | profile)" != "$(profile $conf)" ]; then
	restart_frr || exit 1
fi
`

	containerFRRReload = `inside test -x /usr/lib/frr/frr-reload.py && inside python3 -c '' 2>/dev/null || {
	same || restart_frr
	exit
}
reload() {
	"$engine" exec --interactive $name sh -c 'umask 077; rm -rf /tmp/closup; mkdir /tmp/closup && cat >/tmp/closup/frr.conf && echo service integrated-vtysh-config >/tmp/closup/vtysh.conf || exit
/usr/lib/frr/frr-reload.py --reload --stdout --confdir /tmp/closup /tmp/closup/frr.conf 2>&1 </dev/null; status=$?; rm -rf /tmp/closup; exit $status' <"$1/frr.conf"
}
` + frrReload

	containerFRRVerify = frrVerify

	containerQuaggaReload = `same || restart_frr
`

	containerQuaggaVerify = `[ -z "$(differ "$1")" ] || { differ "$1" | sed 's/^/not running: /'; exit 1; }
`
)
