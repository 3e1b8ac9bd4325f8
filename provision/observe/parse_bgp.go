package observe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// BGP is what `show bgp summary json` says of the default VRF.
type BGP struct {
	ASN      uint32 // 0: no BGP instance
	RouterID netip.Addr
	Version  uint64 // of the families' tables, added up: it rises when a best path changes
	Peers    []Peer // sorted by Key; a peer of several families once
}

// change is a number that stays as long as nothing happens: what a router
// counts all the time, messages and seconds, is not in it. A path that is not
// the best may go without a new table version, and not without a peer's number
// of prefixes.
func (b BGP) change() uint64 {
	h := fnv.New64a()
	fmt.Fprintln(h, b.ASN, b.RouterID, b.Version)
	for _, p := range b.Peers {
		p.Uptime = 0
		fmt.Fprintln(h, p)
	}
	return h.Sum64()
}

// ParseSummary reads every shape of `show bgp summary json`: one object for
// each family, a flat one, and both under the VRF's name. Field names are
// those of Quagga and of FRR 2 to 10. The text of `show ip bgp summary` it reads
// too.
func ParseSummary(data []byte) (BGP, error) {
	var b BGP
	var root map[string]json.RawMessage
	if err := decode(data, &root); err != nil {
		if text, ok, err := summaryText(data); ok {
			return text, err
		}
		return b, err
	}
	if vrf, ok := root["default"]; ok {
		root = nil
		if err := json.Unmarshal(vrf, &root); err != nil {
			return b, fmt.Errorf("the VRF of a BGP summary is no object: %w", err)
		}
	}
	if _, flat := root["peers"]; flat {
		return b, b.family(root)
	}
	names := make([]string, 0, len(root))
	for name := range root {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		var family map[string]json.RawMessage
		if json.Unmarshal(root[name], &family) != nil {
			continue // a scalar beside the families
		}
		if err := b.family(family); err != nil {
			return b, fmt.Errorf("%s: %w", name, err)
		}
	}
	return b, nil
}

// peerJSON is one peer. Counters that changed their name have both.
type peerJSON struct {
	RemoteAS   asn    `json:"remoteAs"`
	State      string `json:"state"`
	PeerState  string `json:"peerState"`
	Hostname   string `json:"hostname"`
	UptimeMsec int64  `json:"peerUptimeMsec"`
	PfxRcd     *int   `json:"pfxRcd"`
	PfxRcdOld  int    `json:"prefixReceivedCount"`
	PfxSnt     int    `json:"pfxSnt"`
	Dropped    int    `json:"connectionsDropped"`
}

// family adds one address family. A peer's prefixes add up over them.
func (b *BGP) family(f map[string]json.RawMessage) error {
	var head struct {
		AS       asn    `json:"as"`
		RouterID string `json:"routerId"`
		Version  uint64 `json:"tableVersion"`
	}
	for name, into := range map[string]any{"as": &head.AS, "routerId": &head.RouterID, "tableVersion": &head.Version} {
		if raw, ok := f[name]; ok {
			if err := json.Unmarshal(raw, into); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if head.AS != 0 {
		b.ASN = uint32(head.AS)
	}
	b.Version += head.Version
	if id, err := netip.ParseAddr(head.RouterID); err == nil {
		b.RouterID = id
	}
	var peers map[string]peerJSON
	if raw, ok := f["peers"]; ok {
		if err := json.Unmarshal(raw, &peers); err != nil {
			return fmt.Errorf("peers: %w", err)
		}
	}
	for key, p := range peers {
		received := p.PfxRcdOld
		if p.PfxRcd != nil {
			received = *p.PfxRcd
		}
		i, known := slices.BinarySearchFunc(b.Peers, key, func(p Peer, key string) int { return strings.Compare(p.Key, key) })
		if known {
			b.Peers[i].Received += received
			b.Peers[i].Sent += p.PfxSnt
			continue
		}
		b.Peers = slices.Insert(b.Peers, i, Peer{
			Key: key, State: p.State, Detail: p.PeerState, Hostname: p.Hostname, ASN: uint32(p.RemoteAS),
			Uptime:   time.Duration(p.UptimeMsec) * time.Millisecond,
			Received: received, Sent: p.PfxSnt, Flaps: p.Dropped,
		})
	}
	return nil
}

// asn is an AS number in JSON: a number, or in asdot notation a string.
type asn uint32

func (a *asn) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	n, err := parseASN(text)
	*a = asn(n)
	return err
}

func parseASN(text string) (uint32, error) {
	if high, low, dotted := strings.Cut(text, "."); dotted {
		h, err1 := strconv.ParseUint(high, 10, 16)
		l, err2 := strconv.ParseUint(low, 10, 16)
		if err1 != nil || err2 != nil {
			return 0, fmt.Errorf("%q is not an AS number", text)
		}
		return uint32(h<<16 | l), nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is not an AS number", text)
	}
	return uint32(n), nil
}

// decode reads one JSON document. What a router prints instead of one ("bgpd
// is not running") is the error.
func decode(data []byte, into any) error {
	if err := said(data); err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("JSON that cannot be read: %w", err)
	}
	return nil
}

// valid is decode without reading it.
func valid(data []byte) error {
	if err := said(data); err != nil {
		return err
	}
	if !shallow(data) || !gjson.ValidBytes(data) {
		return errors.New("JSON that cannot be read: it does not end, or is none")
	}
	return nil
}

// nesting is how deep a document may go, as in encoding/json: whoever reads it
// may do so recursively.
const nesting = 10_000

func shallow(data []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > nesting {
				return false
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return true
}

// said is what stands in the place of a document.
func said(data []byte) error {
	data = bytes.TrimSpace(data)
	if bytes.HasPrefix(data, []byte("{")) || bytes.HasPrefix(data, []byte("[")) {
		return nil
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	return &saidError{text: strings.TrimSpace(string(line))}
}

// saidError is a sentence in the place of a document.
type saidError struct{ text string }

func (e *saidError) Error() string {
	if e.text == "" {
		return "the router printed nothing"
	}
	return "the router says: " + e.text
}
