package render

import (
	"bytes"
	"fmt"
	"html/template"
	"iter"
	"net/netip"
	"strings"
	"sync"

	"closup/assets"
	"closup/model"
)

// reportFiles are the fabric as a document, to read and to hand on: Markdown
// with a Mermaid drawing, and one page of HTML that needs nothing beside it.
func reportFiles(p *model.Plan, devices ...string) iter.Seq2[File, error] {
	return inTurn(p, func() ([]File, error) {
		r, err := reportOf(p, devices)
		if err != nil {
			return nil, err
		}
		text, err := execute("report/report.md.tmpl", r)
		if err != nil {
			return nil, err
		}
		page, err := reportPage(r)
		return []File{{"report.md", 0o644, text}, {"report.html", 0o644, page}}, err
	})
}

// report is what both forms print.
type report struct {
	Name, Summary  string
	Pods, Services []netip.Prefix
	Devices        []reportDevice
	Sessions       []reportSession
	Cables         []cable
	SVG            template.HTML // of diagram, which holds nothing but plainWords
	Mermaid        string
	Racks, Serials bool // some device has one
	Findings       []reportFinding
}

// reportFinding is what validation says, with its place in fabric.yaml.
type reportFinding struct{ Severity, Message, Remedy, Place string }

// reportDevice is one device with its files, or with the reason why there are
// none.
type reportDevice struct {
	*model.Device
	Files []Artifact
	Lacks string
}

// reportSession is one session, told once.
type reportSession struct {
	A, APort, B, BPort string
	AASN, BASN         string
}

func reportOf(p *model.Plan, devices []string) (*report, error) {
	d := draw(p, devices)
	svg, err := execute("diagram/fabric.svg.tmpl", d)
	if err != nil {
		return nil, err
	}
	mermaid, err := execute("diagram/fabric.mmd.tmpl", d)
	if err != nil {
		return nil, err
	}
	r := &report{
		Name: p.Name, Summary: d.Summary, Pods: p.Pods, Services: p.Services,
		Cables: cables(p, devices), SVG: template.HTML(svg), Mermaid: string(mermaid),
	}
	for _, f := range p.Findings {
		place := f.Path
		if f.Line > 0 {
			place = strings.TrimSpace(fmt.Sprintf("fabric.yaml:%d %s", f.Line, f.Path))
		}
		r.Findings = append(r.Findings, reportFinding{fmt.Sprint(f.Severity), f.Message, f.Remedy, place})
	}
	seen := map[model.End]bool{}
	for d := range chosen(p, devices) {
		row := reportDevice{Device: d}
		if row.Files, err = Device(p, d); err != nil {
			row.Lacks = err.Error()
		}
		r.Devices = append(r.Devices, row)
		r.Racks, r.Serials = r.Racks || d.Rack != "", r.Serials || d.Serial != ""
		for _, peer := range d.Routing.Peers {
			if seen[model.End{Device: d.Name, Port: peer.Port}] && peer.Device != model.External {
				continue
			}
			seen[model.End{Device: peer.Device, Port: peer.DevicePort}] = true
			r.Sessions = append(r.Sessions, sessionRow(p, d, peer))
		}
	}
	return r, nil
}

func sessionRow(p *model.Plan, d *model.Device, peer model.Peer) reportSession {
	s := reportSession{A: d.Name, APort: peer.Port, AASN: fmt.Sprint(d.ASN), B: "outside", BPort: "", BASN: "any"}
	if peer.Address.IsValid() {
		s.BPort = peer.Address.String()
	}
	if peer.ASN != 0 {
		s.BASN = fmt.Sprint(peer.ASN)
	}
	if far, ok := p.Device(peer.Device); ok {
		s.B, s.BPort, s.BASN = far.Name, peer.DevicePort, fmt.Sprint(far.ASN)
	}
	return s
}

// Addresses are the loopbacks with what is written of them.
func (d reportDevice) Addresses() string { return joined(d.Loopbacks) }

// PodNets are a node's pod networks; those that the CNI may choose otherwise
// are marked.
func (d reportDevice) PodNets() string {
	text := joined(d.PodCIDRs)
	if text != "" && !d.Pinned {
		text += " (nominal)"
	}
	return text
}

// Text is a finding's message as Markdown shows it: no letter of it is markup.
func (f reportFinding) Text() string { return plainMarkdown(f.Message) }

// Advice is its remedy, likewise.
func (f reportFinding) Advice() string { return plainMarkdown(f.Remedy) }

// Where is its place, likewise.
func (f reportFinding) Where() string { return plainMarkdown(f.Place) }

func plainMarkdown(s string) string {
	var out strings.Builder
	for _, r := range strings.Join(strings.Fields(s), " ") {
		if strings.ContainsRune("\\`*_{}[]<>()#|!~&", r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}

func joined(all []netip.Prefix) string {
	var words []string
	for _, p := range all {
		words = append(words, p.String())
	}
	return strings.Join(words, ", ")
}

// pages are the templates of HTML, which escape what they print.
var pages = sync.OnceValues(func() (*template.Template, error) {
	return template.New("").Funcs(template.FuncMap{"text": func(b []byte) string { return string(b) }}).ParseFS(assets.FS, "templates/report/*.html")
})

func reportPage(r *report) ([]byte, error) {
	t, err := pages()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.ExecuteTemplate(&out, "report.html", r)
	return out.Bytes(), err
}
