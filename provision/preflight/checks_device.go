package preflight

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"closup/model"
	"closup/render"
)

// What is on the device: its system, router, packages, disk and clock.

// renderOnly are the platforms that closup writes files for and does not push
// to, and why.
var renderOnly = map[string]string{
	"sonic":   "`closup render` prints config_db.json and frr.conf, and docs/vendors.md says how to load them",
	"flatcar": "it takes its configuration at its first start: `closup render --target butane` writes it",
	"coreos":  "it takes its configuration at its first start: `closup render --target butane` writes it",
}

// RenderOnly says whether closup writes for the platform, but does not push to
// it.
func RenderOnly(platform string) bool { return renderOnly[platform] != "" }

// Remedy is what to do instead for a platform that RenderOnly holds of.
func Remedy(platform string) string { return renderOnly[platform] }

// systems are what /etc/os-release calls each platform (ID).
var systems = map[string]string{"cumulus": "cumulus-linux", "nvue": "cumulus-linux", "debian": "debian", "ubuntu": "ubuntu"}

func platform(v View) Result {
	want := v.Device.Platform
	if RenderOnly(want) {
		return result(Failed, renderOnly[want], "closup writes files for %s, and does not push to it", want)
	}
	f := v.Facts
	if f == nil {
		return none("not seen")
	}
	name := f.System.Name
	if name == "" {
		name = f.System.ID
	}
	switch {
	case f.System.ID == "":
		return none("it does not say what system it has")
	case v.Lab && f.System.ID != systems[want]:
		return ok("%s, which stands in for %s in the lab", name, want)
	case f.System.ID != systems[want]:
		return result(Warning, "correct `platform` in fabric.yaml, or see whether this is the device", "it runs %s, and fabric.yaml says %s", name, want)
	case v.Device.Release != "" && !sameRelease(v.Device.Release, f.System.Version):
		return result(Warning, "correct `release` in fabric.yaml", "it runs %s, and fabric.yaml says release %s", name, v.Device.Release)
	}
	return ok("%s", name)
}

// sameRelease compares as far as both say: 5.9 is the same as 5.9.1.
func sameRelease(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	n := min(len(x), len(y))
	return slices.Equal(x[:n], y[:n])
}

// oldest and newest are the releases of FRR that the tests run.
const oldest, newest = "7.5", "10.3"

func router(v View) Result {
	f := v.Facts
	if v.Device.Router != "frr" {
		if engine := v.Device.Container.Engine; engine != "" && !f.Has(engine) {
			return result(Failed, "install "+engine, "its router runs in a container, and %s is not there", engine)
		}
		return ok("%s, in %s", v.Device.Router, v.Device.Container.Engine)
	}
	release := strings.FieldsFunc(f.Router, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	switch {
	case !f.Has("vtysh"):
		return result(Failed, "install it, or let `closup preflight --packages DIR` do it", "FRR is not installed")
	case f.Router == "" || len(release) == 0:
		return none("FRR is there, in an unknown version")
	case model.CompareReleases(release[0], oldest) < 0:
		return result(Warning, "closup is tried with FRR "+oldest+" to "+newest, "FRR %s is older than any that closup was tried with", f.Router)
	case model.CompareReleases(release[0], newest) > 0 && !sameRelease(release[0], newest):
		return ok("FRR %s, newer than any that closup was tried with", f.Router)
	}
	return ok("FRR %s", f.Router)
}

// need is a tool and the Debian package that has it.
type need struct{ tool, pkg string }

// always is what the device's part of a push runs.
var always = []need{
	{"base64", "coreutils"},
	{"sha256sum", "coreutils"},
	{"stat", "coreutils"},
	{"timeout", "coreutils"},
	{"flock", "util-linux"},
	{"setsid", "util-linux"},
	{"cmp", "diffutils"},
	{"find", "findutils"},
	{"tar", "tar"},
	{"ip", "iproute2"},
}

// needs is what a push to the device runs.
func needs(d model.Device) []need {
	out := slices.Clone(always)
	if d.Router == "frr" {
		out = append(out, need{"vtysh", "frr"}, need{"frr-reload.py", "frr-pythontools"})
	}
	switch d.Network {
	case "ifupdown2":
		out = append(out, need{"ifreload", "ifupdown2"})
	case "netplan":
		out = append(out, need{"netplan", "netplan.io"})
	case "networkd":
		out = append(out, need{"networkctl", "systemd"})
	}
	return out
}

// missing are the needs that the device has not got, each package once.
func missing(v View) []need {
	var out []need
	for _, n := range needs(v.Device) {
		if !v.Facts.Has(n.tool) && !slices.ContainsFunc(out, func(o need) bool { return o.pkg == n.pkg }) {
			out = append(out, n)
		}
	}
	return out
}

func packages(v View) Result {
	lack := missing(v)
	if len(lack) == 0 {
		return ok("all there")
	}
	var tools, pkgs []string
	for _, n := range lack {
		tools, pkgs = append(tools, fmt.Sprintf("%s (package %s)", n.tool, n.pkg)), append(pkgs, n.pkg)
	}
	remedy := "apt-get install " + strings.Join(pkgs, " ") + "; without internet `closup preflight --packages DIR` installs the .deb files of a folder"
	return result(Failed, remedy, "it lacks %s", strings.Join(tools, ", "))
}

func nvue(v View) Result {
	f := v.Facts
	if render.TrialOf(&v.Device) != nil {
		return nvueReady(v)
	}
	switch {
	case len(f.NVUE.Wrote) > 0:
		return result(Failed, "end NVUE for good (sudo systemctl disable --now nvued), or write platform: nvue and push to it through NVUE", "NVUE owns %s, and would write over it", strings.Join(f.NVUE.Wrote, " and "))
	case f.NVUE.Runs:
		return result(Warning, "end it for good: sudo systemctl disable --now nvued", "NVUE runs: whoever says `nv config apply` writes over closup's files")
	}
	return ok("NVUE does not run")
}

// nvueWords are the releases from which on NVUE has other words.
var nvueWords = []string{"5.1", "5.15"}

// nvueReady says whether a switch can be pushed to through NVUE.
func nvueReady(v View) Result {
	f := v.Facts
	release := f.System.Version
	known := f.System.ID == systems["nvue"] && release != ""
	said := v.Device.Release
	if said == "" {
		said = nvueWords[0]
	}
	differs := false
	for _, since := range nvueWords {
		differs = differs || (model.CompareReleases(release, since) < 0) != (model.CompareReleases(said, since) < 0)
	}
	switch {
	case v.Lab && !f.Has("nv"):
		return result(Failed, "write platform: cumulus to practise: what is routed is the same", "a lab has no NVUE")
	case known && model.CompareReleases(release, model.FirstNVUE) < 0:
		return result(Failed, "write platform: cumulus", "Cumulus Linux %s has no NVUE; it came with %s", release, model.FirstNVUE)
	case !f.Has("nv"):
		return result(Failed, "see whether this is the device, or write platform: cumulus", "there is no nv, so NVUE is not installed")
	case !f.NVUE.Runs:
		return result(Failed, "sudo systemctl enable --now nvued", "NVUE does not run: there is no nvued")
	case known && differs:
		return result(Failed, "write `release: "+strings.Join(strings.Split(release, ".")[:2], ".")+"` for it in fabric.yaml", "it runs Cumulus Linux %s, whose NVUE has other words than closup would use", release)
	case f.NVUE.Busy != "":
		return result(Failed, "wait, or ask whose it is: nv config revision lists them", "%s", f.NVUE.Busy)
	}
	return ok("NVUE runs, and nobody's change waits in it")
}

func writable(v View) Result {
	var dirs []string
	at := map[string]bool{}
	for _, dir := range v.Writes.Dirs {
		if point, no := v.Facts.ReadOnly[dir]; no {
			dirs = append(dirs, dir)
			at[point] = true
		}
	}
	if len(dirs) == 0 {
		return ok("all directories can be written")
	}
	return result(Failed, "see `mount` and the kernel's log: a file system that met errors is mounted read-only until it is checked", "even root cannot write in %s", strings.Join(dirs, ", "))
}

const (
	reserve    = 16 << 20 // bytes that must stay free
	scarce     = 64 << 20
	fewInodes  = 200
	someInodes = 2000
)

// disk: the files are there thrice while a push runs: old, new, and staged.
func disk(v View) Result {
	wants := 3*v.Writes.Bytes + reserve
	worst := ok("enough room")
	for _, d := range v.Facts.Disks {
		var r Result
		switch {
		case d.Free >= 0 && d.Free < wants:
			r = result(Failed, "make room: old logs, `apt-get clean`, old images", "%s has %s free, and a push wants %s", d.Point, size(d.Free), size(wants))
		case d.Inodes >= 0 && d.Inodes < fewInodes:
			r = result(Failed, "remove small files that nobody needs", "%s has only %d inodes free", d.Point, d.Inodes)
		case d.Free >= 0 && d.Free < wants+scarce:
			r = result(Warning, "make room soon: old logs, `apt-get clean`, old images", "%s has only %s free", d.Point, size(d.Free))
		case d.Inodes >= 0 && d.Inodes < someInodes:
			r = result(Warning, "remove small files that nobody needs", "%s has only %d inodes free", d.Point, d.Inodes)
		}
		if rank[r.State] > rank[worst.State] {
			worst = r
		}
	}
	if len(v.Facts.Disks) == 0 {
		return none("df says nothing")
	}
	return worst
}

func size(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%d KiB", bytes>>10)
	}
	return fmt.Sprintf("%d MiB", bytes>>20)
}

// wrongClock is how far a clock may be off. Certificates, leases and logs stand
// more than BGP does; a push itself reads no wall clock.
const wrongClock = 30 * time.Second

// offset is how far the device's clock is ahead of the operator's, as far as
// that is certain: somewhere between question and answer it was read.
func offset(v View) time.Duration {
	at := v.Facts.Clock
	switch {
	case at.IsZero():
		return 0
	case at.After(v.Received):
		return at.Sub(v.Received)
	case at.Add(time.Second).Before(v.Sent):
		return at.Add(time.Second).Sub(v.Sent)
	}
	return 0
}

func clock(v View) Result {
	off := offset(v)
	remedy := "set it, by NTP where there is a server: certificates and logs depend on it; or correct this machine's"
	switch {
	case v.Facts.Clock.IsZero():
		return none("it does not tell the time")
	case off > wrongClock:
		return result(Warning, remedy, "its clock is %s ahead of this machine's", span(off))
	case off < -wrongClock:
		return result(Warning, remedy, "its clock is %s behind this machine's", span(-off))
	}
	return ok("as this machine's")
}
