package observe

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

func asSaid(err error, target **saidError) bool { return errors.As(err, target) }

// ParseLinks reads `ip -j addr show`.
func ParseLinks(data []byte) ([]Link, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	var list []struct {
		IfName    string   `json:"ifname"`
		Flags     []string `json:"flags"`
		MTU       int      `json:"mtu"`
		Address   string   `json:"address"`
		AddrInfos []struct {
			Local     string `json:"local"`
			PrefixLen int    `json:"prefixlen"`
		} `json:"addr_info"`
	}
	if err := decode(data, &list); err != nil {
		return nil, err
	}
	links := make([]Link, 0, len(list))
	for _, l := range list {
		if l.IfName == "" {
			continue // ip prints {} for what -4 or a filter leaves out
		}
		link := Link{
			Name: l.IfName, MAC: l.Address, MTU: l.MTU, RASent: -1, RARcvd: -1,
			Up: slices.Contains(l.Flags, "UP"), Carrier: slices.Contains(l.Flags, "LOWER_UP"),
		}
		for _, a := range l.AddrInfos {
			if addr, err := netip.ParseAddr(a.Local); err == nil {
				link.Addrs = append(link.Addrs, netip.PrefixFrom(addr, a.PrefixLen))
			}
		}
		links = append(links, link)
	}
	return links, nil
}

// ParseNear reads `ip -j -6 neigh show`: the entries that have a MAC address.
func ParseNear(data []byte) ([]Neighbor, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	var list []struct {
		Dst    string   `json:"dst"`
		Dev    string   `json:"dev"`
		LLAddr string   `json:"lladdr"`
		State  []string `json:"state"`
	}
	if err := decode(data, &list); err != nil {
		return nil, err
	}
	var out []Neighbor
	for _, n := range list {
		addr, err := netip.ParseAddr(n.Dst)
		if err != nil {
			return nil, fmt.Errorf("a neighbor %q: %w", n.Dst, err)
		}
		if n.LLAddr != "" {
			out = append(out, Neighbor{Port: n.Dev, MAC: n.LLAddr, Address: addr, State: strings.Join(n.State, " ")})
		}
	}
	return out, nil
}

// frrDaemons are the processes that a diagnosis looks for.
var frrDaemons = []string{"watchfrr", "zebra", "bgpd", "bfdd", "staticd", "mgmtd"}

// ParseDaemons reads `ps -e -o etimes= -o stat= -o comm=`.
func ParseDaemons(data []byte) []Daemon {
	var out []Daemon
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) < 3 || !slices.Contains(frrDaemons, words[2]) {
			continue
		}
		seconds, err := strconv.Atoi(words[0])
		if err == nil {
			out = append(out, Daemon{Name: words[2], State: words[1][:1], Age: time.Duration(seconds) * time.Second})
		}
	}
	return out
}

// parseSysctls reads "/proc/sys/net/ipv4/ip_forward:1".
func parseSysctls(data []byte) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(string(data)) {
		path, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if ok {
			out[strings.TrimPrefix(path, "/proc/sys/")] = value
		}
	}
	return out
}

// sessionJSON is one neighbor of `show bgp neighbors json`.
type sessionJSON struct {
	State        string `json:"bgpState"`
	Address      string `json:"bgpNeighborAddr"`
	RemoteAS     asn    `json:"remoteAs"`
	LocalAS      asn    `json:"localAs"`
	Shutdown     bool   `json:"adminShutDown"`
	Reason       string `json:"lastResetDueTo"`
	Code         int    `json:"lastResetCode"`
	Notification string `json:"lastNotificationReason"`
	Interval     int64  `json:"bgpTimerConfiguredHoldTimeMsecs"`
	Stats        struct {
		OpensSent   int `json:"opensSent"`
		OpensRecv   int `json:"opensRecv"`
		NoticesSent int `json:"notificationsSent"`
		NoticesRecv int `json:"notificationsRecv"`
	} `json:"messageStats"`
	Families map[string]struct {
		Policy string `json:"inboundEbgpRequiresPolicy"`
		Limit  int    `json:"prefixAllowedMax"`
		Warns  bool   `json:"prefixAllowedMaxWarning"`
		Thresh int    `json:"prefixAllowedWarningThresh"`
		Taken  int    `json:"acceptedPrefixCounter"`
		InMap  string `json:"routeMapForIncomingAdvertisements"`
	} `json:"addressFamilyInfo"`
	Capabilities struct {
		NextHop string `json:"extendedNexthop"`
	} `json:"neighborCapabilities"`
	BFD struct {
		Status string `json:"status"`
	} `json:"peerBfdInfo"`
}

// ParseSessions reads `show bgp neighbors json`.
func ParseSessions(data []byte) ([]Session, error) {
	var root map[string]json.RawMessage
	if err := decode(data, &root); err != nil {
		return nil, err
	}
	var out []Session
	for key, raw := range root {
		if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
			continue // a scalar beside the neighbors
		}
		var n sessionJSON
		if err := json.Unmarshal(raw, &n); err != nil {
			return nil, fmt.Errorf("neighbor %s: %w", key, err)
		}
		s := Session{
			Key: key, State: n.State, Address: n.Address, RemoteAS: uint32(n.RemoteAS), LocalAS: uint32(n.LocalAS),
			Shutdown: n.Shutdown, Reason: n.Reason, Code: n.Code, Notification: n.Notification,
			Sent:  strings.HasSuffix(n.Reason, "Notification send"),
			Opens: [2]int{n.Stats.OpensSent, n.Stats.OpensRecv}, Notices: [2]int{n.Stats.NoticesSent, n.Stats.NoticesRecv},
			BFD: n.BFD.Status, NextHop: n.Capabilities.NextHop, Interval: time.Duration(n.Interval) * time.Millisecond,
		}
		if s.Address == "none" {
			s.Address = ""
		}
		for name, f := range n.Families {
			s.Families = append(s.Families, family(name))
			s.Policy = s.Policy || f.Policy != ""
			if f.Limit > s.Limit {
				s.Limit, s.Warns, s.Threshold, s.Accepted = f.Limit, f.Warns, f.Thresh, f.Taken
			}
			s.InMap = cmp.Or(s.InMap, f.InMap)
		}
		slices.Sort(s.Families)
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Session) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}

// family is an address family by the name that FRR 3 and later have for it:
// "IPv4Unicast" and "IPv4 Unicast" are older, "ipv4 unicast" is NCLU's.
func family(name string) string {
	plain := strings.ReplaceAll(strings.ToLower(name), " ", "")
	return cmp.Or(map[string]string{"ipv4unicast": "ipv4Unicast", "ipv6unicast": "ipv6Unicast", "l2vpnevpn": "l2VpnEvpn"}[plain], name)
}

// zebraTime is how zebra prints when a link changed, without its fraction.
const zebraTime = "2006/01/02 15:04:05"

// ParseInterfaces reads the text of `show interface`, which alone has the
// counters of router advertisements. now is the device's clock in zebra's
// notation.
func ParseInterfaces(data []byte, now string) []Link {
	clock, clockErr := time.Parse(zebraTime, now)
	var out []Link
	var at *Link
	listing := false
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) >= 2 && words[0] == "Interface" && !strings.HasPrefix(line, " ") {
			out = append(out, Link{Name: words[1], RASent: -1, RARcvd: -1})
			at, listing = &out[len(out)-1], false
			continue
		}
		text := strings.TrimSpace(line)
		switch {
		case at == nil || len(words) == 0:
		case strings.HasPrefix(text, "Link downs:"):
			at.Downs, _ = strconv.Atoi(words[2])
			_, last, _ := strings.Cut(text, "last: ")
			last, _, _ = strings.Cut(last, ".")
			if then, err := time.Parse(zebraTime, strings.TrimSpace(last)); err == nil && clockErr == nil {
				at.LastDown = max(0, clock.Sub(then))
			}
		case strings.HasPrefix(text, "ND router advertisements sent:") && len(words) >= 7:
			at.RASent, _ = strconv.Atoi(words[4])
			at.RARcvd, _ = strconv.Atoi(words[6])
		case strings.HasPrefix(text, "Neighbor address(s):"):
			listing = true
		case listing && words[0] == "inet6" && len(words) >= 2:
			addr, _, _ := strings.Cut(words[1], "/")
			at.Heard = append(at.Heard, addr)
		default:
			listing = false
		}
	}
	return out
}
