package work

import (
	"fmt"
	"html/template"
	"strings"

	"closup/assets"
)

// Document is something to hand over, as Markdown or as one page of HTML that
// needs nothing from elsewhere. What a device printed stands in it as text.
type Document struct {
	Title    string
	Lead     string
	Verdict  string
	Tone     string        // good, warn or bad
	Drawing  template.HTML // an SVG of our own; in HTML only
	Sections []Section
}

// Section is one heading with what stands under it.
type Section struct {
	Heading string
	Text    []string // paragraphs
	Head    []string // of the table
	Rows    []Row
	Blocks  []string // printed as they are
}

// Row is one line of a table. Where it has a tone, a word of it says the same.
type Row struct {
	Tone  string
	Cells []string
}

// HTML is the document as a page.
func (d Document) HTML() (string, error) {
	text, err := assets.FS.ReadFile("templates/bringup/bringup.html")
	if err != nil {
		return "", err
	}
	t, err := template.New("bringup").Parse(string(text))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, d)
	return b.String(), err
}

// Markdown is the document as CommonMark with tables.
func (d Document) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n**%s**\n", escaped(d.Title), escaped(d.Lead), escaped(d.Verdict))
	for _, s := range d.Sections {
		fmt.Fprintf(&b, "\n## %s\n", escaped(s.Heading))
		for _, text := range s.Text {
			fmt.Fprintf(&b, "\n%s\n", escaped(text))
		}
		if len(s.Rows) > 0 {
			fmt.Fprintf(&b, "\n|%s\n|%s\n", cellsOf(s.Head), strings.Repeat("---|", len(s.Head)))
			for _, r := range s.Rows {
				fmt.Fprintf(&b, "|%s\n", cellsOf(r.Cells))
			}
		}
		for _, block := range s.Blocks {
			fmt.Fprintf(&b, "\n```\n%s\n```\n", strings.ReplaceAll(strings.TrimRight(block, "\n"), "```", "'''"))
		}
	}
	return b.String()
}

func cellsOf(cells []string) string {
	var b strings.Builder
	for _, c := range cells {
		b.WriteString(" " + escaped(c) + " |")
	}
	return b.String()
}

// escaped is text that means nothing to Markdown, on one line.
func escaped(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "|", `\|`, "[", `\[`, "#", `\#`).Replace(s)
}
