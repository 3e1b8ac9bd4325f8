package diagnose

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"closup/model"
)

// Symptoms are complaints in the words of those who have them. Each knows what
// has to be named, and which part of the fabric it is about.

// Slot is what a symptom needs named.
type Slot uint8

// The slots. A place is a node, a rack ("rack 2": also the nodes of the leaf
// with that number), or a leaf, which stands for the nodes on it.
const (
	NoSlot Slot = iota
	DeviceSlot
	SessionSlot // DEVICE:PORT
	PlaceSlot
)

// Symptom is one row of Symptoms.
type Symptom struct {
	Name  string // "pods"
	Words string // with FROM and TO where something is named
	From  Slot
	To    Slot

	tells *regexp.Regexp // words by which it is known; nil: none
	scope func(plan *model.Plan, from, to []string, port string) Scope
}

// Symptoms are all there are, the most common first.
var Symptoms = []Symptom{
	{"pods", "FROM cannot reach pods in TO", PlaceSlot, PlaceSlot, regexp.MustCompile(`\bpods?\b|container|cidr`), func(p *model.Plan, from, to []string, _ string) Scope { return OfWay(p, from, to, "pods") }},
	{"node", "FROM cannot reach TO", PlaceSlot, PlaceSlot, regexp.MustCompile(`reach|ping|connect|loopback`), func(p *model.Plan, from, to []string, _ string) Scope { return OfWay(p, from, to, "loopbacks") }},
	{"packets", "small packets get from FROM to TO, and large ones do not", PlaceSlot, PlaceSlot, regexp.MustCompile(`large|big|packet|mtu|hang|slow|loss|lost`), func(p *model.Plan, from, to []string, _ string) Scope { return OfWay(p, from, to, "") }},
	{"outside", "FROM cannot reach the outside", PlaceSlot, NoSlot, regexp.MustCompile(`outside|internet|external|default|upstream`), func(p *model.Plan, from, _ []string, _ string) Scope { return OfOutside(p, from[0]) }},
	{"session", "the session at FROM is not Established", SessionSlot, NoSlot, regexp.MustCompile(`session|established|idle|active|neighbou?r|bgp`), func(p *model.Plan, from, _ []string, port string) Scope { return OfSession(p, from[0], port) }},
	{"flaps", "sessions of FROM come and go", DeviceSlot, NoSlot, regexp.MustCompile(`flap|come and go|unstable|again and again`), func(p *model.Plan, from, _ []string, _ string) Scope { return OfDevice(p, from[0]) }},
	{"device", "FROM does not answer", DeviceSlot, NoSlot, regexp.MustCompile(`answer|dead|down|off|ssh|gone`), func(p *model.Plan, from, _ []string, _ string) Scope { return OfDevice(p, from[0]) }},
	{"at", "something is wrong at FROM", DeviceSlot, NoSlot, nil, func(p *model.Plan, from, _ []string, _ string) Scope { return OfDevice(p, from[0]) }},
	{"unknown", "something is wrong, and it is not known where", NoSlot, NoSlot, regexp.MustCompile(`wrong|broken|something|know`), func(p *model.Plan, _, _ []string, _ string) Scope { return OfFabric(p) }},
}

// FindSymptom finds a row of Symptoms by name.
func FindSymptom(name string) (Symptom, bool) {
	i := slices.IndexFunc(Symptoms, func(s Symptom) bool { return s.Name == name })
	if i < 0 {
		return Symptom{}, false
	}
	return Symptoms[i], true
}

// Sentence is the complaint with its names.
func (s Symptom) Sentence(from, to string) string {
	return strings.NewReplacer("FROM", from, "TO", to).Replace(s.Words)
}

// Scope is what a complaint is about. It fails where a name is not known.
func (s Symptom) Scope(plan *model.Plan, from, to string) (Scope, error) {
	port := ""
	if s.From == SessionSlot {
		if err := Names(plan, SessionSlot, from); err != nil {
			return Scope{}, err
		}
		from, port, _ = strings.Cut(from, ":")
	}
	a, err := named(plan, s.From, from)
	if err != nil {
		return Scope{}, err
	}
	b, err := named(plan, s.To, to)
	if err != nil {
		return Scope{}, err
	}
	scope := s.scope(plan, a, b, port)
	if len(scope.Devices) == 0 {
		return Scope{}, errors.New("the plan has no way between the two")
	}
	return scope, nil
}

// Names says whether a text names what a slot needs, and why not.
func Names(plan *model.Plan, slot Slot, text string) error {
	if slot == SessionSlot {
		device, port, _ := strings.Cut(text, ":")
		if !slices.ContainsFunc(plan.Sessions, func(n model.Session) bool { return n.Device == device && n.Port == port }) {
			return fmt.Errorf("%s has no planned session; write DEVICE:PORT as the table of sessions has it", text)
		}
		return nil
	}
	_, err := named(plan, slot, text)
	return err
}

// named is the devices that a name stands for.
func named(plan *model.Plan, slot Slot, name string) ([]string, error) {
	switch slot {
	case NoSlot:
		return nil, nil
	case PlaceSlot:
		if all := placed(plan, name); len(all) > 0 {
			return all, nil
		}
		return nil, fmt.Errorf("%q is no node, leaf or rack of this fabric", name)
	default:
		if _, ok := plan.Device(name); ok {
			return []string{name}, nil
		}
		return nil, fmt.Errorf("%q is no device of this fabric", name)
	}
}

// placed is the devices at a place: a device itself, the nodes on a leaf, or
// the nodes of a rack.
func placed(plan *model.Plan, name string) []string {
	if d, ok := plan.Device(name); ok {
		if d.Role == model.Leaf {
			if all := nodesOn(plan, name); len(all) > 0 {
				return all
			}
		}
		return []string{name}
	}
	want, isRack := rackOf(name)
	if !isRack {
		return nil
	}
	var all []string
	for i := range plan.Devices {
		d := &plan.Devices[i]
		if got, _ := rackOf(d.Rack); d.Role == model.Node && d.Rack != "" && got == want {
			all = append(all, d.Name)
		}
	}
	for i := range plan.Devices {
		d := &plan.Devices[i]
		if got, _ := rackOf(d.Name[digits(d.Name):]); len(all) == 0 && d.Role == model.Leaf && got == want {
			all = nodesOn(plan, d.Name)
		}
	}
	return all
}

// digits is where the digits that end a name begin.
func digits(name string) int { return len(strings.TrimRight(name, "0123456789")) }

// nodesOn is the nodes that hang on a leaf.
func nodesOn(plan *model.Plan, leaf string) (all []string) {
	for _, n := range plan.Sessions {
		if d, ok := plan.Device(n.Peer); ok && n.Device == leaf && d.Role == model.Node {
			all = append(all, n.Peer)
		}
	}
	return all
}

// rackOf is what tells one rack from another: "rack 02", "rack2", "r2" and "2"
// are the same.
func rackOf(name string) (string, bool) {
	text := strings.ToLower(strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == ' ' || r == '-' || r == '_' }), ""))
	for _, lead := range []string{"rack", "r"} {
		if rest, ok := strings.CutPrefix(text, lead); ok && (lead == "rack" || digits(rest) == 0) {
			text = rest
			break
		}
	}
	if digits(text) == 0 {
		text = strings.TrimLeft(text, "0")
	}
	return text, text != ""
}

var (
	rackWords = regexp.MustCompile(`(?i)\brack[ -]?\w+`)
	nameWords = regexp.MustCompile(`[\w.-]+(:[\w./-]+)?`)
	fromWord  = regexp.MustCompile(`(?i)\bfrom\s+$`)
)

// ReadSymptom reads a complaint in words: "k8s1 cannot reach pods in rack 2".
// It finds the names of devices, sessions and racks, and of the symptoms that
// need as many the one whose words are there. ok is false where nothing fits.
func ReadSymptom(plan *model.Plan, words string) (s Symptom, from, to string, ok bool) {
	type found struct {
		at   int
		name string
		slot Slot
	}
	var names []found
	for _, m := range rackWords.FindAllStringIndex(words, -1) {
		if len(placed(plan, words[m[0]:m[1]])) > 0 {
			names = append(names, found{m[0], words[m[0]:m[1]], PlaceSlot})
		}
	}
	for _, m := range nameWords.FindAllStringIndex(words, -1) {
		word := strings.TrimRight(words[m[0]:m[1]], ".")
		device, port, _ := strings.Cut(word, ":")
		_, known := plan.Device(device)
		isRack := slices.ContainsFunc(plan.Devices, func(d model.Device) bool { return d.Rack != "" && d.Rack == word })
		inRack := slices.ContainsFunc(names, func(f found) bool { return f.slot == PlaceSlot && m[0] >= f.at && m[0] < f.at+len(f.name) })
		switch {
		case inRack:
		case known && port != "":
			names = append(names, found{m[0], word, SessionSlot})
		case known:
			names = append(names, found{m[0], word, DeviceSlot})
		case isRack:
			names = append(names, found{m[0], word, PlaceSlot})
		}
	}
	slices.SortStableFunc(names, func(a, b found) int { return a.at - b.at })
	if len(names) == 2 && fromWord.MatchString(words[:names[1].at]) { // "b cannot be reached from a"
		slices.Reverse(names)
	}
	lower := strings.ToLower(words)
	best := 0
	for _, row := range Symptoms {
		need := 0
		for _, slot := range []Slot{row.From, row.To} {
			if slot != NoSlot {
				need++
			}
		}
		fits := need == min(2, len(names))
		for i, slot := range []Slot{row.From, row.To} {
			if slot != NoSlot && i < len(names) {
				fits = fits && (slot == names[i].slot || slot == PlaceSlot && names[i].slot == DeviceSlot)
			}
		}
		if !fits {
			continue
		}
		score := 1
		if row.tells != nil {
			score += 2 * len(row.tells.FindAllString(lower, -1))
		}
		// "cannot reach pods" is about the pods: what is rarer counts more.
		if row.Name != "node" && score > 1 {
			score++
		}
		if score > best && (score > 1 || row.tells == nil || row.Name == "node") {
			best, s, ok = score, row, true
		}
	}
	if !ok {
		return Symptom{}, "", "", false
	}
	if s.From != NoSlot {
		from = names[0].name
	}
	if s.To != NoSlot {
		to = names[1].name
	}
	return s, from, to, true
}
