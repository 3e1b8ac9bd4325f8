package cli

import (
	"fmt"
	"html"
	"os/exec"
	"strconv"
	"strings"
	"sync"

	"github.com/charmbracelet/x/ansi"
)

// A picture of a terminal: what tmux captured, as SVG, cell by cell, and as PNG
// by rsvg-convert.

const (
	fontSize, cellWidth, cellHeight, margin = 14.0, 8.428, 16.3, 10.0 // DejaVu Sans Mono
	baseline                                = fontSize * 0.928
)

// ground is the colours of plain text and of what is behind it.
type ground struct{ front, back string }

var grounds = map[string]ground{"dark": {"#e6e9f0", "#11131a"}, "light": {"#1b2130", "#ffffff"}}

// picture is what a pane shows, as SVG.
func (s *screen) picture(g ground) string {
	s.Helper()
	size := strings.Fields(s.tmux("display-message", "-p", "#{pane_width} #{pane_height}"))
	columns, _ := strconv.Atoi(size[0])
	rows, _ := strconv.Atoi(size[1])
	lines := strings.Split(strings.TrimRight(s.tmux("capture-pane", "-e", "-N", "-p"), "\n"), "\n")
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" font-family="DejaVu Sans Mono, monospace" font-size="%g">`+"\n", float64(columns)*cellWidth+2*margin, float64(rows)*cellHeight+2*margin, fontSize)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="%s"/>`+"\n", g.back)
	var p pen
	for y, line := range lines {
		x := 0
		top := margin + float64(y)*cellHeight
		for line != "" {
			seq, n, used, _ := ansi.DecodeSequence(line, 0, nil)
			line = line[used:]
			if n == 0 {
				p.take(seq)
				continue
			}
			front, back := p.colours(g)
			left := margin + float64(x)*cellWidth
			if back != g.back {
				fmt.Fprintf(&b, `<rect x="%.2f" y="%.2f" width="%.2f" height="%.2f" fill="%s"/>`+"\n", left, top, float64(n)*cellWidth+0.4, cellHeight+0.4, back)
			}
			if seq != " " {
				weight := ""
				if p.bold {
					weight = ` font-weight="bold"`
				}
				fmt.Fprintf(&b, `<text x="%.2f" y="%.2f" fill="%s"%s>%s</text>`+"\n", left, top+baseline, front, weight, html.EscapeString(seq))
			}
			x += n
		}
	}
	return b.String() + "</svg>\n"
}

// pen is the colours that text has from here on.
type pen struct {
	front, back   string // empty: plain
	bold, reverse bool
}

func (p *pen) colours(g ground) (front, back string) {
	front, back = p.front, p.back
	if front == "" {
		front = g.front
	}
	if back == "" {
		back = g.back
	}
	if p.reverse {
		front, back = back, front
	}
	return front, back
}

// take follows an escape sequence; only those of colours mean anything.
func (p *pen) take(seq string) {
	inner, ok := strings.CutPrefix(seq, "\x1b[")
	inner, isStyle := strings.CutSuffix(inner, "m")
	if !ok || !isStyle {
		return
	}
	fields := strings.Split(inner, ";")
	for i := 0; i < len(fields); i++ {
		n, _ := strconv.Atoi(fields[i])
		switch {
		case n == 0:
			*p = pen{}
		case n == 1:
			p.bold = true
		case n == 7:
			p.reverse = true
		case n == 22:
			p.bold = false
		case n == 27:
			p.reverse = false
		case n >= 30 && n <= 37:
			p.front = indexed(n - 30)
		case n >= 90 && n <= 97:
			p.front = indexed(n - 82)
		case n >= 40 && n <= 47:
			p.back = indexed(n - 40)
		case n >= 100 && n <= 107:
			p.back = indexed(n - 92)
		case n == 39:
			p.front = ""
		case n == 49:
			p.back = ""
		case n == 38 || n == 48:
			colour, used := extended(fields[i+1:])
			i += used
			if n == 38 {
				p.front = colour
			} else {
				p.back = colour
			}
		}
	}
}

// extended reads what follows 38 or 48: 5;N or 2;R;G;B.
func extended(fields []string) (colour string, used int) {
	number := func(i int) int { n, _ := strconv.Atoi(fields[i]); return n }
	switch {
	case len(fields) >= 2 && fields[0] == "5":
		return indexed(number(1)), 2
	case len(fields) >= 4 && fields[0] == "2":
		return fmt.Sprintf("#%02x%02x%02x", number(1), number(2), number(3)), 4
	}
	return "", len(fields)
}

// sixteen is the first colours of a terminal.
var sixteen = strings.Fields("#1d1f21 #cc6666 #8cbf5f #e5c07b #6a9fd8 #b294bb #5fb3b3 #c5c8c6 #7f848e #ff7b72 #a5d66f #f0d487 #8ab8f0 #cfa6dc #7fd0d0 #ffffff")

// indexed is one of the 256 colours (xterm's: 16, a cube of 216, 24 greys).
func indexed(n int) string {
	switch {
	case n < 0 || n > 255:
		return ""
	case n < 16:
		return sixteen[n]
	case n < 232:
		n -= 16
		steps := []int{0, 95, 135, 175, 215, 255}
		return fmt.Sprintf("#%02x%02x%02x", steps[n/36], steps[n/6%6], steps[n%6])
	}
	g := 8 + 10*(n-232)
	return fmt.Sprintf("#%02x%02x%02x", g, g, g)
}

// album is the pictures that are being written, a few at a time: the wizard goes
// on meanwhile.
type album struct {
	group sync.WaitGroup
	slots chan struct{}
}

func newAlbum() *album { return &album{slots: make(chan struct{}, 4)} }

// save writes what a pane shows as PNG, soon.
func (a *album) save(s *screen, path string, g ground) {
	s.Helper()
	text := s.picture(g)
	a.group.Go(func() {
		a.slots <- struct{}{}
		defer func() { <-a.slots }()
		cmd := exec.Command("rsvg-convert", "-o", path)
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			s.Errorf("rsvg-convert (Debian: librsvg2-bin): %v: %s", err, out)
			return
		}
		if err := shrink(path); err != nil {
			s.Error(err)
		}
	})
}
