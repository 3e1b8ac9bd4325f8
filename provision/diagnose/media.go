package diagnose

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"closup/model"
	"closup/provision/observe"
)

// Why a port has no link, as ethtool tells it of both ends: the transceiver,
// the light, the speed, the error correction.

// dark is the power in dBm below which no light is meant: a receiver shows some
// noise, or -40, where none comes in.
const dark = -30

// medium is what ethtool says of a port. What it does not say is empty, or NaN.
type medium struct {
	speed, auto string   // "100000Mb/s", "on"
	fec         []string // configured: "RS", "Auto"
	module      string   // "0x11 (QSFP28)"
	unreadable  string   // why the transceiver could not be read
	sends, sees float64  // dBm, of the weakest lane
}

var dBm = regexp.MustCompile(`(-?[0-9.]+|-inf) dBm`)

// weakest reads a power, and keeps the lower.
func weakest(so float64, text string) float64 {
	m := dBm.FindStringSubmatch(text)
	if m == nil {
		return so
	}
	power, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return so
	}
	if math.IsNaN(so) {
		return power
	}
	return math.Min(so, power)
}

func readMedium(text string) medium {
	m := medium{sends: math.NaN(), sees: math.NaN()}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch low := strings.ToLower(key); {
		case key == "Speed" && !strings.HasPrefix(value, "Unknown"):
			m.speed = value
		case key == "Auto-negotiation":
			m.auto = value
		case strings.Contains(low, "configured fec encoding"):
			m.fec = strings.Fields(value)
		case key == "Identifier":
			m.module = value
		case strings.HasPrefix(key, "Cannot get module EEPROM") || key == "netlink error":
			if !strings.Contains(value, "not supported") {
				m.unreadable = strings.TrimSpace(line)
			}
		case strings.Contains(low, "threshold") || strings.Contains(low, "alarm") || strings.Contains(low, "warning"):
		case strings.HasPrefix(low, "laser output power") || strings.HasPrefix(low, "transmit avg optical power"):
			m.sends = weakest(m.sends, value)
		case strings.HasPrefix(low, "receiver signal average optical power") || strings.HasPrefix(low, "rcvr signal avg optical power"):
			m.sees = weakest(m.sees, value)
		}
	}
	return m
}

// side is one end of a cable without a link.
type side struct {
	model.End
	medium
	asked bool // its device said something of the port
}

func (v *view) side(at model.End) side {
	s := side{End: at, medium: readMedium("")}
	e := v.evidence(at.Device)
	if e == nil || e.Media[at.Port] == "" {
		return s
	}
	s.medium, s.asked = readMedium(e.Media[at.Port]), true
	return s
}

// unlit runs f for every cable that has no link though both ports are up,
// once from each end.
func (v *view) unlit(f func(here, there side) *Finding) []Finding {
	told := map[model.End]bool{}
	return v.ports(func(p model.Port, at model.End, e *observe.Evidence) *Finding {
		far := model.End{Device: p.Peer, Port: p.PeerPort}
		if l, there := e.Link(at.Port); !there || !l.Up || l.Carrier || told[far] {
			return nil
		}
		found := f(v.side(at), v.side(far))
		told[at] = found != nil
		return found
	})
}

// optics is a transceiver that is missing, or light that does not get through.
func optics(v *view) []Finding {
	return v.unlit(func(here, there side) *Finding {
		f := &Finding{Confidence: Likely}
		show := func(s side, format string, args ...any) {
			f.Evidence = append(f.Evidence, seen(s.Device, "ethtool -m "+s.Port, format, args...))
		}
		switch {
		case here.unreadable != "":
			f.Message = sprintf("the transceiver of %s cannot be read: there is none, or it is not plugged in all the way", here.End)
			f.Remedy = do("plug it in, or replace it", look(here.Device, "ethtool -m %s", here.Port))
			show(here, "%s", here.unreadable)
		case here.sends < dark:
			f.Message = sprintf("%s sends no light: its laser is off, or its transceiver is broken", here.End)
			f.Remedy = do("set the port down and up; if that does not help, replace the transceiver", on(here.Device, "ip link set %[1]s down && ip link set %[1]s up", here.Port))
			show(here, "it sends %.1f dBm", here.sends)
		case here.sees < dark && there.sends >= dark:
			f.Message = sprintf("%s sends light, and none comes in at %s: the fibre is broken, dirty, crossed or plugged elsewhere", there.End, here.End)
			f.Remedy = do("clean and check the fibre between them", look(here.Device, "ethtool -m %s", here.Port), look(there.Device, "ethtool -m %s", there.Port))
			show(here, "it receives %.1f dBm", here.sees)
			show(there, "it sends %.1f dBm", there.sends)
		case here.sees < dark && !there.asked:
			f.Message = sprintf("no light comes in at %s", here.End)
			f.Remedy = do("see that the other end's port is up and its transceiver sends, then check the fibre", look(here.Device, "ethtool -m %s", here.Port))
			show(here, "it receives %.1f dBm", here.sees)
		default:
			return nil
		}
		return f
	})
}

// speedMismatch is two ends that are set to different speeds, or of which one
// alone negotiates.
func speedMismatch(v *view) []Finding {
	return v.unlit(func(here, there side) *Finding {
		differ := here.speed != "" && there.speed != "" && here.speed != there.speed
		alone := here.auto != "" && there.auto != "" && here.auto != there.auto
		if !differ && !alone {
			return nil
		}
		f := &Finding{
			Confidence: Certain, Message: sprintf("%s and %s are set to different speeds", here.End, there.End),
			Remedy: do("set both to the same: speed and autonegotiation, as the cable and the transceivers are made for",
				byHand(here.Device, "ethtool -s %s speed ... autoneg ...", here.Port), byHand(there.Device, "ethtool -s %s speed ... autoneg ...", there.Port)),
		}
		if !differ {
			f.Confidence, f.Message = Likely, sprintf("of %s and %s only one negotiates its speed", here.End, there.End)
		}
		for _, s := range []side{here, there} {
			f.Evidence = append(f.Evidence, seen(s.Device, "ethtool "+s.Port, "Speed: %s, Auto-negotiation: %s", orElse(s.speed, "Unknown!"), orElse(s.auto, "unknown")))
		}
		return f
	})
}

// fecMismatch is two ends with no error correction in common.
func fecMismatch(v *view) []Finding {
	return v.unlit(func(here, there side) *Finding {
		if len(here.fec) == 0 || len(there.fec) == 0 {
			return nil
		}
		common := slices.ContainsFunc(here.fec, func(mode string) bool { return slices.Contains(there.fec, mode) })
		auto := slices.Contains(here.fec, "Auto") || slices.Contains(there.fec, "Auto")
		if common || auto {
			return nil
		}
		f := &Finding{
			Confidence: Certain, Message: sprintf("%s and %s use different error correction (FEC): %s and %s", here.End, there.End, strings.Join(here.fec, " "), strings.Join(there.fec, " ")),
			Remedy: do("set both to the same: rs at 100G and beyond, as the transceivers want it",
				byHand(here.Device, "ethtool --set-fec %s encoding rs", here.Port), byHand(there.Device, "ethtool --set-fec %s encoding rs", there.Port)),
		}
		for _, s := range []side{here, there} {
			f.Evidence = append(f.Evidence, seen(s.Device, "ethtool --show-fec "+s.Port, "Configured FEC encodings: %s", strings.Join(s.fec, " ")))
		}
		return f
	})
}
