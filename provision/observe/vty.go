package observe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"closup/provision"
)

// This file asks a router over something held open, so that a question costs a
// fraction of a millisecond of the device and not a program's start:
//
//	bgpd's own socket  forwarded by sshd, for logins that may open it: root, and
//	                   whoever is in the group frrvty
//	a held vtysh       fed by its standard input, for everybody else who has
//	                   sudo, with a password or without; where the router runs
//	                   in a container, the vtysh on the PATH is the one that
//	                   enters it
//
// Neither takes a deadline: what takes too long is closed under its reader.

// bgpdSocket is where bgpd listens for vtysh.
const bgpdSocket = "/run/frr/bgpd.vty"

// answerTimeout is how long a router may think about one question. A daemon
// that hangs answers never.
const answerTimeout = 4 * time.Second

// maxAnswer is the longest answer that is read, in bytes.
const maxAnswer = 64 << 20

// errHangs says that a daemon did not answer in time.
var errHangs = errors.New("FRR does not answer: a daemon hangs")

// router is one held conversation. After an error it is of no use any more.
type router interface {
	// ask returns what the command printed, errors included.
	ask(ctx context.Context, command string) ([]byte, error)
	close()
}

// held is what both kinds are made of: a stream to write to and one to read.
type held struct {
	in    io.Writer
	out   io.Reader
	shut  func()
	buf   []byte // read, and not part of an answer yet
	block []byte
}

// exchange writes a question and reads up to the end that whole finds: the
// length of the answer, and of what follows it.
func (h *held) exchange(outer context.Context, question string, whole func(got []byte) (answer, rest int, ok bool)) ([]byte, error) {
	ctx, cancel := context.WithTimeout(outer, answerTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, h.shut)
	defer stop()
	_, err := io.WriteString(h.in, question)
	if h.block == nil {
		h.block = make([]byte, 32<<10)
	}
	for err == nil {
		if answer, rest, ok := whole(h.buf); ok {
			out := h.buf[:answer:answer]
			h.buf = append([]byte(nil), h.buf[rest:]...)
			return out, nil
		}
		if len(h.buf) > maxAnswer {
			err = fmt.Errorf("an answer is longer than %d MiB: %w", maxAnswer>>20, provision.ErrOutput)
			break
		}
		var n int
		n, err = h.out.Read(h.block)
		h.buf = append(h.buf, h.block[:n]...)
		if n > 0 && errors.Is(err, io.EOF) {
			err = nil
		}
	}
	h.shut()
	switch {
	case outer.Err() != nil:
		err = context.Cause(outer)
	case ctx.Err() != nil:
		err = errHangs
	}
	return h.buf, err
}

// vtySocket is a daemon's socket. A command ends in a zero byte; the answer in
// three and a status, 0 for success (lib/vty.c, lib/command.h).
type vtySocket struct{ held }

func dialVty(ctx context.Context, s provision.Session) (*vtySocket, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	conn, err := s.DialUnix(ctx, bgpdSocket)
	if err != nil {
		return nil, err
	}
	return newVtySocket(conn), nil
}

func newVtySocket(conn net.Conn) *vtySocket {
	return &vtySocket{held{in: conn, out: conn, shut: func() { _ = conn.Close() }}}
}

func (v *vtySocket) close() { v.shut() }

func (v *vtySocket) ask(ctx context.Context, command string) ([]byte, error) {
	from := 0
	return v.exchange(ctx, command+"\x00", func(got []byte) (int, int, bool) {
		at := bytes.Index(got[from:], []byte{0, 0, 0})
		if at < 0 || from+at+4 > len(got) {
			from = max(0, len(got)-3)
			return 0, 0, false
		}
		return from + at, from + at + 4, true
	})
}

// vtyShell is a held vtysh. It repeats each line that it reads behind its
// prompt, so a comment after every question shows where the answer ends.
type vtyShell struct {
	held
	number int
	pid    int // of vtysh on the device; 0: not told
}

// startVtysh is the line that becomes a held vtysh.
const startVtysh = `PATH=$PATH:/opt/bin:/usr/local/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin; LC_ALL=C; VTYSH_HISTFILE=/dev/null; export PATH LC_ALL VTYSH_HISTFILE; ` +
	`unset VTYSH_PAGER; echo closup-pid $$; exec vtysh 2>&1`

// openVtysh starts a vtysh and waits for its first prompt. The answer to that
// is what it said before, which tells why there is none.
func openVtysh(ctx context.Context, s provision.Session) (*vtyShell, []byte, error) {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, end)
	p, err := provision.HoldRoot(life, s, startVtysh)
	if err != nil {
		stop()
		end()
		return nil, nil, err
	}
	v := &vtyShell{held: held{in: p.Stdin, out: p.Stdout, shut: func() { stop(); end() }}}
	said, err := v.ask(ctx, "")
	if !stop() {
		err = context.Cause(ctx)
	}
	if _, after, ok := bytes.Cut(said, []byte("closup-pid ")); ok {
		line, _, _ := bytes.Cut(after, []byte("\n"))
		v.pid, _ = strconv.Atoi(strings.TrimSpace(string(line)))
	}
	if err != nil {
		v.shut()
		// How it ended says more than that its output did.
		if werr := p.Wait(); werr != nil && errors.Is(err, io.EOF) {
			err = werr
		}
		return v, said, err
	}
	return v, said, nil
}

// close ends vtysh by ending its input.
func (v *vtyShell) close() { v.shut() }

func (v *vtyShell) ask(ctx context.Context, command string) ([]byte, error) {
	v.number++
	mark := "! closup " + strconv.Itoa(v.number)
	question := mark + "\n"
	if command != "" {
		question = command + "\n" + question
	}
	from := 0
	out, err := v.exchange(ctx, question, func(got []byte) (int, int, bool) {
		at := bytes.Index(got[from:], []byte(mark+"\n"))
		if at < 0 {
			from = max(0, len(got)-len(mark))
			return 0, 0, false
		}
		return from + at, from + at + len(mark) + 1, true
	})
	if err != nil {
		return out, err
	}
	// Before it stands the prompt of the mark, and before the answer the
	// prompt with the command.
	out = out[:bytes.LastIndexByte(out, '\n')+1]
	if _, after, ok := bytes.Cut(out, []byte(command+"\n")); ok && command != "" {
		out = after
	}
	return out, nil
}
