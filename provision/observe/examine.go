package observe

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Examine asks every device once, for its figures and for its evidence, and
// waits until each has answered or failed, or ctx ends.
func (o *Observer) Examine(ctx context.Context) Snapshot {
	await(ctx, o.busy())
	await(ctx, o.ask(how{now: true, deep: true}, everyone))
	return o.snapshot()
}

// busy answers the ends of all polls that are under way.
func (o *Observer) busy() []<-chan struct{} {
	var ends []<-chan struct{}
	for _, a := range o.devices {
		a.mu.Lock()
		if a.busy != nil {
			ends = append(ends, a.busy)
		}
		a.mu.Unlock()
	}
	return ends
}

const showNeighbors = "show bgp neighbors json"

// partMark announces a part of the evidence, so that nothing of it is taken
// for an answer of the round.
const partMark = "=== closup "

// systemEvidence asks the system for what only a diagnosis needs. What a device
// does not have (nft) it is not asked for.
const systemEvidence = `
part() { printf '\n` + partMark + `%s\n' "$1"; }
part links; ip -j addr show
part near; ip -j -6 neigh show
part processes; ps -e -o etimes= -o stat= -o comm=
part sysctls; grep -Hs . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding /proc/sys/net/ipv4/conf/*/rp_filter /proc/sys/net/ipv6/conf/*/disable_ipv6
part date; date '+%Y/%m/%d %H:%M:%S'
part firewall
for tool in nft iptables-save ip6tables-save; do
	if command -v $tool >/dev/null; then
		echo "# closup $tool"
		if [ $tool = nft ]; then nft -a list ruleset 2>/dev/null; else $tool 2>/dev/null; fi
	fi
done
for i in /sys/class/net/*; do
	if [ "$(cat $i/carrier 2>/dev/null)" = 0 ]; then
		part "media ${i##*/}"
		ethtool ${i##*/} 2>/dev/null | grep -E 'Speed|Duplex|Auto-neg|Link detected|Link partner|Port:'
		ethtool --show-fec ${i##*/} 2>/dev/null | grep -i 'FEC encoding'
		ethtool -m ${i##*/} 2>&1 | grep -iE '^netlink error|Cannot get|Identifier|power'
	fi
done
`

// routerEvidence asks the router. Each daemon is asked apart, for one that hangs
// holds up the whole of a vtysh.
const routerEvidence = `
part bgpd; timeout 3 vtysh -d bgpd -E -c 'show running-config' -c '` + showNeighbors + `' 2>&1; s=$?
part bgpd-status; echo $s
part bgpd-quagga; if [ $s != 0 ] && [ $s != 124 ]; then timeout 3 vtysh -d bgpd -E -c 'show ip bgp neighbors json' 2>&1; fi
part zebra; timeout 3 vtysh -d zebra -E -c 'show interface' -c 'show running-config' 2>&1; s=$?
part zebra-status; echo $s
part mgmtd; if pgrep -x mgmtd >/dev/null; then timeout 3 vtysh -d mgmtd -E -c 'show running-config' 2>&1; fi; s=$?
part mgmtd-status; echo $s
part container; set -- $(sed -n 's/^exec \([^ ]*\) exec .* \([^ ]*\) vtysh "$@"$/\1 \2/p' /usr/local/bin/vtysh 2>/dev/null)
if [ $# = 2 ]; then
	timeout 3 "$1" inspect --type container --format 'state {{.State.Status}} {{.HostConfig.NetworkMode}}' "$2" 2>&1
	timeout 3 "$1" logs --tail 20 "$2" 2>&1
fi
part lldp; if command -v lldpcli >/dev/null; then timeout 3 lldpcli -f json0 show neighbors 2>/dev/null; fi
`

// question is the script of one round trip.
func question(d dialect, deep bool) string {
	if deep {
		return strings.TrimSuffix(script(d), "exit 0\n") + systemEvidence + routerEvidence + "exit 0\n"
	}
	return script(d)
}

// answered reads what question was answered with.
func answered(name string, spoken dialect, out []byte, at time.Time, deep bool) (reading, error) {
	if !deep {
		return read(name, spoken, out, at)
	}
	figures, evidence, found := bytes.Cut(out, []byte("\n"+partMark))
	if !found {
		return reading{}, errors.New("no evidence in the answer")
	}
	d, err := read(name, spoken, figures, at)
	if err == nil {
		d.Evidence, err = readEvidence(append([]byte(partMark), evidence...), at)
	}
	return d, err
}

// later is the younger evidence, with what happened since the older. Where
// there is no younger one the older stands, with its age.
func later(older, younger *Evidence) *Evidence {
	if younger == nil || older == nil {
		return cmp.Or(younger, older)
	}
	for i := range younger.Links {
		l := &younger.Links[i]
		if was, there := older.Link(l.Name); there && was.Asked && l.Downs > was.Downs {
			l.Recent = l.Downs - was.Downs
		}
	}
	return younger
}

// parts splits the evidence by its announcements.
func parts(out []byte) map[string][]byte {
	found := map[string][]byte{}
	for part := range bytes.SplitSeq(append([]byte("\n"), out...), []byte("\n"+partMark)) {
		name, body, ok := bytes.Cut(part, []byte("\n"))
		if ok && len(name) > 0 {
			found[string(name)] = body
		}
	}
	return found
}

var echoed = regexp.MustCompile(`(?m)^\S+[#>] (show .*)\r?$`)

// echoes splits what vtysh -E printed: command to answer.
func echoes(out []byte) map[string][]byte {
	found := map[string][]byte{}
	at := echoed.FindAllSubmatchIndex(out, -1)
	for i, m := range at {
		end := len(out)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		found[string(out[m[2]:m[3]])] = out[m[1]:end]
	}
	return found
}

// readEvidence makes evidence of the answer to systemEvidence and routerEvidence.
// What a device did not say stays empty: a check that needs it says nothing then.
func readEvidence(out []byte, at time.Time) (*Evidence, error) {
	part := parts(out)
	e := &Evidence{At: at, Media: map[string]string{}}
	var err error
	if e.Links, err = ParseLinks(part["links"]); err != nil {
		return nil, fmt.Errorf("ip -j addr show: %w", err)
	}
	if e.Near, err = ParseNear(part["near"]); err != nil {
		return nil, fmt.Errorf("ip -j -6 neigh show: %w", err)
	}
	e.Daemons = ParseDaemons(part["processes"])
	e.Sysctls = parseSysctls(part["sysctls"])
	e.Firewall = ParseFirewall(part["firewall"])
	e.LLDP = ParseLLDP(part["lldp"])
	e.Container = parseContainer(part["container"])
	for _, daemon := range []string{"bgpd", "zebra", "mgmtd"} { // since FRR 10 mgmtd has what zebra had
		said := echoes(part[daemon])
		if strings.TrimSpace(string(part[daemon+"-status"])) == "124" {
			e.Silent = append(e.Silent, daemon)
		}
		e.Config.Merge(ParseConfig(said["show running-config"]))
		if text := said[showNeighbors]; len(text) > 0 {
			var ours *saidError
			if e.Sessions, err = ParseSessions(text); asSaid(err, &ours) {
				e.Sessions, err = ParseSessions(echoes(part["bgpd-quagga"])["show ip bgp neighbors json"])
			}
			if err != nil && !asSaid(err, &ours) {
				return nil, fmt.Errorf("%s: %w", showNeighbors, err)
			}
		}
		if text := said["show interface"]; len(text) > 0 {
			e.Told(ParseInterfaces(text, string(bytes.TrimSpace(part["date"]))))
		}
	}
	for name, text := range part {
		if port, ok := strings.CutPrefix(name, "media "); ok {
			e.Media[port] = strings.TrimSpace(string(text))
		}
	}
	return e, nil
}

// parseContainer reads what the engine says of the router's container; nil: the
// router runs in none.
func parseContainer(data []byte) *Container {
	text := strings.TrimSpace(string(data))
	if text == "" {
		return nil
	}
	first, log, _ := strings.Cut(text, "\n")
	words := strings.Fields(first)
	if len(words) != 3 || words[0] != "state" {
		return &Container{Log: text} // the engine has no such container
	}
	return &Container{State: words[1], Network: words[2], Log: strings.TrimSpace(log)}
}

// Told adds what zebra says of the interfaces to what the kernel said.
func (e *Evidence) Told(zebra []Link) {
	for _, z := range zebra {
		for i := range e.Links {
			if l := &e.Links[i]; l.Name == z.Name {
				l.Asked, l.RASent, l.RARcvd, l.Heard, l.Downs, l.LastDown = true, z.RASent, z.RARcvd, z.Heard, z.Downs, z.LastDown
			}
		}
	}
}

// ParseLLDP reads `lldpcli -f json0`, whose shape is the same for one
// neighbor and for many. Anything else is no evidence.
func ParseLLDP(data []byte) []Seen {
	type value struct{ Value string }
	var doc struct {
		LLDP []struct {
			Interface []struct {
				Name    string
				Chassis []struct{ Name []value }
				Port    []struct {
					ID    []value
					Descr []value
				}
			}
		}
	}
	if json.Unmarshal(data, &doc) != nil {
		return nil
	}
	first := func(v []value) string {
		if len(v) == 0 {
			return ""
		}
		return v[0].Value
	}
	var out []Seen
	for _, l := range doc.LLDP {
		for _, i := range l.Interface {
			s := Seen{Port: i.Name}
			for _, c := range i.Chassis {
				s.Device = first(c.Name)
			}
			for _, p := range i.Port {
				if s.PeerPort = first(p.ID); strings.Contains(s.PeerPort, ":") && len(p.Descr) > 0 {
					s.PeerPort = first(p.Descr) // the id is a MAC address
				}
			}
			out = append(out, s)
		}
	}
	return out
}
