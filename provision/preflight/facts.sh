# What a device is asked before anything on it is touched: POSIX sh as root, in
# one round trip. It only reads. DIRS are the directories that a push will write
# in; with BRIEF, as a push asks, what takes long and keeps no push back is left
# out. Each answer stands below a line of its own; what a device does not have
# (lldpcli, dpkg) it is not asked for.

part() { printf '\n=== preflight %s\n' "$1"; }
has() { command -v "$1" >/dev/null 2>&1; }
# nearest: the path itself, or what of it is there already.
nearest() {
	n=$1
	while [ ! -e "$n" ] && [ "$n" != / ]; do
		n=${n%/*}
		[ -n "$n" ] || n=/
	done
}

# copy is cat for a few lines, without a process of its own.
copy() { while read -r line || [ -n "$line" ]; do printf '%s\n' "$line"; done <"$1"; }

part clock; date +%s
part begin; copy /proc/uptime
part name
if [ -r /proc/sys/kernel/hostname ]; then copy /proc/sys/kernel/hostname; else uname -n; fi
part hostname
if [ -r /etc/hostname ]; then copy /etc/hostname; fi
part system
if [ -r /etc/os-release ]; then copy /etc/os-release; fi
part serial
for f in /sys/class/dmi/id/product_serial /sys/class/dmi/id/chassis_serial /sys/class/dmi/id/board_serial; do
	if [ -r "$f" ] && read -r line <"$f"; then echo "$line"; fi
done
if [ -r /proc/device-tree/serial-number ]; then tr -d '\0' </proc/device-tree/serial-number; echo; fi
if [ ! -e /sys/class/dmi/id ] && has dmidecode; then dmidecode -s system-serial-number 2>/dev/null; fi
if has decode-syseeprom; then decode-syseeprom -s serial 2>/dev/null; fi
part tools
for t in base64 sha256sum cmp find tar stat flock setsid timeout unshare vtysh ifreload netplan networkctl lldpcli dpkg docker podman ip nv; do
	if has $t; then echo $t; fi
done
if [ -e /usr/lib/frr/frr-reload.py ]; then echo frr-reload.py; fi
part packages
frr=
if [ -z "$BRIEF" ] && has dpkg-query; then
	list=$(dpkg-query -W -f '${db:Status-Status} ${Package} ${Version} ${Architecture}\n' dpkg frr frr-pythontools ifupdown2 netplan.io lldpd 2>/dev/null)
	printf '%s\n' "$list"
	case $list in *'installed frr '*) frr=told ;; esac
fi
part router
if [ -n "$BRIEF$frr" ]; then
	:
elif [ -x /usr/lib/frr/zebra ]; then
	/usr/lib/frr/zebra --version 2>/dev/null
elif has vtysh; then
	vtysh -c 'show version' 2>/dev/null
fi
part nvue
for f in /proc/[0-9]*/comm; do
	if read -r line <"$f" && [ "$line" = nvued ]; then
		echo runs
		break
	fi
done 2>/dev/null
for f in /etc/frr/frr.conf /etc/network/interfaces; do
	[ -r "$f" ] || continue
	for n in 1 2 3 4 5; do
		read -r line || break
		case $line in *[Aa]uto-generated\ by\ NVUE*) echo "wrote $f" ;; esac
	done <"$f"
done
# A push of closup's that is under way here is known by its lock.
if has nvue_free && has nv && ! grep -qsxE 'applying|active|committing|undoing' /var/lib/closup/push/*/state; then
	said=$(nvue_free 2>/dev/null) || echo "busy $said"
fi
part writable
points=
for d in $DIRS; do
	nearest "$d"
	if [ -w "$n" ]; then echo "yes $d"; else echo "no $d $n"; fi
	case " $points " in *" $n "*) ;; *) points="$points $n" ;; esac
done
part disk; df -Pk $points 2>/dev/null
if [ -z "$BRIEF" ]; then part inodes; df -Pi $points 2>/dev/null; fi
part links; ip -j addr show
part lldp
if has lldpcli; then
	timeout 3 lldpcli -f json0 show neighbors 2>/dev/null
	printf '\nstatus %s\n' $?
fi
part end; copy /proc/uptime
exit 0
