package render_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReportInABrowser: a browser lays the page out with the drawing, and every
// link in it leads to something that it shows.
func TestReportInABrowser(t *testing.T) {
	need(t, false, "chromium")
	t.Parallel()
	page := fileOf(t, planOf(t, "article", cases(t)["article"]), "report", "report.html")
	// What the browser made of it, it says in the title.
	const ask = `<script>
let lost = [...document.querySelectorAll("a[href]")].filter(a => !document.querySelector(a.getAttribute("href")));
let flat = [...document.querySelectorAll("h1, h2, svg, table, summary")].filter(e => e.getBoundingClientRect().height < 5);
let wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
document.title = "lost " + lost.length + " flat " + flat.length + " wide " + wide + " links " + document.links.length;
</script></body>`
	look := func(text string) string {
		dir := t.TempDir()
		file := filepath.Join(dir, "report.html")
		if err := os.WriteFile(file, []byte(strings.Replace(text, "</body>", ask, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+dir, "--window-size=1280,900", "--dump-dom", "file://"+file)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("chromium: %v", err)
		}
		title := regexp.MustCompile(`<title>(.*)</title>`).FindStringSubmatch(string(out))
		if title == nil {
			t.Fatalf("chromium shows %q", out)
		}
		return title[1]
	}
	if got := look(page); !strings.HasPrefix(got, "lost 0 flat 0 wide false links ") || strings.HasSuffix(got, "links 0") {
		t.Errorf("the browser says %q", got)
	}
	spoilt := strings.Replace(page, `id="d-leaf1"`, `id="d-leaf9"`, 1)
	spoilt = strings.Replace(spoilt, "<svg ", `<svg style="display:none" `, 1)
	if got := look(spoilt); !strings.HasPrefix(got, "lost 1 flat 1 wide false") {
		t.Errorf("of a spoilt page the browser says %q", got)
	}
}
