package provision

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// sudoTalk is a `sudo -S` under way.
type sudoTalk struct {
	proc    *Proc
	stdout  *bufio.Reader
	prompts *sudoPrompts
	work    sync.WaitGroup
	command string
}

// becomeRoot starts root's shell with a password. It answers ErrWrongSecret, or
// ErrSudo with sudo's reason.
func becomeRoot(ctx context.Context, s Session, password Secret) (*sudoTalk, error) {
	prompt, begin := "closup-"+rand.Text(), "closup-"+rand.Text()
	t := &sudoTalk{
		command: fmt.Sprintf(`sh -c 'LC_ALL=C; export LC_ALL; exec sudo -S -k -p %s sh -c "echo; echo %s; exec sh -s"'`, prompt, begin),
		prompts: &sudoPrompts{nonce: []byte(prompt), seen: make(chan struct{}, 8)},
	}
	var err error
	if t.proc, err = s.Start(ctx, t.command); err != nil {
		return nil, err
	}
	t.prompts.text.max = maxStderr
	t.stdout = bufio.NewReader(t.proc.Stdout)
	t.work.Go(func() {
		_, _ = io.Copy(t.prompts, t.proc.Stderr)
	})
	begun := make(chan bool, 1)
	t.work.Go(func() { begun <- t.hear(begin) })

	given := false
	for {
		select {
		case ok := <-begun:
			if ok {
				return t, nil
			}
			return nil, t.refused(t.end(), given)
		case <-t.prompts.seen:
			if given {
				_ = t.proc.Stdin.Close() // sudo gives up for want of another one
				<-begun
				_ = t.end()
				return nil, ErrWrongSecret
			}
			given = true
			_, _ = io.WriteString(t.proc.Stdin, password.Reveal()+"\n")
		}
	}
}

// hear reads up to the line that root's shell begins with.
func (t *sudoTalk) hear(begin string) bool {
	for read := 0; read < maxStderr; {
		line, err := t.stdout.ReadString('\n')
		if strings.TrimRight(line, "\r\n") == begin {
			return true
		}
		if err != nil {
			return false
		}
		read += len(line)
	}
	return false
}

// end waits for a command that never became root's.
func (t *sudoTalk) end() error {
	_ = t.proc.Stdin.Close()
	_, _ = io.Copy(io.Discard, t.stdout)
	err := t.proc.Wait()
	t.work.Wait()
	return err
}

// refused says why sudo ended. given: it got the password.
func (t *sudoTalk) refused(err error, given bool) error {
	var exit *ExitError
	stderr := t.prompts.rest()
	switch {
	case err != nil && !errors.As(err, &exit) && stderr != "":
		return fmt.Errorf("%w; sudo said: %s", err, firstLine(stderr))
	case err != nil && exit == nil:
		return err
	case given && (strings.Contains(stderr, "incorrect password") || strings.Contains(stderr, "try again")):
		return ErrWrongSecret
	}
	return fmt.Errorf("%w: %s", ErrSudo, sudoReason(stderr))
}

// run gives root's shell its script, and waits for its end, as Run does.
func (t *sudoTalk) run(script func(io.Writer)) ([]byte, error) {
	t.work.Go(func() {
		send(t.proc.Stdin, script)
		_ = t.proc.Stdin.Close()
	})
	stdout := bounded{max: maxOutput}
	_, readErr := io.Copy(&stdout, t.stdout)
	err := t.proc.Wait()
	t.work.Wait()
	return answer(t.command, &stdout, t.prompts.rest(), err, readErr)
}

// hold gives root's shell one line, and leaves the rest of its input to the
// caller. A shell reads ahead, so nothing follows the line before it runs.
func (t *sudoTalk) hold(line string) (*Proc, error) {
	mark := "closup-" + rand.Text()
	_, _ = io.WriteString(t.proc.Stdin, "echo; echo "+mark+"; "+line+"\n")
	if !t.hear(mark) {
		return nil, cmp.Or(t.end(), fmt.Errorf("%w: root's shell did not run the command", ErrOutput))
	}
	wait := func() error {
		err := t.proc.Wait()
		t.work.Wait()
		return err
	}
	return &Proc{Stdin: t.proc.Stdin, Stdout: t.stdout, Stderr: strings.NewReader(""), Wait: wait}, nil
}

// sudoPrompts is what stands on standard error, watched for prompts.
type sudoPrompts struct {
	nonce []byte
	seen  chan struct{} // gets one for each prompt

	mu   sync.Mutex
	text bounded
	from int // where to look for the next one
}

func (p *sudoPrompts) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, err := p.text.Write(b)
	for {
		i := bytes.Index(p.text.kept.Bytes()[p.from:], p.nonce)
		if i < 0 {
			return n, err
		}
		p.from += i + len(p.nonce)
		select {
		case p.seen <- struct{}{}:
		default: // nobody waits for the ninth
		}
	}
}

// rest is standard error without the prompts.
func (p *sudoPrompts) rest() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.TrimSpace(Plain(strings.ReplaceAll(p.text.kept.String(), string(p.nonce), "")))
}
