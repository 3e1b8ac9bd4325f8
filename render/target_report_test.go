package render_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"closup/model"
)

// reportProblems is what is wrong with a page: links that lead nowhere or out
// of it, names that stand twice, tags that are not closed.
func reportProblems(text string) []string {
	var out []string
	names, links := map[string]bool{}, []string{}
	void := map[string]bool{"meta": true, "br": true}
	var open []string
	z := html.NewTokenizer(strings.NewReader(text))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		token := z.Token()
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			if kind == html.StartTagToken && !void[token.Data] {
				open = append(open, token.Data)
			}
			for _, a := range token.Attr {
				switch a.Key {
				case "id":
					if names[a.Val] {
						out = append(out, a.Val+" stands twice")
					}
					names[a.Val] = true
				case "href":
					links = append(links, a.Val)
				case "src", "srcset", "action":
					out = append(out, "needs "+a.Val)
				}
			}
			if token.Data == "script" || token.Data == "link" || token.Data == "iframe" {
				out = append(out, "has <"+token.Data+">")
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				out = append(out, fmt.Sprintf("</%s> closes %v", token.Data, open))
				return out
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		out = append(out, fmt.Sprintf("%v are not closed", open))
	}
	if len(links) == 0 {
		out = append(out, "has no links")
	}
	for _, l := range links {
		if !names[strings.TrimPrefix(l, "#")] {
			out = append(out, l+" leads nowhere")
		}
	}
	return out
}

// TestReportPage: the page is whole, its links lead to its own anchors, and it
// has the drawing, every device and every file.
func TestReportPage(t *testing.T) {
	for name, text := range cases(t) {
		p := planOf(t, name, text)
		page := fileOf(t, p, "report", "report.html")
		for _, problem := range reportProblems(page) {
			t.Errorf("%s: %s", name, problem)
		}
		if !strings.Contains(page, fileOf(t, p, "diagram", "fabric.svg")) {
			t.Errorf("%s: the drawing is not in the report", name)
		}
		for _, f := range filesOf(t, p, "devices") {
			if body := html.UnescapeString(page); !strings.Contains(body, string(f.Body)) {
				t.Errorf("%s: %s is not in the report", name, f.Path)
			}
		}
	}
	page := fileOf(t, planOf(t, "article", cases(t)["article"]), "report", "report.html")
	for _, change := range [][2]string{
		{`id="d-leaf1"`, `id="d-leaf9"`},
		{`id="d-leaf1"`, `id="d-leaf2"`},
		{"</table>", ""},
		{`href="#files"`, `href="https://example.net/"`},
		{"<main", `<img src="x.png"></img><main`},
	} {
		if spoilt := strings.Replace(page, change[0], change[1], 1); spoilt == page || len(reportProblems(spoilt)) == 0 {
			t.Errorf("%q is taken", change[1])
		}
	}
}

// TestReportText: the anchors of report.md are its headings, as the hosts of
// repositories name them.
func TestReportText(t *testing.T) {
	heading, link := regexp.MustCompile(`(?m)^#+ (.+)$`), regexp.MustCompile(`\]\(#([^)]*)\)`)
	lost := func(text string) (out []string) {
		names := map[string]bool{}
		for _, m := range heading.FindAllStringSubmatch(text, -1) {
			names[strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")] = true
		}
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if !names[strings.ToLower(m[1])] {
				out = append(out, m[1])
			}
		}
		return out
	}
	for name, text := range cases(t) {
		p := planOf(t, name, text)
		md := fileOf(t, p, "report", "report.md")
		if gone := lost(md); len(gone) > 0 || strings.Count(md, "](#") != 6+len(p.Devices) {
			t.Errorf("%s: links lead nowhere: %v", name, gone)
		}
		if len(lost(strings.Replace(md, "## Cabling", "## Cables", 1))) != 1 {
			t.Errorf("%s: a lost heading is not noticed", name)
		}
	}
}

// TestReportFindings: what validation says is in the report, and whatever the
// operator wrote that it quotes, it stays text.
func TestReportFindings(t *testing.T) {
	p := planOf(t, "article", cases(t)["article"])
	const bad = "a|b\n[c](#d) <img src=x> `e` **f**"
	p.Findings = []model.Finding{{Severity: model.Error, Path: "nodes[0].rack", Line: 7, Message: bad, Remedy: "write " + bad}}
	page, md := fileOf(t, p, "report", "report.html"), fileOf(t, p, "report", "report.md")
	for _, problem := range reportProblems(page) {
		t.Error(problem)
	}
	if !strings.Contains(page, `<b class="error">error</b>`) || !strings.Contains(page, "fabric.yaml:7 nodes[0].rack") || strings.Contains(page, "<img") {
		t.Error("the finding is not in the page, or is more than text")
	}
	const want = "| error | a\\|b \\[c\\]\\(\\#d\\) \\<img src=x\\> \\`e\\` \\*\\*f\\*\\* | write a\\|b "
	if !strings.Contains(md, "\n"+want) || strings.Contains(md, "](#d)") {
		t.Errorf("the finding is not in the text, or is more than that:\n%s", md[:800])
	}
	p.Findings = nil
	for _, name := range []string{"report.html", "report.md"} {
		if text := fileOf(t, p, "report", name); !strings.Contains(text, "None: every rule of") {
			t.Errorf("%s does not say that nothing was found", name)
		}
	}
}
