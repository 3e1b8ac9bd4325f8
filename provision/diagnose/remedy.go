package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"closup/model"
	"closup/provision/observe"
)

// Remedy is what to do about a finding. Push and Commands may be empty: not all
// can be done from afar.
type Remedy struct {
	Message  string    `json:"message"`
	Commands []Command `json:"commands"`
	Push     []string  `json:"push"` // devices whose planned configuration, pushed, puts it right
}

// Command is one line to type on a device as root.
type Command struct {
	Device  string `json:"device"`
	Command string `json:"command"`
	Kind    Kind   `json:"kind"`
}

// Kind says what a command does, and so who may run it.
type Kind string

const (
	// Look only tells, and changes nothing.
	Look Kind = "look"
	// Run changes what the device does at this moment, and no file of it.
	Run Kind = "run"
	// Configure changes the running configuration: a push of the planned one
	// does the same, and is what lasts.
	Configure Kind = "configure"
	// Clear makes what was put right take effect, after that.
	Clear Kind = "clear"
	// Hand is for somebody who knows how the device is reached: it may cut that
	// way, or belongs to somebody else.
	Hand Kind = "hand"
)

// Applicable says whether closup itself can do something about it.
func (r Remedy) Applicable() bool {
	return len(r.Push) > 0 || slices.ContainsFunc(r.Commands, func(c Command) bool { return c.Kind == Run })
}

func do(message string, commands ...Command) Remedy {
	r := Remedy{Message: message, Commands: commands}
	for _, c := range commands {
		if c.Kind == Configure && !slices.Contains(r.Push, c.Device) {
			r.Push = append(r.Push, c.Device)
		}
	}
	return r
}

// pushed is the remedy that is a push of these devices, then the commands.
func pushed(device string, commands ...Command) Remedy {
	return pushedAnd("", []string{device}, commands...)
}

// pushedAnd says something more of it.
func pushedAnd(more string, devices []string, commands ...Command) Remedy {
	whose := "its configuration"
	if len(devices) > 1 {
		whose = "their configurations"
	}
	return Remedy{
		Message:  "push " + whose + ": `closup push --only " + strings.Join(devices, ",") + "`" + more,
		Commands: commands, Push: devices,
	}
}

func line(kind Kind, device, format string, args []any) Command {
	return Command{Device: device, Command: fmt.Sprintf(format, args...), Kind: kind}
}

func look(device, format string, args ...any) Command { return line(Look, device, format, args) }

func on(device, format string, args ...any) Command { return line(Run, device, format, args) }

func clearing(device, format string, args ...any) Command { return line(Clear, device, format, args) }

func byHand(device, format string, args ...any) Command { return line(Hand, device, format, args) }

// vty is a line for the configuration of FRR.
func vty(device string, lines ...string) Command {
	text := "vtysh -c 'configure terminal'"
	for _, l := range lines {
		text += fmt.Sprintf(" -c '%s'", l)
	}
	return Command{Device: device, Command: text, Kind: Configure}
}

// restart starts the router of a device anew, wherever it runs. A watchfrr that
// is stopped would hold that up, and is let go first.
func restart(d *model.Device, e *observe.Evidence) []Command {
	var out []Command
	if e != nil {
		if w, there := e.Daemon("watchfrr"); there && w.State == "T" {
			out = append(out, on(d.Name, "pkill -CONT -x watchfrr"))
		}
	}
	name, contained := strings.CutSuffix(d.Router, "-container")
	if contained {
		return append(out, on(d.Name, "systemctl restart %[1]s-container || %[2]s restart %[1]s", name, orElse(d.Container.Engine, "docker")))
	}
	// frrinit.sh of FRR 10 leaves daemons that hold its output.
	return append(out, on(d.Name, "if [ -d /run/systemd/system ]; then systemctl restart frr; else /usr/lib/frr/frrinit.sh restart </dev/null >/dev/null 2>&1; fi"))
}

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// stopped is a pattern for those of a device's daemons that a signal stopped,
// the named one among them.
func stopped(e *observe.Evidence, name string) string {
	names := name
	if w, there := e.Daemon("watchfrr"); there && w.State == "T" {
		names += "|watchfrr"
	}
	return "'" + names + "'"
}

// probe is a look that sends packets. Where logins sit in a management VRF it
// leaves that first: what is asked for by file, netlink or vtysh does not care.
func (v *view) probe(device, format string, args ...any) Command {
	if d, ok := v.plan.Device(device); ok && d.Management.VRF != "" {
		format = "ip vrf exec default " + format
	}
	return look(device, format, args...)
}

// sparing is the kind of a command that takes something from a port: the
// management port is for a person at the console.
func (v *view) sparing(device, port string) Kind {
	if d, ok := v.plan.Device(device); ok && port == orElse(d.Management.Port, "eth0") {
		return Hand
	}
	return Run
}
