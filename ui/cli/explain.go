package cli

import (
	"fmt"
	"slices"
	"strings"

	"closup/render"
	"closup/ui/work"
)

// explainedLine is one line of a file and why it is there, in JSON.
type explainedLine struct {
	Device string `json:"device"`
	Path   string `json:"path"`
	Line   int    `json:"line"`
	Text   string `json:"text"`
	Why    string `json:"why"`
	Source string `json:"source"`
	Key    string `json:"key"`      // of fabric.yaml; empty: none decides the line
	KeyAt  int    `json:"key_line"` // 0: the key is left out
}

// explain prints the files of the named devices (none named: all)
// with the reason for each line.
func (e *env) explain(p *work.Project, devices []string) error {
	rows := []explainedLine{}
	for i := range p.Plan.Devices {
		d := &p.Plan.Devices[i]
		if len(devices) > 0 && !slices.Contains(devices, d.Name) {
			continue
		}
		files, err := render.Device(p.Plan, d)
		if err != nil {
			return err
		}
		for _, f := range files {
			lines := strings.Split(string(f.Body), "\n")
			for n, r := range render.Explain(p.Fabric, p.Plan, d, f.Path, f.Body) {
				rows = append(rows, explainedLine{d.Name, f.Path, n + 1, lines[n], r.Why, r.Source, r.Key, r.Line})
			}
		}
	}
	if e.output == jsonText {
		return e.json(map[string]any{"lines": rows})
	}
	out := e.page()
	for i, r := range rows {
		if r.Line == 1 {
			gap := "\n"
			if i == 0 {
				gap = ""
			}
			out.printf("%s==> %s%s <==\n", gap, r.Device, r.Path)
		}
		reason := render.Reason{Why: r.Why, Source: r.Source, Key: r.Key, Line: r.KeyAt}
		out.printf("%s\n%s\n", r.Text, indented(reason.String(), 76, "      "))
	}
	return e.show(out)
}

// indented breaks a text between words, each line after the indent.
func indented(text string, width int, indent string) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width-len(indent) {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(fmt.Sprint(line, " ", word), " ")
	}
	return indent + strings.Join(append(lines, line), "\n"+indent)
}
