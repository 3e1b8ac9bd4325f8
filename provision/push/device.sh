# The device side of a push: functions, sent along with every verb that uses
# them. POSIX sh as root. B is closup's directory on the device, T the directory
# of this push in it: new/ and old/ mirror the file tree, unit/ holds what makes
# files live, state says how far the job is, reason why it turned back.

sum() { sha256sum <"$1" | cut -c1-64; }
up() { cut -d. -f1 /proc/uptime; }
flush() { sync "$@" 2>/dev/null || sync; }

# look: what is there. A header line, base64, a dot.
look_file() { # PATH
	if [ -f "$1" ]; then
		printf 'file %s\n' "$(stat -L -c '%a %U:%G' "$1")"
		base64 <"$1"
	elif [ -e "$1" ]; then
		echo odd
	else
		echo none
	fi
	echo .
}
look_unit() { # KIND COMMAND ARGUMENT: what it printed, its status on the last line
	echo "$1"
	{ ( "$2" "$3" ); printf '\n%s\n' $?; } 2>&1 </dev/null | base64
	echo .
}
look_record() { # UNIT
	echo record
	[ ! -f "$B/live/$1" ] || base64 <"$B/live/$1"
	echo .
}

# unpack writes standard input, base64, to PATH and proves it arrived whole.
unpack() { # PATH SUM
	mkdir -p "$(dirname "$1")" && base64 -d >"$1" || return
	[ "$(sum "$1")" = "$2" ] && return
	echo "$1 arrived damaged" >&2
	return 1
}

# The job. It runs detached and alone, and turns back at the first failure.
say() { printf '%s\n' "$1" >"$T/state.new" && mv -f "$T/state.new" "$T/state"; }
because() { [ -s "$T/reason" ] || printf '%s\n' "$*" >"$T/reason"; return 1; }

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
put() { # SOURCE PATH MODE OWNER: beside it first, then in its place
	to=$(readlink -f "$2") || to=$2
	dir=$(dirname "$to")
	( umask 022; mkdir -p "$dir" ) || return
	beside=$dir/.$(basename "$to").closup
	if cp "$1" "$beside" && chown "$4" "$beside" && chmod "$3" "$beside" && flush "$beside" && mv -f "$beside" "$to"; then
		flush "$dir"
		return 0
	fi
	rm -f "$beside"
	return 1
}
install_file() { # PATH MODE OWNER
	put "$T/new$1" "$1" "$2" "$3" 2>>"$T/log" || because "$1 could not be written: $(tail -n 1 "$T/log")"
}
put_back() { # PATH
	if [ -f "$T/old$1" ]; then
		put "$T/old$1" "$1" "$(stat -c %a "$T/old$1")" "$(stat -c %U:%G "$T/old$1")" 2>>"$T/log"
	else
		rm -f "$1"
	fi
}
run_unit() { # UNIT BEFORE: as it is, or else the rough way
	printf -- '-- %s\n' "$1" >>"$T/log"
	for way in apply restart; do
		[ -f "$T/unit/$1.$way" ] || continue
		timeout -k 10 180 sh "$T/unit/$1.$way" "$2" </dev/null >"$T/said" 2>&1
		status=$?
		cat "$T/said" >>"$T/log"
		[ $status != 0 ] || return 0
	done
	return $status
}
activate() { # UNIT PATH
	live="$live $1:$2"
	run_unit "$1" "$T/old$2" || because "$1 did not take it (status $status): $(grep -v '^ *$' "$T/said" | tail -n 2)"
}
undo() {
	say undoing
	good=yes
	restore_all || good=no
	for l in $live; do run_unit "${l%%:*}" "$T/new${l#*:}" || good=no; done
	flush
	if [ $good = yes ]; then say rolled-back; else say rollback-failed; fi
	exit 0
}
# await lets the push confirm from a new connection. Whoever renames `pending`
# first decides: confirm, abort, or the time that ran out.
await() { # SECONDS
	end=$(( $(up) + $1 ))
	while [ -e "$T/pending" ] && [ "$(up)" -lt "$end" ]; do sleep 0.1; done
	if mv "$T/pending" "$T/expired" 2>/dev/null; then
		because "nobody confirmed it in $1 s"
		undo
	fi
	[ -e "$T/confirmed" ] || {
		because "the push took it back"
		undo
	}
	say done
}

# sweep removes what earlier pushes left, but for one that is under way.
sweep() {
	for old in "$B"/push/*; do
		[ "$old" != "$T" ] || continue
		case $(cat "$old/state" 2>/dev/null) in
		installing | installed | active | undoing) continue ;;
		done | rolled-back | rollback-failed | refused | locked) rm -rf "$old" ;;
		*) [ -n "$(find "$old" -prune -mmin -60)" ] || rm -rf "$old" ;;
		esac
	done
}

start() {
	echo staged >"$T/state" && : >"$T/pending" && : >"$T/log" || return
	setsid sh -c 'trap "" HUP; flock -n -o -E 75 "$1/lock" sh "$2/job"; [ $? != 75 ] || echo locked >"$2/state"' closup "$B" "$T" </dev/null >/dev/null 2>&1 &
}
# follow waits until the job is past the states named, as long as PATIENCE allows,
# and says where it is. A job that is past none of them and holds no lock is dead.
follow() { # STATE...
	n=0
	while [ $n -lt "$PATIENCE" ]; do
		state=$(cat "$T/state" 2>/dev/null)
		past=yes
		for s in "$@"; do [ "$s" != "$state" ] || past=no; done
		[ $past = no ] || break
		n=$((n + 1))
		sleep 0.1
	done
	if [ $past = no ] && flock -n "$B/lock" true && [ "$(cat "$T/state")" = "$state" ]; then
		state="$state dead"
	fi
	printf 'state %s\n.\nreason\n' "$state"
	[ ! -f "$T/reason" ] || base64 <"$T/reason"
	printf '.\nlog\n'
	[ ! -f "$T/log" ] || tail -c 20000 "$T/log" | base64
	echo .
}
