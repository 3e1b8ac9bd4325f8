package model

import (
	"cmp"
	"slices"
)

// Rule is one thing that validate looks for.
type Rule struct {
	Name     string
	Severity Severity
	Doc      string // one sentence: what is looked for, and why it hurts

	check func(*view, say) // nil: the planner tells
}

// say notes one finding of the rule at hand.
type say func(at where, message, remedy string)

// where is a place in fabric.yaml. Line 0: that of the path.
type where struct {
	path string
	line int
}

// Rules is every rule, in the order in which people meet the subjects.
func Rules() []Rule {
	return slices.Concat(nameRules, asnRules, sharingRules, prefixRules, cableRules, shapeRules, outsideRules, capacityRules, systemRules, platformRules)
}

// Validate says everything that the rules have to say of a fabric and of what
// was planned from it, and what the planner itself could not do: errors first,
// then warnings, then information, each in the order of the file. Warnings
// never block; errors block push only. The cost grows linearly with devices
// and cables.
func Validate(f *Fabric, p *Plan) []Finding {
	v := newView(f, p)
	findings := slices.Clone(p.findings)
	for _, r := range Rules() {
		if r.check == nil {
			continue
		}
		r.check(v, func(at where, message, remedy string) {
			if at.line == 0 {
				at.line = f.Line(at.path)
			}
			findings = append(findings, Finding{r.Severity, r.Name, at.path, at.line, message, remedy})
		})
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity.rank(), b.Severity.rank()), cmp.Compare(a.Line, b.Line))
	})
	return findings
}

// rank orders severities, the gravest first.
func (s Severity) rank() int { return slices.Index([]Severity{Error, Warning, Info}, s) }
