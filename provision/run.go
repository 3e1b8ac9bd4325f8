package provision

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// What one command may print before Run gives it up, in bytes. A full table of
// 10,000 routes is about 6 MiB of JSON.
const (
	maxOutput = 64 << 20
	maxStderr = 256 << 10
)

// Run runs cmd with in as its standard input (nil: empty) and returns what it
// printed. in must not block. A command that fails answers *ExitError, which
// keeps its standard error; what it printed until then is returned too.
func Run(ctx context.Context, s Session, cmd string, in io.Reader) ([]byte, error) {
	return run(ctx, s, cmd, func(w io.Writer) {
		if in != nil {
			_, _ = io.Copy(w, in)
		}
	})
}

// run is Run with an input that is written while it is sent.
func run(ctx context.Context, s Session, cmd string, write func(io.Writer)) ([]byte, error) {
	p, err := s.Start(ctx, cmd)
	if err != nil {
		return nil, err
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		send(p.Stdin, write)
		_ = p.Stdin.Close()
	})
	var stderr, stdout bounded
	stderr.max, stdout.max = maxStderr, maxOutput
	// A thousand commands at once: most say little, so the buffers are small.
	wg.Go(func() { _, _ = io.CopyBuffer(&stderr, p.Stderr, make([]byte, 1<<10)) })
	_, readErr := io.CopyBuffer(&stdout, p.Stdout, make([]byte, 8<<10))
	err = p.Wait()
	wg.Wait()
	return answer(cmd, &stdout, Plain(stderr.kept.String()), err, readErr)
}

// send gives a command its input, of which it need not read all.
func send(to io.Writer, write func(io.Writer)) {
	w := bufio.NewWriterSize(to, 8<<10)
	write(w)
	_ = w.Flush()
}

// answer is what a command printed and how it ended.
func answer(cmd string, stdout *bounded, stderr string, err, readErr error) ([]byte, error) {
	var exit *ExitError
	switch {
	case errors.As(err, &exit):
		exit.Command, exit.Stderr = cmd, stderr
	case err == nil && stdout.cut:
		err = fmt.Errorf("a command printed more than %d MiB: %w", maxOutput>>20, ErrOutput)
	case err == nil && readErr != nil:
		err = readErr
	}
	return stdout.kept.Bytes(), err
}

// bounded keeps the first max bytes and takes the rest without keeping it, so
// that the command is not held up by a full pipe. The buffer is no embedded one:
// io.Copy would find its ReadFrom, and no bound.
type bounded struct {
	kept bytes.Buffer
	max  int
	cut  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if room := b.max - b.kept.Len(); len(p) > room {
		b.cut = true
		_, _ = b.kept.Write(p[:room])
		return len(p), nil
	}
	return b.kept.Write(p)
}
