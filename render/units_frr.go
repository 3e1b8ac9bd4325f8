package render

// FRR. What its tools do not say (facts tried on 8.4.4):
//
//   - frr-reload.py ends with status 0 when bgpd is down, its part lost: so
//     the daemons are looked at before and after;
//   - it ends with status 1 when a daemon refused one line, the rest applied:
//     so a failure is followed by a look at what runs, not believed;
//   - a change of `frr defaults` by reload leaves a mixture: so FRR is
//     restarted then;
//   - it takes an as-path entry without a number, as FRR before 8.0 wants it,
//     for another than the numbered one that later FRR prints, and would
//     remove and add it again, all routes with it, until 10.1
//     (FRRouting/frr#15851): so it is shown a copy with FRR's own numbers;
//   - before 8.0 nothing prints the "exit" that ends a block, and it takes all
//     that follows one for a part of that block, and would make BGP anew: so it
//     is shown a copy without, where FRR itself prints none;
//   - it removes a line by a vtysh whose arguments hold it, where every user of
//     the device sees a password: so a neighbor's password goes before that,
//     by a file that does not name it;
//   - bgpd does not judge anew, by a list that a neighbor names itself, what came
//     in while the list was another: so a change of any list or map is followed
//     by a soft clear, which asks the peers again and resets no session;
//   - frrinit.sh of 10.x leaves daemons that hold its output, and over SSH it
//     would never return: so it gets none.
const (
	// frrDaemons prints the daemons that run, as `vtysh -c 'show daemons'` does,
	// which takes longer than all else that a device is asked.
	frrDaemons = `daemons() {
	for daemon in watchfrr mgmtd zebra staticd bgpd bfdd ospfd ospf6d isisd pimd pim6d ldpd ripd ripngd eigrpd nhrpd vrrpd pbrd pathd fabricd babeld sharpd; do
		read -r pid <"/run/frr/$daemon.pid" && read -r is <"/proc/$pid/comm" && [ "$is" = "$daemon" ] && echo "$daemon"
	done 2>/dev/null
	true
}
`

	// lines: those that carry policy, neighbors and how BGP works, without their indentation.
	// All of FRR 7.5 to 10 prints them alike, so what runs can be compared with
	// the file by them. The rest (`exit`, `activate` of what is active anyway)
	// differs from version to version.
	// running asks FRR, but where ran keeps what it said.
	frrCommon = `ran=
conf=/etc/frr/frr.conf
init=/usr/lib/frr/frrinit.sh
systemd() { [ -d /run/systemd/system ] && [ "$(cat /proc/1/comm)" = systemd ]; }
lines() { sed -n 's/^ *//;s/ *$//;/^\(frr defaults\|hostname\|log\|router bgp\|bgp\|no bgp\|zebra\|no zebra\|neighbor\|no neighbor\|redistribute\|aggregate-address\|ip prefix-list\|ipv6 prefix-list\|route-map\|match\|set\|ip protocol\|ipv6 protocol\) /p' "$@" | sed '/^bgp as-path/s/ seq [0-9]* / /' | sort -u; }
policy() { running | sed -n '/^[a-z][a-z0-9 -]*-list /p;/^route-map /,/^[!e]/p'; }
running() { if [ -n "${ran-}" ]; then printf '%s\n' "$ran"; else vtysh -c 'show running-config' 2>/dev/null; fi; }
profile() { sed -n 's/^frr defaults //p' "$@" 2>/dev/null; }
same() { [ "$(lines $conf)" = "$(running | lines)" ]; }
enabled() { (. /etc/frr/daemons; for d in bgpd bfdd; do eval "[ \"\${$d:-no}\" = yes ]" && echo $d; done; true); }
missing() {
	there=" $(echo $(daemons)) "
	for d in watchfrr zebra $(enabled); do case $there in *" $d "*) ;; *) echo $d ;; esac; done
}
wait_frr() {
	tries=0
	while [ -n "$(missing)" ]; do
		tries=$((tries + 1))
		[ $tries -lt 150 ] || { echo "FRR does not run:" $(missing) >&2; return 1; }
		sleep 0.2
	done
	# It reads its file after the daemons are there, and locks them meanwhile: its
	# defaults first, which no reload can bring.
	[ -e $conf ] || return 0
	tries=0
	while [ $tries -lt 25 ] || { [ $tries -lt 150 ] && ! defaults; }; do
		! same || break
		tries=$((tries + 1))
		sleep 0.2
	done
}
defaults() { [ "$(running | profile)" = "$(profile $conf)" ]; }
need_disk() { [ -z "${CLOSUP_LAID-}" ] || exit 77; }
reload() { /usr/lib/frr/frr-reload.py --reload --stdout --confdir "$1" "$1/frr.conf" 2>&1 </dev/null; }
restart_frr() {
	need_disk
	echo "restarting FRR"
	if systemd; then
		systemctl enable -q frr; systemctl restart frr
	else
		$init restart </dev/null >/dev/null 2>&1
	fi || { echo "FRR did not start" >&2; return 1; }
	wait_frr
}
`

	// frrStart brings FRR from whatever it does to running all daemons that
	// are enabled. One that is missing beside a running bgpd is added without
	// a restart, and sessions stay; so is watchfrr, which takes up what runs.
	frrStart = `fresh= before=$(missing)
[ -n "$before" ] || ran=$(running)
if [ -n "$before" ] || ! defaults; then
	need_disk
	ran=
	case $(echo $before) in
	watchfrr)
		echo "starting watchfrr"
		if systemd; then systemctl start frr; else $init start </dev/null >/dev/null 2>&1; fi
		wait_frr || exit 1 ;;
	bfdd)
		echo "starting bfdd"
		if systemd; then systemctl reload frr; else $init reload </dev/null >/dev/null 2>&1; fi
		wait_frr || exit 1 ;;
	*)
		restart_frr || exit 1
		fresh=yes ;;
	esac
fi
`

	// frrStop ends bfdd where the file before ($1) asked for it and this one
	// does not any more: its own undo. One that somebody else runs goes on.
	frrStop = `has_bfdd() { daemons | grep -qx bfdd; }
if [ -r "${1:-}" ] && (. "$1"; [ "${bfdd:-no}" = yes ]) && ! enabled | grep -qx bfdd && has_bfdd; then
	need_disk
	echo "stopping bfdd"
	if systemd; then systemctl reload frr; else $init reload </dev/null >/dev/null 2>&1; fi
	# Before FRR 8 a reload only looks after it no more.
	! has_bfdd || kill -2 $(cat /run/frr/bfdd.pid)
	tries=0
	while has_bfdd; do
		tries=$((tries + 1))
		[ $tries -lt 50 ] || { echo "bfdd does not end" >&2; exit 1; }
		sleep 0.2
	done
fi
`

	// A machine that had no frr.conf, and has none again, is through. What is
	// taken away is said; what is added is the file.
	// Where it was not just read from the file, what runs may have lines by hand
	// that no comparison knows.
	frrReload = `[ -e $conf ] || exit 0
[ -n "$fresh" ] && same && exit 0
[ -n "$ran" ] || ran=$(running)
defaults || { echo "FRR does not run with the defaults that $conf names"; exit 1; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
echo 'service integrated-vtysh-config' >"$dir/vtysh.conf"
running | sed -n 's/^bgp as-path access-list \([^ ]*\) \(seq [0-9]*\) \(permit\|deny\) \(.*\)$/\1|\2|\3|\4/p' >"$dir/numbers"
awk -F'|' 'FILENAME == ARGV[1] { number["bgp as-path access-list " $1 " " $3 " " $4] = "bgp as-path access-list " $1 " " $2 " " $3 " " $4; next }
	{ print ($0 in number) ? number[$0] : $0 }' "$dir/numbers" $conf >"$dir/frr.conf" && echo '!' >>"$dir/frr.conf" &&
	[ $(wc -l <"$dir/frr.conf") -gt $(wc -l <$conf) ] && { running | grep -qx exit || sed -i '/^exit$/d' "$dir/frr.conf"; } ||
	{ echo "there is no room for a copy of $conf in $dir"; exit 1; } # one cut off would take away what runs
if running | grep -q '^ neighbor [^ ]* password '; then
	running >"$dir/running"
	awk 'FILENAME == ARGV[1] { stays[$0] = 1; next } $1 == "router" { router = $0 }
		$1 == "neighbor" && $3 == "password" && !($0 in stays) { print router; print " no neighbor " $2 " password" }' "$dir/frr.conf" "$dir/running" >"$dir/passwords"
	[ ! -s "$dir/passwords" ] || vtysh -f "$dir/passwords" >/dev/null 2>&1 || { echo "a neighbor's password could not be taken away"; exit 1; }
	sed -n 's/^ no/frr: no/p' "$dir/passwords"
fi
policy >"$dir/policy"
said=$(reload "$dir") || {
	echo "frr-reload failed:"
	echo "$said" | grep -v INFO | tail -n 20
	exit 1
}
echo "$said" | sed -n 's/.*Executed "\(.*\)".*/frr: \1/p'
ran=
policy | cmp -s - "$dir/policy" && exit 0
echo 'frr: clear bgp * soft'
vtysh -c 'clear bgp * soft' >/dev/null 2>&1 || true
`

	frrDaemonsVerify = `down=$(missing)
[ -z "$down" ] || { echo "FRR does not run:" $down; exit 2; }
`

	// frrVerify says which lines differ.
	frrVerify = `dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
lines "$1" >"$dir/want"
running | lines >"$dir/is"
cmp -s "$dir/want" "$dir/is" && exit 0
grep -vxFf "$dir/is" "$dir/want" | sed 's/^/not running: /'
grep -vxFf "$dir/want" "$dir/is" | sed 's/^/runs, but was not asked for: /'
exit 1
`
)
