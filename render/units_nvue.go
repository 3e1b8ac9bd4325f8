package render

import (
	"time"

	"closup/model"
)

// NVUE keeps revisions: `nv set`, `nv unset` and `nv config patch` make one that
// is pending, for each user his own; `nv config apply --confirm TIME` makes it
// live, and takes it back by itself unless it is confirmed in that time. All of
// it is NVIDIA's command reference for 5.0 and later; `--confirm-yes` and
// `--confirm-no`, and the state `confirm` in `nv config revision` (5.5), are what
// NAPALM's driver uses on real switches. Everything is asked and done as root, as
// scripts of zero touch provisioning do it.

// nvueUnit is the tree of a switch that runs NVUE.
var nvueUnit = Unit{
	Name:    "nvue",
	Check:   nvueCommon + nvueCheck,
	Cost:    Cost{Base: 5 * time.Second},
	Declare: true,
	Trial: &Trial{
		Read:  nvueCommon + `applied`,
		Part:  nvuePart,
		Delta: nvueDelta,
		Free:  nvueCommon + nvueFree,
		Begin: nvueCommon + nvueBegin,
		Keep:  nvueCommon + nvueKeep,
		Back:  nvueCommon + nvueBack,
		Again: `cat "$1/before" "$1/after"`,
		Undo:  `sudo nv config apply --confirm-no`,
	},
}

// TrialOf is how a device is changed that commits by itself; nil: it does not.
func TrialOf(d *model.Device) *Trial {
	if d.Platform == "nvue" && d.Role.Switch() {
		return nvueUnit.Trial
	}
	return nil
}

const (
	nvueCommon = `quiet() { "$@" >/dev/null 2>&1 </dev/null; }
# applied prints what is applied. What stands above its tree, the version and
# such, is left out: it is no configuration.
applied() {
	all=$(nv config show -r applied -o yaml 2>/dev/null </dev/null) || all=$(nv config show </dev/null) || return
	printf '%s\n' "$all" | sed -n '/^- set:/,$p'
}
sum() { sha256sum | cut -c1-64; }
# on_trial says whether a change waits to be confirmed, anybody's.
on_trial() {
	if said=$(nv config revision -o json 2>/dev/null </dev/null); then
		case $said in *'"state": "confirm"'* | *'"state":"confirm"'*) return 0 ;; *) return 1 ;; esac
	fi
	nv config apply --confirm-status 2>/dev/null </dev/null | grep -Eqi '[0-9] *(s|m|h)|[0-9]:[0-9]'
}
# waiting says whether root has a change that is not applied yet.
waiting() { nv config diff 2>/dev/null </dev/null | grep -Eq '^- (set|unset):'; }
# revision is the number that nv said.
revision() { sed -n 's/.*rev_id: *\([0-9][0-9]*\).*/\1/p' | tail -n 1; }
# current is the revision that is applied: the last that became so.
current() {
	nv config revision 2>/dev/null </dev/null | awk '$2 ~ /^applied/ && $4 " " $5 >= at { at = $4 " " $5; rev = $1 } END { print rev }'
}
# candidate makes the pending revision of a delta.
candidate() {
	sed -n 's/^# unset //p' "$1" | {
		set -f
		while read -r path; do
			nv unset $path </dev/null || exit 1
		done
	} || return
	! grep -q '^- set:' "$1" || nv config patch "$1" </dev/null
}
# drop lets the pending revision go.
drop() {
	rev=$(printf '%s\n' "$1" | revision)
	quiet nv config detach
	[ -z "$rev" ] || quiet nv config delete "$rev" || true
}
`

	nvueFree = `if on_trial; then
	echo "a change of somebody else is on trial in NVUE: see nv config apply --confirm-status, and confirm it or take it back"
	exit 1
fi
if waiting; then
	echo "root has a change in NVUE that is not applied: see nv config diff, and apply it or let it go with nv config detach"
	exit 1
fi
`

	// nvueCheck makes the candidate, which NVUE holds beside its model, and lets
	// it go.
	nvueCheck = nvueFree + `said=$(candidate "$1" 2>&1)
status=$?
drop "$said"
[ $status = 0 ] || { printf '%s\n' "$said"; exit 1; }
`

	// nvueBegin applies an earlier revision itself where that is what is asked
	// ($4: its number, and the sum of what must be applied now): a revision has
	// its passwords, which nobody is shown.
	nvueBegin = `notes=$3
current >"$notes/before"
applied | sum >"$notes/old"
again=
if [ -f "$4" ] && [ "$(sed -n 2p "$4")" = "$(cat "$notes/old")" ]; then again=$(sed -n 1p "$4"); fi
if [ -n "$again" ]; then
	said=$(nv config apply "$again" --confirm "${2}s" -y 2>&1 </dev/null) || { printf '%s\n' "$said"; exit 1; }
	echo "$again" >"$notes/rev"
else
	said=$(candidate "$1" 2>&1) || { printf '%s\n' "$said"; drop "$said"; exit 1; }
	printf '%s\n' "$said" | revision >"$notes/rev"
	said=$(nv config apply --confirm "${2}s" -y 2>&1 </dev/null) || { printf '%s\n' "$said"; exit 1; }
fi
printf '%s\n' "$said"
rev=$(printf '%s\n' "$said" | revision)
[ -z "$rev" ] || echo "$rev" >"$notes/rev"
applied | sum >"$notes/after"
if [ "$(cat "$notes/after")" = "$(cat "$notes/old")" ]; then
	echo "NVUE applied nothing"
	exit 1
fi
`

	// nvueKeep confirms, and saves where NVUE does not do that by itself (before
	// 5.9).
	nvueKeep = `rev=$(cat "$1/rev")
if on_trial; then
	quiet nv config apply $rev --confirm-yes || nv config apply --confirm-yes </dev/null || exit
	tries=0
	while on_trial; do
		[ $tries -lt 30 ] || { echo "NVUE does not take the confirmation"; exit 1; }
		tries=$((tries + 1))
		sleep 1
	done
fi
[ "$(applied | sum)" = "$(cat "$1/after")" ] || { echo "NVUE has taken the change back already"; exit 1; }
quiet nv config save || nv config save </dev/null
`

	// nvueBack ends the trial; where it was confirmed already, or NVUE does not
	// get there, the revision before is applied.
	nvueBack = `rev=$(cat "$1/rev" 2>/dev/null) before=$(cat "$1/before" 2>/dev/null)
[ -f "$1/old" ] || exit 0
is_back() { ! on_trial && [ "$(applied | sum)" = "$(cat "$1/old")" ]; }
if on_trial; then
	quiet nv config apply $rev --confirm-no || nv config apply --confirm-no </dev/null
fi
quiet nv config detach
tries=0
until is_back "$1"; do
	if [ $tries = 10 ] && [ -n "$before" ]; then
		nv config apply "$before" -y </dev/null && quiet nv config save
	fi
	[ $tries -lt 60 ] || { echo "NVUE does not go back to revision ${before:-before}"; exit 1; }
	tries=$((tries + 1))
	sleep 0.5
done
`
)
