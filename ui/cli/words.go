package cli

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"closup/model"
	"closup/provision/push"
)

// count is a number with its noun: "1 device", "6 devices".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// notNil makes an empty list print as [] in JSON.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// paint holds the few colours that commands use. They only repeat what a word
// says.
type paint struct{ good, warn, bad, faint, strong lipgloss.Style }

var paints = paint{
	good:   lipgloss.NewStyle().Foreground(lipgloss.Green),
	warn:   lipgloss.NewStyle().Foreground(lipgloss.Yellow),
	bad:    lipgloss.NewStyle().Foreground(lipgloss.Red),
	faint:  lipgloss.NewStyle().Faint(true),
	strong: lipgloss.NewStyle().Bold(true),
}

func (p paint) severity(s model.Severity) string {
	switch s {
	case model.Error:
		return p.bad.Render(string(s))
	case model.Warning:
		return p.warn.Render(string(s))
	}
	return p.faint.Render(string(s))
}

// result is how a device ended.
func (p paint) result(r push.Result) string {
	switch r {
	case push.Changed, push.Unchanged:
		return p.good.Render(string(r))
	case push.Pending:
		return p.warn.Render(string(r))
	}
	return p.bad.Render(string(r))
}

// diff colours a unified diff.
func (p paint) diff(diff string) string {
	var b strings.Builder
	for line := range strings.Lines(diff) {
		style, text := p.faint, strings.TrimSuffix(line, "\n")
		switch text[:min(1, len(text))] {
		case "+":
			style = p.good
		case "-":
			style = p.bad
		case " ":
			b.WriteString(line)
			continue
		}
		b.WriteString(style.Render(text) + "\n")
	}
	return b.String()
}

// finding is one line: where, how bad, what, what to do.
func (p paint) finding(file string, f model.Finding) string {
	place := file
	if f.Line > 0 {
		place = fmt.Sprintf("%s:%d", file, f.Line)
	}
	line := fmt.Sprintf("%s: %s: %s", place, p.severity(f.Severity), f.Message)
	if f.Remedy != "" {
		line += "; " + f.Remedy
	}
	return line
}

// tint colours text; nothing stays nothing.
func tint(style lipgloss.Style, text string) string {
	if text == "" {
		return ""
	}
	return style.Render(text)
}

// list is names as a sentence has them: "a, b and c".
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
