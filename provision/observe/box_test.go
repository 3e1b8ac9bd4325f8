package observe

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"closup/provision"
	"closup/provision/fake"
)

// box is a device that can be asked in every way: by a script, by a held vtysh,
// over bgpd's socket; and whose kernel tells of changes.
type box struct {
	t    testing.TB
	host string // of the captures that it answers with

	mu      sync.Mutex
	answers map[string]string                   // to commands; nil: of the captures
	edit    func(command, answer string) string // nil: as captured
	dead    bool                                // bgpd is not there
	frozen  bool                                // bgpd never answers
	mute    bool                                // ip monitor is not known
	asked   map[string]int                      // questions, by what they were
	event   chan struct{}
	killed  chan struct{} // closed to end every vtysh that is held
	held    int           // of those that run now
	forward bool          // bgpd's socket can be reached
	limit   int           // of commands at once; 0: none
	noEcho  bool          // vtysh does not repeat what it reads
}

func newBox(t testing.TB, host string) *box {
	return &box{t: t, host: host, asked: map[string]int{}, event: make(chan struct{}), killed: make(chan struct{})}
}

// set changes the box under its lock.
func (b *box) set(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
}

// count says how often it was asked that.
func (b *box) count(what string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked[what]
}

// on puts the box on a transport.
func (b *box) on(tr *fake.Transport) *box {
	tr.Set(b.host, b.run)
	tr.Limit(b.host, b.limit)
	tr.Socket(b.host, func(string) (net.Conn, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if !b.forward || b.dead {
			return nil, fmt.Errorf("connection refused")
		}
		ours, theirs := net.Pipe()
		go b.socket(theirs)
		return ours, nil
	})
	return b
}

func (b *box) answer(command string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked[command]++
	text := b.answers[command]
	if b.answers == nil {
		text = sectionOf(b.t, b.host, command)
	}
	if b.edit != nil {
		text = b.edit(command, text)
	}
	return text
}

func sectionOf(t testing.TB, host, command string) string {
	text, known := sections([]byte(answer(t, host)))[command]
	if !known {
		return "% Unknown command: " + command + "\n"
	}
	return string(text)
}

func (b *box) is() (dead, frozen bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dead, b.frozen
}

func (b *box) run(c fake.Command) int {
	switch {
	case strings.Contains(c.Line, "exec vtysh"):
		return b.vtysh(c)
	case strings.Contains(c.Line, "ip -o monitor"):
		return b.monitor(c)
	}
	return fake.Root(func(text string) (string, string, int) {
		switch {
		case strings.Contains(text, "vtysh -E"):
		case !strings.Contains(text, ipRoute4):
			return "", "", 0
		default:
			b.set(func() { b.asked["system"]++ })
			var out strings.Builder
			for _, command := range systemCommands {
				fmt.Fprintf(&out, "\nsh# %s\n%s", command, b.answer(command))
			}
			return out.String(), "", 0
		}
		b.set(func() { b.asked["script"]++ })
		var out strings.Builder
		dead, frozen := b.is()
		spoken := frr
		for _, d := range []dialect{frrLarge, quaggaJSON, quaggaText} {
			if strings.Contains(text, provision.Quote(d.table4)) {
				spoken = d
			}
		}
		for _, command := range spoken.commands() {
			switch {
			case frozen:
				continue
			case dead && command != showVersion:
				fmt.Fprintf(&out, "%s# %s\nbgpd is not running\n", b.host, command)
				continue
			}
			fmt.Fprintf(&out, "%s# %s\n%s", b.host, command, b.answer(command))
		}
		for _, command := range systemCommands {
			fmt.Fprintf(&out, "\nsh# %s\n%s", command, b.answer(command))
		}
		return out.String(), "", 0
	})(c)
}

func (b *box) vtysh(c fake.Command) int {
	b.mu.Lock()
	b.asked["vtysh"]++
	b.held++
	killed, connected := b.killed, !b.dead
	b.mu.Unlock()
	defer b.set(func() { b.held-- })
	lines, over := make(chan string), make(chan struct{})
	defer close(over)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(c.Stdin); in.Scan(); {
			select {
			case lines <- in.Text():
			case <-over:
				return
			}
		}
	}()
	fmt.Fprintf(c.Stdout, "closup-pid 4711\n\nHello, this is FRRouting (version 8.4.4).\n\n%s# ", b.host)
	for {
		var line string
		var more bool
		select {
		case <-killed:
			return 143
		case line, more = <-lines:
		}
		switch {
		case !more:
			return 0
		case b.noEcho:
			continue
		}
		text := ""
		dead, frozen := b.is()
		switch {
		case strings.HasPrefix(line, "!"):
		case frozen:
			<-c.Ctx.Done()
			return 143
		case dead && connected && line != showVersion:
			text = "Warning: closing connection to bgpd because of an I/O error!\n"
			connected = false
		case !connected && line != showVersion:
			text = "bgpd is not running\n"
		default:
			text = b.answer(line)
		}
		fmt.Fprintf(c.Stdout, "%s\n%s%s# ", line, text, b.host)
	}
}

// socket is bgpd's end of a connection to it.
func (b *box) socket(conn net.Conn) {
	defer conn.Close()
	b.set(func() { b.asked["socket"]++ })
	for in := bufio.NewReader(conn); ; {
		command, err := in.ReadString(0)
		if err != nil {
			return
		}
		switch dead, frozen := b.is(); {
		case dead:
			return
		case frozen:
			continue
		}
		text := b.answer(strings.TrimSuffix(command, "\x00"))
		for len(text) > 1000 { // it need not come in one piece
			_, _ = conn.Write([]byte(text[:1000]))
			text = text[1000:]
		}
		if _, err := conn.Write([]byte(text + "\x00\x00\x00\x00")); err != nil {
			return
		}
	}
}

func (b *box) monitor(c fake.Command) int {
	b.set(func() { b.asked["monitor"]++ })
	b.mu.Lock()
	mute := b.mute
	b.mu.Unlock()
	if mute {
		fmt.Fprintln(c.Stderr, `Object "monitor" is unknown, try "ip help".`)
	}
	for {
		select {
		case <-c.Ctx.Done():
			return 143
		case <-b.event:
			fmt.Fprintln(c.Stdout, "5: swp1: <BROADCAST,MULTICAST> mtu 9000 state DOWN")
		}
	}
}
