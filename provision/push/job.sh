# The job of a push on its device, detached and alone under the lock. Until it
# is confirmed, power may go at any moment and the old configuration boots:
#
#   live   the new files only lie over the old ones while units take them, in a
#          mount namespace; they get to the disk by renames, once confirmed
#   disk   where files are new, go, or are read by the init system or a restart:
#          they are put on the disk first, and a hook at boot undoes that
#
# One rename of `pending` decides between confirm, abort and the time that ran out.

because() { [ -s "$T/reason" ] || printf '%s\n' "$*" >"$T/reason"; return 1; }
class() { echo "$1" >"$T/class.new" && mv -f "$T/class.new" "$T/class"; }
# session is the number that setsid gave the job and all it runs.
session() { cut -d' ' -f6 /proc/self/stat; }
# end_job ends what a killed job left running: the rest of its session.
end_job() {
	was=$(cat "$T/session" 2>/dev/null)
	[ -n "$was" ] && [ "$was" != "$(session)" ] || return 0
	for p in $(grep -l " $was " /proc/[0-9]*/stat 2>/dev/null); do
		p=${p%/stat}
		[ "$(cut -d' ' -f6 "$p/stat" 2>/dev/null)" = "$was" ] || continue
		tr '\0' ' ' <"$p/cmdline" 2>/dev/null | grep -qF "$T" && kill -9 "${p#/proc/}" 2>/dev/null
	done
}

keep() { # PATH SUM: keeps the file that was read; none: there was no file
	mkdir -p "$T/old$(dirname "$1")" || return
	if [ "$2" = none ]; then
		[ ! -e "$1" ] || because "$1 was made by somebody while it was looked at"
	elif [ ! -f "$1" ] || [ "$(sum "$1")" != "$2" ]; then
		because "$1 was changed by somebody while it was looked at"
	else
		cp -p "$1" "$T/old$1" || because "$1 could not be copied"
	fi
}
target() { to=$(readlink -f "$1") || to=$1; dir=$(dirname "$to"); beside=$dir/.$(basename "$to").closup; }
# prepare writes the file beside the one it will replace, down to the disk.
prepare() { # SOURCE PATH MODE OWNER
	target "$2"
	( umask 022; mkdir -p "$dir" ) || return
	! same_file "$@" || return 0
	cp "$1" "$beside" && chown "$4" "$beside" && chmod "$3" "$beside" && flush "$beside" && return
	rm -f "$beside"
	return 1
}
same_file() { cmp -s "$1" "$2" && [ "$(stat -L -c '%a %U:%G' "$2")" = "$3 $4" ]; }
swap() { # PATH
	target "$1"
	[ ! -e "$beside" ] || { mv -f "$beside" "$to" && flush "$dir"; }
}
put() { prepare "$@" && swap "$2"; }
forget() { target "$1"; rm -f "$beside"; } # PATH
install_file() { # PATH MODE OWNER
	if [ "$2" = gone ]; then rm -f "$1"; else put "$T/new$1" "$1" "$2" "$3"; fi 2>>"$T/log" ||
		because "$1 could not be written: $(tail -n 1 "$T/log")"
}
ready_file() { # PATH MODE OWNER
	[ "$2" = gone ] || prepare "$T/new$1" "$1" "$2" "$3" 2>>"$T/log" || because "$1 could not be written: $(tail -n 1 "$T/log")"
}
swap_file() { # PATH MODE
	if [ "$2" = gone ]; then rm -f "$1"; else swap "$1"; fi 2>>"$T/log" || because "$1 could not be written: $(tail -n 1 "$T/log")"
}
put_back() { # PATH
	forget "$1"
	if [ -f "$T/old$1" ]; then
		put "$T/old$1" "$1" "$(stat -c %a "$T/old$1")" "$(stat -c %U:%G "$T/old$1")" 2>>"$T/log"
	else
		rm -f "$1"
	fi
}

# reserve keeps the room that an undo needs, whoever fills the disk meanwhile.
reserve() {
	n=0
	while [ $n -lt "$ROOM" ]; do
		printf '%1024s' ''
		n=$((n + 1))
	done >"$T/reserve" 2>/dev/null || because "there is no room on its disk to take the change back: $ROOM KiB are needed"
}

bounded() { timeout -k 10 "$LIMIT" "$@" </dev/null; }
try_unit() { # UNIT WAY ARGUMENTS
	printf -- '-- %s %s\n' "$1" "$2" >>"$T/log"
	said=$T/said run=$T/unit/$1.$2
	shift 2
	printf 'nothing\n' 2>/dev/null >"$said" || said=/dev/null # the disk is full, and that must not keep it
	laid timeout -k 10 "$LIMIT" sh "$run" "$@" </dev/null >"$said" 2>&1
	status=$?
	cat "$T/said" >>"$T/log"
	return $status
}
# mark notes a unit for the undo, which passes over those that are not noted.
mark() { # UNIT LIST
	echo "$1" 2>/dev/null >>"$T/$2" || because "the disk is full: what $1 does could not be noted, so it was not begun"
}
# activate: 77 means that the new files must be on the disk for this.
activate() { # UNIT PATH
	mark "$1" live || return
	[ -f "$T/unit/$1.apply" ] || return 0
	try_unit "$1" apply "$T/old$2" && return
	[ $status != 77 ] && [ $status != 78 ] || return 77
	if [ -f "$T/unit/$1.restart" ]; then
		[ "$(cat "$T/class")" != live ] || return 77
		try_unit "$1" restart "$T/old$2" && return
	fi
	because "$1 did not take it (status $status): $(grep -v '^ *$' "$T/said" | tail -n 2)"
}
# sound notes the units that run what their files ask, so that an undo can tell
# whether it got there.
sound() { # UNIT PATH
	[ -f "$T/unit/$1.verify" ] && [ -f "$2" ] && bounded sh "$T/unit/$1.verify" "$2" >/dev/null 2>&1 || return 0
	mark "$1" sound
}
is_back() { # UNIT PATH
	grep -qx "$1" "$T/sound" 2>/dev/null || return 0
	bounded sh "$T/unit/$1.verify" "$2" >>"$T/log" 2>&1
}
# stay: a daemon that died when all had been seen, and came back before the new
# files were on the disk, runs the old ones.
stay() { # UNIT PATH
	[ -f "$T/unit/$1.verify" ] && [ -f "$2" ] && ! bounded sh "$T/unit/$1.verify" "$2" >>"$T/log" 2>&1 || return 0
	[ ! -f "$T/unit/$1.apply" ] || try_unit "$1" apply "$T/old$2" || true
}
take_back() { # UNIT PATH
	[ -n "$every" ] || grep -qx "$1" "$T/live" 2>/dev/null || return 0
	bad=
	for way in apply restart; do
		[ ! -f "$T/unit/$1.$way" ] || { try_unit "$1" $way "$T/new$2" && is_back "$1" "$2" && return; } || bad=$1
	done
	[ -z "$bad" ]
}

# A unit that commits by itself. notes/UNIT is what it must remember.
notes() { echo "$T/notes/$1"; } # UNIT
keep_trial() { # UNIT SUM: is what was looked at still what is applied, and nobody else at it?
	mkdir -p "$(notes "$1")" || return
	[ "$(bounded sh "$T/unit/$1.read" 2>/dev/null | sha256sum | cut -c1-64)" = "$2" ] || because "what $1 has applied was changed by somebody while it was looked at" || return
	said=$(bounded sh "$T/unit/$1.free" 2>&1) || because "$said"
}
begin_trial() { # UNIT PATH
	[ -f "$T/delta$2" ] || return 0
	mark "$1" live || return
	try_unit "$1" begin "$T/delta$2" "$TRIAL" "$(notes "$1")" "$T/unit/$1.again" && return
	because "$1 did not take it (status $status): $(grep -v '^ *$' "$T/said" | tail -n 2)"
}
keep_on() { # UNIT
	try_unit "$1" keep "$(notes "$1")" || because "$1 did not keep it: $(grep -v '^ *$' "$T/said" | tail -n 1)"
}
end_trial() { ! grep -qx "$1" "$T/live" 2>/dev/null || try_unit "$1" back "$(notes "$1")"; } # UNIT

# The hook at boot, ahead of networking and FRR. What it runs lies with the push,
# so that a loss of power before the last link leaves nothing of it elsewhere.
hook_on() {
	[ -n "$HOOK" ] || return 0
	cat >"$T/boot" <<'BOOT'
#!/bin/sh
# Made by closup for as long as a push is open.
for job in /var/lib/closup/push/*/job; do [ ! -f "$job" ] || sh "$job" boot; done
hostname -F /etc/hostname 2>/dev/null
! command -v netplan >/dev/null 2>&1 || netplan generate
exit 0
BOOT
	chmod 700 "$T/boot"
	if booted; then
		cat >"$HOOK/systemd/system/closup-recover.service" <<UNIT
[Unit]
Description=Finish or undo the push of closup that was open at shutdown
DefaultDependencies=no
RequiresMountsFor=/var/lib/closup /etc
Before=network-pre.target networking.service systemd-networkd.service frr.service shutdown.target
Conflicts=shutdown.target
[Service]
Type=oneshot
ExecStart=/bin/sh $T/boot
UNIT
		mkdir -p "$HOOK/systemd/system/sysinit.target.wants" &&
			ln -sf ../closup-recover.service "$HOOK/systemd/system/sysinit.target.wants/closup-recover.service"
	else
		mkdir -p "$HOOK/rcS.d" && ln -sf "$T/boot" "$HOOK/rcS.d/S00closup-recover"
	fi || because "no hook for a reboot could be put below $HOOK"
}
hook_off() {
	[ -z "$HOOK" ] || rm -f "$HOOK/systemd/system/closup-recover.service" "$HOOK/systemd/system/sysinit.target.wants/closup-recover.service" "$HOOK/rcS.d/S00closup-recover" "$T/boot"
}

undo() { # now, boot
	undoing=yes
	rm -f "$T/pending" "$T/reserve"
	say undoing
	good=yes
	restore_all || good=no
	flush
	[ "$1" = boot ] || take_back_all || good=no
	[ $good = no ] || hook_off
	flush
	if [ $good = yes ]; then
		say rolled-back
		rm -rf "$T/new" "$T/unit" "$T/record" "$T/lay"
		exit 0
	fi
	say rollback-failed
	if [ "$1" = now ]; then
		setsid sh "$T/job" later </dev/null >/dev/null 2>&1 &
	fi
	exit 0
}
# later goes on trying for an hour, less and less often: a disk that was full has
# room again. It lets go of the lock in between, so a push goes ahead of it.
later() {
	now
	till=$((now + 3600)) wait=5
	while [ "$now" -lt $till ]; do
		waited=0
		while [ $waited -lt $wait ]; do
			sleep 5
			[ -f "$T/job" ] || exit 0
			waited=$((waited + 5))
		done
		[ $wait -gt 60 ] || wait=$((wait * 2))
		[ "$(cat "$T/state")" = rollback-failed ] || exit 0
		flock -n -o "$B/lock" sh "$T/job" again
		now
	done
}
again() {
	undoing=yes every=yes
	restore_all && flush && take_back_all || exit 0
	hook_off
	flush
	say rolled-back
	rm -rf "$T/new" "$T/unit" "$T/record" "$T/lay"
}
commit() { # now, boot
	rm -f "$T/reserve"
	say committing
	ready_all && swap_all || undo "$1"
	flush
	[ "$1" = boot ] || stay_all
	if [ -d "$T/record" ]; then
		mkdir -p "$B/live/unit" && cp "$T"/record/* "$B/live/unit/" && note_all && flush
	fi
	hook_off
	say done
	sweep
	rm -rf "$T/new" "$T/unit" "$T/record" "$T/lay" "$T/job" "$T/said"
	exit 0
}
note() { # PATH: the file as it is confirmed
	mkdir -p "$B/live/file$(dirname "$1")" && rm -f "$B/live/file$1" && { [ ! -f "$T/new$1" ] || cp "$T/new$1" "$B/live/file$1"; }
}
# sweep removes what earlier pushes left, but for one that is under way.
sweep() {
	for old in "$B"/push/*; do
		[ "$old" != "$T" ] || continue
		case $(cat "$old/state" 2>/dev/null) in
		ready | applying | active | committing | undoing) continue ;;
		done | rolled-back | rollback-failed | refused | locked | released) rm -rf "$old" ;;
		*) [ -n "$(find "$old" -prune -mmin -60)" ] || rm -rf "$old" ;;
		esac
	done
}

run() {
	session >"$T/session"
	# It outlives a killed job, and does then what recover does.
	setsid flock -o "$T/alive" sh "$T/job" mourn </dev/null >/dev/null 2>&1 &
	for other in "$B"/push/*; do
		case $(cat "$other/state" 2>/dev/null) in
		applying | active | committing | undoing) [ "$other" = "$T" ] || sh "$other/job" recover ;;
		esac
	done
	cp "$T/owner" "$B/owner"
	echo "${T##*/}" >"$B/holder"
	say ready
	naps=0
	while [ -e "$T/ready" ]; do
		now
		read -r lease <"$T/lease"
		[ "$now" -lt "$lease" ] || mv "$T/ready" "$T/left" 2>/dev/null
		nap
	done
	[ -e "$T/go" ] || { say released; exit 0; }
	keep_all && reserve && sound_all || { say refused; exit 0; }
	now
	begun=$now
	: >"$T/pending"
	class disk
	if [ -n "$LAY" ] && unshare -m sh "$T/lay" true 2>>"$T/log"; then class live; fi
	hook_on || { say refused; hook_off; exit 0; }
	flush
	say applying
	[ "$(cat "$T/class")" = live ] || install_all || undo now
	activate_all
	got=$?
	if [ $got = 77 ] && [ "$(cat "$T/class")" = live ]; then
		class disk
		install_all || undo now
		activate_all
		got=$?
	fi
	[ $got = 0 ] || undo now
	# What took long here may take as long to be looked at.
	now
	took=$((now - begun))
	[ $took -lt $UNDO ] || took=$UNDO
	deadline $((UNDO + took))
	say active
	naps=0
	while [ -e "$T/pending" ]; do
		now
		read -r end <"$T/deadline"
		if [ "$now" -ge "$end" ] && mv "$T/pending" "$T/expired" 2>/dev/null; then
			because "nobody confirmed it in time"
			undo now
		fi
		nap
	done
	[ -e "$T/confirmed" ] && commit now
	because "the push took it back"
	undo now
}
recover() { # now, boot
	state=$(cat "$T/state")
	case $state in
	staged | ready) hook_off; say released; exit 0 ;;
	applying | active | committing | undoing) ;;
	rollback-failed) [ "$1" = boot ] || exit 0 ;;
	*) exit 0 ;;
	esac
	[ "$1" = boot ] || end_job
	every=yes # it may have booted from files that were new
	[ -e "$T/confirmed" ] && [ "$state" != undoing ] && commit "$1"
	[ "$1" = boot ] && because "it was switched off while the change was $state" || because "its own part of the push was ended while the change was $state"
	undo "$1"
}
# launch takes the lock and runs the job under it. Nothing that the job starts
# inherits the lock, or a daemon would hold it for ever.
launch() {
	said=$(flock -w 1 -o -E 75 "$B/lock" flock -w 5 -o "$T/alive" sh "$T/job" run 2>&1)
	got=$?
	if [ $got = 75 ]; then
		{ cat "$B/owner"; holder=$(cat "$B/holder"); echo "$holder $(cat "$B/push/$holder/state")"; } >"$T/reason" 2>/dev/null
		say locked
	elif [ "$(cat "$T/state")" = staged ]; then
		printf 'the device could not begin (status %s): %s\n' $got "$said" >"$T/reason"
		say refused
	fi
}
main() {
	every=
	case $1 in
	launch) launch ;;
	run) run ;;
	recover) recover now ;;
	boot) recover boot ;;
	later) later ;;
	again) again ;;
	mourn)
		case $(cat "$T/state") in applying | active | committing | undoing) exec flock -w 600 -o "$B/lock" sh "$T/job" recover ;; esac ;;
	back) # the operator's own hand, on the console
		mv "$T/pending" "$T/aborted" 2>/dev/null
		alive "$T" || revive "$T"
		M=said
		follow active undoing applying | sed -n 's/^said state //p' ;;
	esac
}
