package push

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"closup/provision"
)

// library is the device side, as functions of POSIX sh; jobLibrary is what only
// the detached job does.
var (
	//go:embed device.sh
	library string
	//go:embed job.sh
	jobLibrary string
)

// script is one verb for a device, line by line. All quoting happens here.
type script struct{ strings.Builder }

// newScript begins a script that knows closup's directory on the device and
// the one of the push of that id.
func newScript(p *push, id string) *script {
	s := &script{}
	s.line("B=%s T=%s HOOK=%s PATIENCE=%s LEASE=%s", p.home, p.home+"/push/"+id, p.hook, int(p.patience/time.Second), int(p.lease/time.Second))
	return s
}

// send writes it with the functions that it uses, which nobody holds a thousand
// times.
func (s *script) send(w io.Writer) {
	_, _ = io.WriteString(w, library)
	_, _ = io.WriteString(w, s.String())
}

// detached begins a script that runs by itself on the device.
func detached(p *push, id string) *script {
	s := &script{}
	s.WriteString("PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin; LC_ALL=C; VTYSH_HISTFILE=/dev/null; export PATH LC_ALL VTYSH_HISTFILE; umask 077\n")
	// What units write for themselves goes to memory: the disk may be full.
	s.WriteString("[ ! -w /run ] || { TMPDIR=/run; export TMPDIR; }\n")
	newScript(p, id).send(s)
	return s
}

// line adds a command. Its arguments are quoted, so %s is always one word.
func (s *script) line(format string, args ...any) {
	quoted := make([]any, len(args))
	for i, a := range args {
		quoted[i] = provision.Quote(fmt.Sprint(a))
	}
	fmt.Fprintf(s, format+"\n", quoted...)
}

// function defines name as the given commands, which are sh themselves.
func (s *script) function(name, commands string) {
	fmt.Fprintf(s, "%s() {\n%s\n}\n", name, strings.TrimRight(commands, "\n"))
}

// unpack puts data into a file on the device.
func (s *script) unpack(path string, data []byte) { unpack(s, path, data) }

// unpack writes what does that.
func unpack(w io.Writer, path string, data []byte) {
	// Word by word quoted, but $T is the device's to fill in.
	_, _ = fmt.Fprintf(w, "unpack \"$T\"%s %s <<'END_OF_FILE' || exit 65\n", provision.Quote(path), sumOf(data))
	var line [77]byte
	for part := range slices.Chunk(data, 57) {
		base64.StdEncoding.Encode(line[:], part)
		n := base64.StdEncoding.EncodedLen(len(part))
		line[n] = '\n'
		_, _ = w.Write(line[:n+1])
	}
	_, _ = io.WriteString(w, "END_OF_FILE\n")
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// block is one part of a device's answer: the words of its line, and what stood
// below it.
type block struct {
	kind string // first word
	rest string
	data []byte // a part of the answer
}

// blocks reads what the device's part prints: each block begins with a line of
// the push's mark, which nothing on a device can hold. RunRoot has seen to it
// that the answer is whole.
func (p *push) blocks(out []byte) ([]block, error) {
	before, rest, more := bytes.Cut(out, []byte("\n"+p.mark+" "))
	if len(bytes.TrimSpace(before)) > 0 {
		return nil, fmt.Errorf("%w: it begins with %q", provision.ErrOutput, firstOf(string(before)))
	}
	var all []block
	for more {
		var part []byte
		part, rest, more = bytes.Cut(rest, []byte("\n"+p.mark+" "))
		line, data, ok := bytes.Cut(part, []byte("\n"))
		if !ok {
			return nil, fmt.Errorf("%w: it stops in the middle", provision.ErrOutput)
		}
		kind, words, _ := strings.Cut(string(line), " ")
		all = append(all, block{kind, words, data})
	}
	return all, nil
}

// states reads a tar of files by their paths.
func states(data []byte) (map[string]state, error) {
	found := map[string]state{}
	r := tar.NewReader(bytes.NewReader(data))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err == nil && h.Size > int64(len(data)) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, fmt.Errorf("%w: its files cannot be unpacked: %w", provision.ErrOutput, err)
		}
		s := state{exists: true, odd: h.Typeflag != tar.TypeReg, mode: strconv.FormatInt(h.Mode&0o7777, 8), owner: h.Uname + ":" + h.Gname}
		s.body = make([]byte, h.Size)
		if _, err := io.ReadFull(r, s.body); err != nil {
			return nil, fmt.Errorf("%w: its files cannot be unpacked: %w", provision.ErrOutput, err)
		}
		found[strings.TrimSuffix(h.Name, "/")] = s
	}
}

// ended splits what a command printed from its status, which is the last line.
func (b block) ended() (text []byte, status string) {
	text = bytes.TrimSuffix(b.data, []byte("\n"))
	i := bytes.LastIndexByte(text, '\n')
	if i < 0 {
		return nil, ""
	}
	return text[:i], string(text[i+1:])
}
