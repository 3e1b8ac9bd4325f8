package render

import (
	"iter"

	"closup/model"
)

// diagramFiles draw the Clos: for Graphviz (and for tools that read a
// topology.dot), for Mermaid, and as a drawing that stands for itself.
func diagramFiles(p *model.Plan, devices ...string) iter.Seq2[File, error] {
	return inTurn(p, func() ([]File, error) {
		d := draw(p, devices)
		var out []File
		for _, name := range []string{"fabric.dot", "fabric.mmd", "fabric.svg"} {
			body, err := execute("diagram/"+name+".tmpl", d)
			if err != nil {
				return nil, err
			}
			out = append(out, File{name, 0o644, body})
		}
		return out, nil
	})
}
