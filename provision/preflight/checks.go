package preflight

import (
	"cmp"
	"fmt"
	"net"
	"strconv"
	"time"

	"closup/model"
	"closup/provision"
)

// View is all that a check may look at: the plan, and what was read.
type View struct {
	Plan     *model.Plan
	Device   model.Device
	Endpoint model.Endpoint
	Writes   Writes
	Lab      bool // it stands in for the real device

	DialErr        error // why it was not logged in to
	RootErr        error // why root did not answer
	Shell          Shell // of the login; zero: not asked
	Facts          *Facts
	Sent, Received time.Time // of the script and its answer, by the operator's clock
}

// Check is one row of the table: what is looked at, and the function that
// judges it.
type Check struct {
	Name  string `json:"check"`
	About string `json:"about"` // what it asks, as a sentence
	// facts says that the check needs what the device said as root.
	facts bool
	judge func(View) Result
}

// Checks are all checks, in the order in which they are shown.
var Checks = []Check{
	{"reachable", "Does it answer at its management address?", false, reachable},
	{"host-key", "Is its SSH host key the one that is known?", false, hostKey},
	{"login", "Does it let the user in?", false, login},
	{"password", "Is the user's password one that need not be changed first?", false, password},
	{"sudo", "May the user be root?", false, sudo},
	{"shell", "Does the login shell start quickly, and print nothing of its own?", false, shell},
	{"identity", "Is it the device of the plan: by serial, host name or LLDP?", true, identity},
	{"platform", "Is its system the one that fabric.yaml says, and one that closup pushes to?", false, platform},
	{"router", "Is its router there, in a version that closup knows?", true, router},
	{"packages", "Is all there that a push needs?", true, packages},
	{"nvue", "Does NVUE keep its hands off the files?", true, nvue},
	{"writable", "Can the directories be written that a push writes in?", true, writable},
	{"disk", "Is there room for the files, old and new?", true, disk},
	{"clock", "Is its clock the operator's?", true, clock},
	{"ports", "Are the planned ports there, and up?", true, ports},
	{"cabling", "Are the neighbors that LLDP sees the planned ones?", true, cabling},
}

// Judge holds what was read beside the plan.
func Judge(v View) Report {
	r := Report{Name: v.Device.Name, Address: address(v.Endpoint), State: OK, Serials: []string{}, Ports: []Port{}, Err: cmp.Or(v.DialErr, v.RootErr)}
	r.Offers = Offers{Raise: []string{}, Packages: []string{}}
	for _, c := range Checks {
		res := Result{State: Unknown, Message: "not asked, since it gave no answer as root"}
		if !c.facts || v.Facts != nil {
			res = c.judge(v)
		}
		res.Check = c.Name
		if rank[res.State] > rank[r.State] {
			r.State = res.State
		}
		r.Checks = append(r.Checks, res)
	}
	r.Offers.Password = expired(v)
	if f := v.Facts; f != nil {
		r.Hostname, r.System, r.Router = f.Hostname, cmp.Or(f.System.Name, f.System.ID), f.Router
		r.Serials = append(r.Serials, f.Serials...)
		r.Offset, r.lldpd = offset(v).Seconds(), f.LLDPD
		r.Ports = portsOf(v)
		for _, p := range r.Ports {
			if p.State == portDown {
				r.Offers.Raise = append(r.Offers.Raise, p.Name)
			}
		}
		for _, n := range missing(v) {
			r.Offers.Packages = append(r.Offers.Packages, n.pkg)
		}
	}
	return r
}

// Refusal is why a push must not touch the device: its first check that failed.
// nil: it may.
func (r Report) Refusal() error {
	for _, c := range r.Checks {
		if c.State == Failed {
			return &RefusedError{Device: r.Name, Result: c, Err: r.Err}
		}
	}
	return nil
}

// RefusedError is a device that a check keeps a push from.
type RefusedError struct {
	Device string
	Result Result
	Err    error // may be nil
}

func (e *RefusedError) Error() string {
	text := e.Device + ": " + e.Result.Message
	if e.Result.Remedy != "" {
		text += "; " + e.Result.Remedy
	}
	return text
}

// Unwrap gives the cause.
func (e *RefusedError) Unwrap() error { return e.Err }

func address(e model.Endpoint) string {
	if e.Host == "" {
		return ""
	}
	return net.JoinHostPort(e.Host, strconv.Itoa(cmp.Or(e.Port, 22)))
}

func ok(format string, args ...any) Result   { return result(OK, "", format, args...) }
func none(format string, args ...any) Result { return result(Unknown, "", format, args...) }

func result(s State, remedy, format string, args ...any) Result {
	return Result{State: s, Message: provision.Plain(fmt.Sprintf(format, args...)), Remedy: provision.Plain(remedy)}
}

// span is a duration as people say it.
func span(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f minutes", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.1f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}
