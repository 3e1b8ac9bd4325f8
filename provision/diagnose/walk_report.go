package diagnose

import (
	"fmt"
	"strings"
	"time"
)

// verdictWords is what a verdict says to somebody who was not there.
var verdictWords = map[Verdict]string{
	Fine: "as planned", Fault: "a fault", Doubt: "perhaps a fault", Behind: "cannot be told: it hangs on the fault above",
	Untold: "nobody answered who could tell", Nothing: "nothing to look at here",
}

// Word is the verdict in words.
func (v Verdict) Word() string { return verdictWords[v] }

// Markdown is the walk to hand over: the complaint, each question with its
// answer, and what was seen, word for word. It holds nothing but what devices
// printed and the plan says.
func (w Walk) Markdown(fabric, complaint string, at time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nFabric `%s`, looked at %s.\n", capital(complaint), fabric, at.Format("2006-01-02 15:04:05 MST"))
	first := w.First()
	if first < 0 {
		b.WriteString("\n**No fault was found on the way.**\n")
	}
	for _, s := range w.Steps {
		for _, f := range s.Findings {
			fmt.Fprintf(&b, "\n**%s** (%s, %s)\n\n%s\n\nTo do: %s\n", inLine(f.Place()), f.Cause, f.Confidence, inLine(f.Message), inLine(f.Remedy.Message))
			for _, c := range f.Remedy.Commands {
				fmt.Fprintf(&b, "\n    %s# %s\n", c.Device, oneLine(c.Command))
			}
		}
	}
	b.WriteString("\n## What was checked\n")
	for i, s := range w.Steps {
		fmt.Fprintf(&b, "\n### %d. %s\n\n%s.\n", i+1, s.Question, capital(s.Verdict.Word()))
		block := ""
		for _, f := range s.Findings {
			block += lines(f.Evidence)
		}
		if block += lines(s.Seen); block != "" {
			fmt.Fprintf(&b, "\n```\n%s```\n", strings.ReplaceAll(block, "```", "'''"))
		}
		if s.More > 0 {
			fmt.Fprintf(&b, "\nand %d more like these\n", s.More)
		}
	}
	if len(w.Elsewhere) > 0 {
		b.WriteString("\n## Elsewhere in the fabric\n\n")
		for _, f := range w.Elsewhere {
			fmt.Fprintf(&b, "- %s: %s (%s)\n", inLine(f.Place()), inLine(f.Message), f.Cause)
		}
	}
	return b.String()
}

// Place is "leaf1:swp1", or of a whole device its name.
func (f Finding) Place() string {
	if f.Port == "" {
		return f.Device
	}
	return f.Device + ":" + f.Port
}

func lines(all []Evidence) string {
	var b strings.Builder
	for _, x := range all {
		fmt.Fprintf(&b, "%s$ %s\n  %s\n", x.Device, oneLine(x.Command), strings.ReplaceAll(strings.TrimSpace(x.Output), "\n", "\n  "))
	}
	return b.String()
}

func oneLine(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "\n", " ") }

// inLine keeps what a device printed from becoming Markdown.
func inLine(s string) string {
	return strings.NewReplacer("*", `\*`, "_", `\_`, "`", "'", "<", "&lt;", "|", `\|`, "[", `\[`).Replace(oneLine(s))
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
