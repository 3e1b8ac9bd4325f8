package preflight

import (
	"errors"
	"strings"
	"time"

	"closup/provision"
)

// What stands between the operator and root on the device.

// said is an error's text without the device before it, which the report has
// anyway.
func said(err error) string {
	var d *provision.DeviceError
	if errors.As(err, &d) {
		bare := *d
		bare.Device, bare.Where = "it", ""
		return strings.TrimPrefix(bare.Error(), "it: ")
	}
	return err.Error()
}

// answered says that the device spoke SSH, whatever it said then.
func answered(err error) bool {
	var key *provision.HostKeyError
	return err == nil || errors.As(err, &key) || errors.Is(err, provision.ErrAuth) || errors.Is(err, provision.ErrWeak)
}

func reachable(v View) Result {
	switch {
	case RenderOnly(v.Device.Platform):
		return none("not asked: closup does not push to %s", v.Device.Platform)
	case !answered(v.DialErr):
		return result(Failed, "see that it has power and a management cable, and that its mgmt in fabric.yaml is right", "%s", said(v.DialErr))
	case errors.Is(v.RootErr, provision.ErrTimeout), errors.Is(v.RootErr, provision.ErrUnreachable):
		return result(Failed, "see whether it is overloaded, and try again", "it let us in and then fell silent: %s", said(v.RootErr))
	case v.Endpoint.Jump != "":
		return ok("answers through %s", v.Endpoint.Jump)
	}
	return ok("answers")
}

func hostKey(v View) Result {
	var key *provision.HostKeyError
	switch {
	case errors.As(v.DialErr, &key) && key.Changed:
		return result(Failed, "if it was reinstalled, `closup hostkey forget "+v.Device.Name+"` shows both fingerprints and takes the new one", "%v", key)
	case errors.As(v.DialErr, &key):
		return result(Failed, "compare the fingerprint with the device's own; --accept-new takes it", "%v", key)
	case !answered(v.DialErr) || RenderOnly(v.Device.Platform):
		return none("not seen")
	}
	return ok("known")
}

func login(v View) Result {
	switch {
	case errors.Is(v.DialErr, provision.ErrWeak):
		return result(Failed, "update its SSH server", "%s", said(v.DialErr))
	case errors.Is(v.DialErr, provision.ErrAuth):
		return result(Failed, "see `access` in fabric.yaml: user, identity, jump", "%s", said(v.DialErr))
	case v.DialErr != nil || RenderOnly(v.Device.Platform):
		return none("not tried")
	case v.Endpoint.User == "":
		return ok("lets us in")
	}
	return ok("lets %s in", v.Endpoint.User)
}

// expiredSigns are what sshd and PAM say where a password must be changed
// before anything else (OpenSSH's session.c, Linux-PAM's pam_unix).
var expiredSigns = []string{
	"password has expired", "password change required", "change your password", "password expired", "account has expired",
}

// expired says whether the device wants a new password before all else.
func expired(v View) bool {
	for _, err := range []error{v.RootErr, v.Shell.Err} {
		if err == nil {
			continue
		}
		text := err.Error()
		var exit *provision.ExitError
		if errors.As(err, &exit) {
			text += " " + exit.Stderr
		}
		text = strings.ToLower(text)
		for _, sign := range expiredSigns {
			if strings.Contains(text, sign) {
				return true
			}
		}
	}
	return false
}

func password(v View) Result {
	switch {
	case expired(v):
		return result(Failed, "`closup preflight --set-password` does it here, or log in with ssh once", "it wants the password of %s changed before anything else", userOf(v))
	case v.DialErr != nil || RenderOnly(v.Device.Platform):
		return none("not tried")
	}
	return ok("need not be changed")
}

func userOf(v View) string {
	if v.Endpoint.User == "" {
		return "the user"
	}
	return v.Endpoint.User
}

func sudo(v View) Result {
	switch {
	case v.DialErr != nil || RenderOnly(v.Device.Platform):
		return none("not tried")
	case v.RootErr == nil:
		return ok("may be root")
	case expired(v):
		return none("not tried: the password comes first")
	case errors.Is(v.RootErr, provision.ErrSudo):
		return result(Failed, "", "%s is not let be root: %s", userOf(v), strings.TrimPrefix(v.RootErr.Error(), provision.ErrSudo.Error()+": "))
	}
	return none("not seen")
}

const (
	slowShell   = 2 * time.Second
	frozenShell = 20 * time.Second // a push asks a dozen times, each within 60 s
)

func shell(v View) Result {
	if v.DialErr != nil || RenderOnly(v.Device.Platform) {
		return none("not seen")
	}
	if v.RootErr != nil && errors.Is(v.RootErr, provision.ErrOutput) {
		return result(Failed, "give the user a shell that runs a command over SSH, such as bash", "its login shell does not run what it is told: %s", said(v.RootErr))
	}
	var rest time.Duration // that the login and sudo took of the answer's time
	if v.Facts != nil {
		rest = v.Received.Sub(v.Sent) - v.Facts.Took
	}
	slow := max(v.Shell.Took, rest)
	switch {
	case slow > frozenShell:
		return result(Failed, "see what its .bashrc, its PAM modules or a lookup of its own name wait for", "its login shell and sudo take %s for each command", span(slow))
	case v.Shell.Took > slowShell:
		return result(Warning, "see what its .bashrc or .profile does for a login without a terminal", "its login shell takes %s for each command", span(v.Shell.Took))
	case rest > slowShell:
		return result(Warning, "sudo often waits for a lookup of the device's own name: put it into /etc/hosts", "login shell and sudo take %s for each command", span(rest))
	case strings.TrimSpace(v.Shell.Noise) != "":
		line, _, _ := strings.Cut(strings.TrimSpace(v.Shell.Noise), "\n")
		return result(Warning, "closup reads past it; scp and others do not: print it in interactive shells only", "its login shell prints by itself: %.60q", line)
	}
	return ok("quick and quiet")
}
