package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/charmbracelet/x/ansi"

	"closup/provision/push"
)

// statusLine is the last line of the terminal while a push runs: how many
// devices are in which phase. Where standard error is no terminal, or nothing
// may be drawn again, there is none, and only what is said remains.
type statusLine struct {
	asking  *sync.Mutex // held while a question stands there
	w       io.Writer
	columns int // 0: no terminal
	phases  map[string]string
}

func (e *env) statusLine() *statusLine {
	l := &statusLine{asking: &e.asking, w: coloured(e.err), columns: width(e.err), phases: map[string]string{}}
	if e.accessible {
		l.columns = 0
	}
	return l
}

// say prints a line above the status line.
func (l *statusLine) say(text string) {
	l.asking.Lock()
	defer l.asking.Unlock()
	l.clear()
	fmt.Fprintln(l.w, text)
}

func (l *statusLine) clear() {
	if l.columns > 0 {
		fmt.Fprint(l.w, "\r"+ansi.EraseLineRight)
	}
}

// follow takes one event of the push.
func (l *statusLine) follow(ev push.Event) {
	switch ev.Kind {
	case push.Started:
		l.phases[ev.Device] = ev.Phase
	case push.Done:
		delete(l.phases, ev.Device)
	}
	if len(l.phases) == 0 {
		return
	}
	counts := map[string]int{}
	for _, phase := range l.phases {
		counts[phase]++
	}
	var parts []string
	for _, phase := range push.Phases {
		if n := counts[phase.Name]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, phase.Name))
		}
	}
	l.show(strings.Join(parts, ", "))
}

// show replaces the line, unless a question stands there.
func (l *statusLine) show(text string) {
	if l.columns == 0 || !l.asking.TryLock() {
		return
	}
	defer l.asking.Unlock()
	fmt.Fprint(l.w, "\r"+ansi.EraseLineRight+ansi.Truncate(text, l.columns-1, ellipsis))
}
