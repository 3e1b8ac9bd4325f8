package render_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"closup/model"
	"closup/render"
)

// fileOf is the body of one file of a target.
func fileOf(t testing.TB, p *model.Plan, target, path string) string {
	t.Helper()
	for _, f := range filesOf(t, p, target) {
		if f.Path == path {
			return string(f.Body)
		}
	}
	t.Fatalf("%s does not write %s", target, path)
	return ""
}

// TestCablingIsThePlan: the sheet has every link of the plan, upper end first,
// each once, and one cable more for every port that leads outside.
func TestCablingIsThePlan(t *testing.T) {
	for name, text := range cases(t) {
		p := planOf(t, name, text)
		rows, err := csv.NewReader(strings.NewReader(fileOf(t, p, "cabling", "cabling.csv"))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		at := map[string]int{}
		for i, column := range rows[0] {
			at[column] = i
		}
		have := map[[4]string]bool{}
		outside := 0
		for _, r := range rows[1:] {
			have[[4]string{r[at["a_device"]], r[at["a_port"]], r[at["b_device"]], r[at["b_port"]]}] = true
			if r[at["b_device"]] == model.External {
				outside++
			}
		}
		if len(have) != len(rows)-1 || len(have) != len(p.Links)+outside {
			t.Errorf("%s: %d cables in %d rows, the plan has %d and %d to the outside", name, len(have), len(rows)-1, len(p.Links), outside)
		}
		for _, l := range p.Links {
			if !have[[4]string{l.A.Device, l.A.Port, l.B.Device, l.B.Port}] {
				t.Errorf("%s: the cable %s %s is not in the sheet", name, l.A, l.B)
			}
		}
	}
}

// TestSheetsRefuse: words that a spreadsheet or a browser would run never get
// into a sheet, a drawing or a report; words in any script do.
func TestSheetsRefuse(t *testing.T) {
	for rack, fine := range map[string]bool{
		"Reihe 3, Schränke (1-4)": true, "ラック1": true, "a/b_c.d:e": true,
		"=cmd()": false, "-1+2": false, "a|b": false, "a\nb": false, "<b>": false, `a"b`: false, "a&b": false, "`x`": false, "a{b": false, "a#b": false,
	} {
		p := planOf(t, "article", cases(t)["article"])
		p.Devices[0].Rack = rack
		for _, name := range []string{"cabling", "diagram", "report"} {
			target, _ := render.TargetNamed(name)
			for _, err := range target.Files(p) {
				if fine != (err == nil) {
					t.Errorf("%s takes the rack %q: %t, want %t (%v)", name, rack, err == nil, fine, err)
				}
			}
		}
	}
}

// TestSheetsReadBack: model.Import makes the plan's cables of the sheet and of
// the drawing for Graphviz, and misses one that was taken out.
func TestSheetsReadBack(t *testing.T) {
	for name, text := range cases(t) {
		p := planOf(t, name, text)
		for _, file := range [][2]string{{"cabling", "cabling.csv"}, {"diagram", "fabric.dot"}} {
			body := fileOf(t, p, file[0], file[1])
			if missing := missingLinks(t, p, file[1], body); len(missing) > 0 {
				t.Errorf("%s: read back, %s lacks %v", name, file[1], missing)
			}
			lines := strings.SplitAfter(body, "\n")
			for i := range lines {
				if strings.Contains(lines[i], p.Links[0].B.Device) && strings.Contains(lines[i], "swp") && !strings.Contains(lines[i], "label=") {
					lines[i] = ""
					break
				}
			}
			if missing := missingLinks(t, p, file[1], strings.Join(lines, "")); len(missing) != 1 {
				t.Errorf("%s: without one cable %s lacks %v", name, file[1], missing)
			}
		}
	}
}

// missingLinks are the plan's links that an imported file does not have.
func missingLinks(t *testing.T, p *model.Plan, file, body string) (missing []string) {
	t.Helper()
	text, notes, err := model.Import(file, []byte(body))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	f, err := model.Load(file, text)
	if err != nil {
		t.Fatalf("%s: %v %v\n%s", file, err, notes, text)
	}
	have := map[string]bool{}
	for _, c := range f.Links {
		have[c.A.String()+" "+c.B.String()], have[c.B.String()+" "+c.A.String()] = true, true
	}
	for _, l := range p.Links {
		if !have[l.A.String()+" "+l.B.String()] {
			missing = append(missing, l.A.String()+" "+l.B.String())
		}
	}
	return missing
}
