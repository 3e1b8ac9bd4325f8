package render_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"closup/model"
)

// svgElement is what the tests look at in a drawing.
type svgElement struct {
	name, class, text string
	at                map[string]string
}

// svgElements reads a drawing as strict XML.
func svgElements(text string) ([]svgElement, error) {
	var out []svgElement
	var open []int
	dec := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			e := svgElement{name: t.Name.Local, at: map[string]string{}}
			for _, a := range t.Attr {
				e.at[a.Name.Local] = a.Value
			}
			e.class = e.at["class"]
			open = append(open, len(out))
			out = append(out, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				out[open[len(open)-1]].text += strings.TrimSpace(string(t))
			}
		}
	}
}

func (e svgElement) number(t *testing.T, name string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(e.at[name], 64)
	if err != nil {
		t.Fatalf("<%s> has no number %s: %v", e.name, name, err)
	}
	return n
}

// TestDrawing: every drawing is XML that needs nothing beside itself; each
// device, its ASN, each link stands in it once; nothing lies on another thing
// or outside the picture.
func TestDrawing(t *testing.T) {
	for name, text := range cases(t) {
		p := planOf(t, name, text)
		svg := fileOf(t, p, "diagram", "fabric.svg")
		for _, foreign := range []string{"href", "url(", "<script", "<image", "@import", "<!"} {
			if strings.Contains(svg, foreign) {
				t.Errorf("%s: the drawing holds %q", name, foreign)
			}
		}
		all, err := svgElements(svg)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		count := map[string]int{}
		for _, e := range all {
			if e.text != "" {
				count[e.name+" "+e.text]++
			}
		}
		for _, d := range p.Devices {
			if count["text "+d.Name] != 1 && d.Name != p.Name || count[fmt.Sprintf("text AS %d", d.ASN)] == 0 {
				t.Errorf("%s: %s is drawn %d times, its AS %d times", name, d.Name, count["text "+d.Name], count[fmt.Sprintf("text AS %d", d.ASN)])
			}
		}
		for _, l := range p.Links {
			if got := count["title "+l.A.String()+" to "+l.B.String()]; got != 1 {
				t.Errorf("%s: the link %s %s is drawn %d times", name, l.A, l.B, got)
			}
		}
		if lies := overlaps(t, all, "box"); lies != "" {
			t.Errorf("%s: boxes: %s", name, lies)
		}
		if lies := overlaps(t, all, "h"); lies != "" {
			t.Errorf("%s: plugs: %s", name, lies)
		}
	}
	if _, err := svgElements(`<svg><g></svg>`); err == nil {
		t.Error("what is not well-formed is taken")
	}
	twice := []svgElement{{name: "svg", at: map[string]string{"width": "9", "height": "9"}}}
	for range 2 {
		twice = append(twice, svgElement{name: "rect", class: "box", at: map[string]string{"x": "1", "y": "1", "width": "4", "height": "4"}})
	}
	if overlaps(t, twice, "box") == "" {
		t.Error("two boxes at one place are taken")
	}
}

// overlaps tells of rectangles of a class that lie on each other, or beyond the
// picture.
func overlaps(t *testing.T, all []svgElement, class string) string {
	t.Helper()
	width, height := all[0].number(t, "width"), all[0].number(t, "height")
	var rects []svgElement
	for _, e := range all {
		if e.name == "rect" && strings.HasPrefix(e.class, class) {
			rects = append(rects, e)
		}
	}
	if len(rects) == 0 {
		return "there are none"
	}
	side := func(e svgElement, from, by string) (float64, float64) {
		return e.number(t, from), e.number(t, from) + e.number(t, by)
	}
	for i, a := range rects {
		ax, aX := side(a, "x", "width")
		ay, aY := side(a, "y", "height")
		if ax < 0 || ay < 0 || aX > width || aY > height {
			return fmt.Sprint("beyond the picture: ", a.at)
		}
		for _, b := range rects[:i] {
			bx, bX := side(b, "x", "width")
			by, bY := side(b, "y", "height")
			if ax < bX && bx < aX && ay < bY && by < aY {
				return fmt.Sprint(a.at, " lies on ", b.at)
			}
		}
	}
	return ""
}

// TestGraphvizTakesTheDot: dot draws every fabric.dot without a word of doubt,
// and complains of an edge without an end and of a brace that is missing.
func TestGraphvizTakesTheDot(t *testing.T) {
	need(t, false, "dot")
	run := func(text string) (svg, complaint string) {
		cmd := exec.Command("dot", "-Tsvg")
		var out, errs strings.Builder
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(text), &out, &errs
		if err := cmd.Run(); err != nil {
			return out.String(), err.Error() + errs.String()
		}
		return out.String(), errs.String()
	}
	for name, text := range cases(t) {
		p := planOf(t, name, text)
		svg, complaint := run(fileOf(t, p, "diagram", "fabric.dot"))
		if complaint != "" {
			t.Errorf("%s: %s", name, complaint)
		}
		if edges := strings.Count(svg, `class="edge"`); edges < len(p.Links) {
			t.Errorf("%s: %d edges of %d links", name, edges, len(p.Links))
		}
	}
	dot := fileOf(t, planOf(t, "article", cases(t)["article"]), "diagram", "fabric.dot")
	for _, change := range [][2]string{{`-- "leaf1":"swp32"`, `-- -- "leaf1":"swp32"`}, {"}}\"];", "}\"];"}, {"graph \"article\" {", "graph \"article\""}} {
		spoilt := strings.Replace(dot, change[0], change[1], 1)
		if spoilt == dot {
			t.Fatalf("%q is not in the drawing", change[0])
		}
		if _, complaint := run(spoilt); complaint == "" {
			t.Errorf("%q is taken", change[1])
		}
	}
}

// mermaidLines is the part of Mermaid's flowchart grammar that is used, by what
// a line may be. Texts in quotes hold no quote and no entity.
var mermaidLines = []*regexp.Regexp{
	regexp.MustCompile(`^---$`),
	regexp.MustCompile(`^title: "[^"\\]+"$`),
	regexp.MustCompile(`^flowchart TB$`),
	regexp.MustCompile(`^  subgraph [a-z]+$`),
	regexp.MustCompile(`^    direction LR$`),
	regexp.MustCompile(`^    d[0-9]+\["[^"#;&]+"\]$`),
	regexp.MustCompile(`^  end$`),
	regexp.MustCompile(`^  d[0-9]+ ---\|"[^"#;&|]+"\| d[0-9]+$`),
}

// mermaid checks a flowchart: every line is of the grammar, subgraphs are
// closed, and what is joined was declared. It counts the joints.
func mermaid(text string) (joints int, err error) {
	depth, declared := 0, map[string]bool{}
	id := regexp.MustCompile(`\bd[0-9]+\b`)
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		kind := -1
		for k, form := range mermaidLines {
			if form.MatchString(line) {
				kind = k
			}
		}
		bare := regexp.MustCompile(`"[^"]*"`).ReplaceAllString(line, "")
		switch kind {
		case -1:
			return 0, fmt.Errorf("line %d: %q", i+1, line)
		case 3:
			depth++
		case 5:
			declared[id.FindString(bare)] = true
		case 6:
			depth--
		case 7:
			joints++
			for _, end := range id.FindAllString(bare, -1) {
				if !declared[end] {
					return 0, fmt.Errorf("line %d: %s was not declared", i+1, end)
				}
			}
		}
		if depth < 0 || depth > 1 {
			return 0, fmt.Errorf("line %d: subgraphs are not closed", i+1)
		}
	}
	if depth != 0 {
		return 0, errors.New("a subgraph is not closed")
	}
	return joints, nil
}

// TestMermaid: every fabric.mmd is of the grammar and has every link.
func TestMermaid(t *testing.T) {
	for name, text := range cases(t) {
		p := planOf(t, name, text)
		joints, err := mermaid(fileOf(t, p, "diagram", "fabric.mmd"))
		if err != nil || joints != len(p.Links)+outsideSessions(p) {
			t.Errorf("%s: %d joints, %v", name, joints, err)
		}
	}
	text := fileOf(t, planOf(t, "article", cases(t)["article"]), "diagram", "fabric.mmd")
	for _, change := range [][2]string{{"  end\n", ""}, {"d0 ---|", "d9 ---|"}, {`"swp1 to`, `swp1 to`}, {"flowchart TB", "flowchart"}} {
		spoilt := strings.Replace(text, change[0], change[1], 1)
		if _, err := mermaid(spoilt); err == nil || spoilt == text {
			t.Errorf("%q is taken", change[1])
		}
	}
}

func outsideSessions(p *model.Plan) int {
	n := 0
	for _, s := range p.Sessions {
		if s.Peer == model.External {
			n++
		}
	}
	return n
}
