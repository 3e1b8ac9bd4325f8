package work

import (
	"fmt"
	"strings"

	"closup/model"
)

// RuleErrors are the findings that keep a fabric from being pushed.
type RuleErrors struct {
	File     string
	Findings []model.Finding
}

// Error prints one finding a line, each with its place in the file.
func (e *RuleErrors) Error() string {
	var b strings.Builder
	for _, f := range e.Findings {
		b.WriteString(e.File)
		if f.Line > 0 {
			fmt.Fprintf(&b, ":%d", f.Line)
		}
		b.WriteString(": " + f.Message)
		if f.Remedy != "" {
			b.WriteString("; " + f.Remedy)
		}
		b.WriteByte('\n')
	}
	return b.String() + fmt.Sprintf("%s has errors, so it is not pushed; `closup validate` shows all findings", e.File)
}
