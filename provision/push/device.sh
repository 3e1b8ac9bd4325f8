# The device side of a push: functions, sent along with every verb that uses
# them. POSIX sh as root. B is closup's directory on the device, T the directory
# of this push in it: new/ and old/ mirror the file tree, unit/ holds what makes
# files live, state says how far the job is, reason why it turned back. What the
# job itself does stands in job.sh.

# sum and unpack start as few programs as can be: that is what is slow on a busy device.
sum() { sum=$(sha256sum <"$1") && echo "${sum%% *}"; }
flush() { sync "$@" 2>/dev/null || sync; }
now() { read -r now rest </proc/uptime; now=${now%%.*}; } # since boot: no clock that jumps
# nap is what waits: a process each costs a small switch more than the wait, so
# it grows longer the longer there is nothing.
nap() { naps=$((naps + 1)); if [ $naps -gt 10 ]; then sleep 0.5; else sleep 0.1; fi; }
# say: on a full disk the block that the file has must do.
say() { { printf '%s\n' "$1" >"$T/state.new" && flush "$T/state.new" && mv -f "$T/state.new" "$T/state"; } 2>/dev/null || printf '%s\n' "$1" >"$T/state"; }
# deadline: the job turns back so many seconds from now.
deadline() { now && echo $((now + $1)) >"$T/deadline.new" && mv -f "$T/deadline.new" "$T/deadline"; }

# left: for how many seconds the job still waits to be confirmed.
left() {
	[ -e "$T/pending" ] && [ -f "$T/deadline" ] && now || return 0
	read -r end <"$T/deadline"
	block left $((end - now))
}
# renew: whoever can still ask is not locked out, and may take his time.
renew() { # SECONDS
	[ -e "$T/pending" ] && now && read -r end <"$T/deadline" && [ "$end" -lt $((now + $1)) ] && deadline "$1" 2>/dev/null
	left
}

# block begins a part of the answer: a line with the mark M of this push, and
# below it, raw, what follows.
block() { printf '\n%s %s\n' "$M" "$*"; } # KIND WORD...
# look_files: those of the files that are there, in a tar.
look_files() { # PATH...
	for p; do
		shift
		[ ! -e "$p" ] || set -- "$@" "$p"
	done
	block files
	[ $# = 0 ] || tar -cPhf - --no-recursion --hard-dereference -- "$@" || [ $? = 1 ] || exit 74 # 1: it changed meanwhile
}
look_unit() { # KIND COMMAND...: what it printed, its status on the last line
	block "$1"
	shift
	( "$@" ) 2>&1 </dev/null
	printf '\n%s\n' $?
}
# look_open: pushes that have begun here and not ended.
look_open() {
	for t in "$B"/push/*; do
		[ -f "$t/state" ] && read -r state <"$t/state" || continue
		case $state in ready | applying | active | committing | undoing) ;; *) continue ;; esac
		alive "$t" && life=alive || life=dead
		block open "${t##*/} $state $life"
	done
}

# unpack writes standard input, base64, to PATH and proves it arrived whole.
unpack() { # PATH SUM
	[ -d "${1%/*}" ] || mkdir -p "${1%/*}" && base64 -d >"$1" || return
	[ "$(sum "$1")" = "$2" ] && return
	echo "$1 arrived damaged" >&2
	return 1
}

# laid runs a command as if the new files were in place, where they are not yet:
# in a mount namespace of its own, in which they lie over the old ones.
laid() {
	if [ -z "${undoing-}" ] && [ "$(cat "$T/class" 2>/dev/null)" = live ]; then unshare -m sh "$T/lay" "$@"; else "$@"; fi
}

# alive says whether the job of a push, or who mourns it, is there. It fails
# aloud where that cannot be told.
alive() { # DIRECTORY
	flock -n -o -E 75 "$1/alive" true
	case $? in
	0) return 1 ;;
	75) return 0 ;;
	esac
	echo "flock does not work here, so it cannot be told whether a push is under way" >&2
	exit 70
}
# booted says whether systemd runs the device. Its directory alone is no proof:
# `netplan generate` makes it too.
booted() { [ -d /run/systemd/system ] && [ "$(cat /proc/1/comm)" = systemd ]; }
# begin makes the job start, detached: it outlives the connection, and under
# systemd the login's cgroup too.
begin() {
	: >"$T/ready" && : >"$T/log" && now && echo $((now + LEASE)) >"$T/lease" && say staged || return
	set -- sh "$T/job" launch
	if [ -n "$HOOK" ] && booted && systemd-run --quiet --collect -p KillMode=process "$@" </dev/null >/dev/null 2>&1; then
		return 0
	fi
	setsid "$@" </dev/null >/dev/null 2>&1 &
}
# follow waits until the job is past the states named, for PATIENCE seconds on a
# clock, however slow the device is, and says where it is. One that is past none
# of them and not alive is dead.
follow() { # STATE...
	now
	till=$((now + PATIENCE)) naps=0
	while :; do
		state=
		[ ! -f "$T/state" ] || read -r state <"$T/state"
		past=yes
		for s in "$@"; do [ "$s" != "$state" ] || past=no; done
		now
		[ $past = no ] && [ "$now" -lt "$till" ] || break
		[ "$state" != active ] || alive "$T" || break # who was active had somebody to mourn it
		nap
	done
	if [ $past = no ] && ! alive "$T" && [ "$(cat "$T/state")" = "$state" ]; then
		state="$state dead"
	fi
	block state "${state:-gone}"
	block class "$(cat "$T/class" 2>/dev/null)"
	left
	for kind in reason log; do
		block $kind
		[ ! -s "$T/$kind" ] || tail -c 20000 "$T/$kind"
	done
}
# revive finishes or undoes what a dead job left.
revive() { # DIRECTORY
	flock -n -o "$1/alive" flock -w 60 -o "$B/lock" sh "$1/job" recover </dev/null >/dev/null 2>&1 || true
}
