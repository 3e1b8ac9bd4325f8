package ui

import (
	"fmt"
	"strings"
	"time"

	"closup/provision/push"
)

// summaryText is what a push did, as Markdown.
func (s *pushScreen) summaryText() string {
	var b strings.Builder
	r := s.run
	fmt.Fprintf(&b, "# Push of %s\n\n", s.project.Fabric.Name)
	fmt.Fprintf(&b, "To %s, ended %s after %.1f s: %s.\n\n", s.desk.target(s.inLab), r.ended.Format(time.RFC3339), r.ended.Sub(r.first()).Seconds(), r.counts())
	b.WriteString("| Device | Wave | Result | Seconds | Changed files | Notes |\n|---|---:|---|---:|---|---|\n")
	for i := range r.rows {
		row := &r.rows[i]
		if row.report == nil {
			fmt.Fprintf(&b, "| %s | | not begun | | | |\n", row.name)
			continue
		}
		var files []string
		for _, f := range row.report.Files {
			if f.Changed {
				files = append(files, "`"+f.Path+"`")
			}
		}
		wave := ""
		if row.wave > 0 {
			wave = fmt.Sprint(row.wave)
		}
		notes := strings.Trim(row.report.Error+"; "+row.report.Note, "; ")
		fmt.Fprintf(&b, "| %s | %s | %s | %.1f | %s | %s |\n", row.name, wave, row.report.Result, row.report.Seconds, strings.Join(files, " "), tableText(notes))
	}
	return b.String()
}

// tableText is a text in one cell of a Markdown table.
func tableText(s string) string {
	return strings.NewReplacer("\n", " ", "|", `\|`).Replace(printable(s))
}

// results is the order in which a summary counts.
var results = []struct {
	result push.Result
	tone   tone
}{
	{push.Changed, good}, {push.Unchanged, good}, {push.Failed, bad}, {push.RolledBack, bad}, {push.Pending, warn}, {push.Skipped, warn},
}

// counts is the devices by how they ended, in words.
func (r *run) counts() string {
	n := r.tally()
	var parts []string
	for _, k := range results {
		if n[k.result] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[k.result], k.result))
		}
	}
	return strings.Join(parts, ", ")
}
