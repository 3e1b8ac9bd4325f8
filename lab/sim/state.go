package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"closup/lab"
	"closup/lab/netns"
	"closup/model"
)

// Files of a lab in its directory. Whatever else lies there is not the lab's.
const (
	recordFile   = "lab.json"
	identityFile = "id_ed25519"
	knownFile    = "known_hosts"
	brokenFile   = "broken.json" // package lab's
)

// ErrRunning is wrapped by Up where the lab runs already.
var ErrRunning = errors.New("is already running")

// Up starts the lab, and leaves in the state directory what the commands need
// to find it: its devices, its key, their host keys. Close removes that.
func Up(ctx context.Context, plan *model.Plan, o Options) (*Lab, error) {
	dir, err := lab.Dir(plan.Name)
	if err != nil {
		return nil, err
	}
	if _, err := lab.Open(plan.Name); err == nil {
		return nil, fmt.Errorf("the lab of %s %w: use it, or end it with `closup lab down` first", plan.Name, ErrRunning)
	}
	l, err := Start(ctx, plan, o)
	if err != nil {
		return nil, err
	}
	if err := l.leaveIn(dir); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// leaveIn writes the lab's files. The record is last: with it the lab is there.
func (l *Lab) leaveIn(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the state directory: %w", err)
	}
	l.dir = dir
	l.Identity, l.KnownHosts = filepath.Join(dir, identityFile), filepath.Join(dir, knownFile)
	l.Process = lab.ProcessOf(os.Getpid())
	record, err := json.MarshalIndent(l.Record, "", "  ")
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		body []byte
	}{{identityFile, l.Key}, {knownFile, l.Known}, {recordFile, append(record, '\n')}} {
		path := filepath.Join(dir, f.name)
		if err := os.WriteFile(path+".part", f.body, 0o600); err != nil {
			return fmt.Errorf("the lab's files: %w", err)
		}
		if err := os.Rename(path+".part", path); err != nil {
			return fmt.Errorf("the lab's files: %w", err)
		}
	}
	return nil
}

// clear removes a lab's files, and the directories that were made for them
// where nothing else lies in them.
func clearState(dir string) error {
	for _, name := range []string{recordFile, identityFile, knownFile, brokenFile} {
		for _, n := range []string{name, name + ".part"} {
			if err := os.Remove(filepath.Join(dir, n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("removing the lab's files: %w", err)
			}
		}
	}
	for i := 0; i < 3; i, dir = i+1, filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			break
		}
	}
	return nil
}

// Left says that the files which lie in the state directory under that name are
// of this backend.
func Left(name string) (bool, error) {
	dir, err := lab.Dir(name)
	if err != nil {
		return false, err
	}
	data, err := os.ReadFile(filepath.Join(dir, recordFile))
	if err != nil {
		return false, nil
	}
	var r lab.Record
	return json.Unmarshal(data, &r) == nil && r.Backend == Backend, nil
}

// Down ends the lab of that name, which another process serves, and removes
// what it left.
func Down(ctx context.Context, name string) error {
	dir, err := lab.Dir(name)
	if err != nil {
		return err
	}
	record, err := lab.Open(name)
	if errors.Is(err, lab.ErrNotRunning) {
		return clearState(dir)
	}
	if err != nil {
		return err
	}
	if record.Process.PID == os.Getpid() {
		return fmt.Errorf("the lab of %s is served by this very process", name)
	}
	process, err := os.FindProcess(record.Process.PID)
	if err == nil {
		err = process.Signal(syscall.SIGTERM)
	}
	if err != nil && record.Process.Alive() {
		return fmt.Errorf("the lab of %s: its process %d cannot be ended: %w", name, record.Process.PID, err)
	}
	for record.Process.Alive() {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the lab of %s: its process %d does not end: %w", name, record.Process.PID, ctx.Err())
		}
	}
	return clearState(dir)
}

// status says which devices of a lab answer.
func status(ctx context.Context, r *lab.Record) []netns.Status {
	out := make([]netns.Status, len(r.Devices))
	var all sync.WaitGroup
	for i, d := range r.Devices {
		out[i] = netns.Status{Name: d.Name, Host: d.Host, Port: d.Port, PID: r.Process.PID}
		all.Go(func() {
			dialer := net.Dialer{Timeout: time.Second}
			conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(d.Host, strconv.Itoa(d.Port)))
			if err != nil {
				return
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
			greeting := make([]byte, 4)
			_, err = io.ReadFull(conn, greeting)
			out[i].SSH = err == nil && string(greeting) == "SSH-"
		})
	}
	all.Wait()
	return out
}

// runOver runs a command over a connection, closes that, and answers the
// command's exit status.
func runOver(ctx context.Context, client *ssh.Client, command string, in io.Reader, out, stderr io.Writer) (int, error) {
	defer client.Close()
	defer context.AfterFunc(ctx, func() { client.Close() })()
	s, err := client.NewSession()
	if err != nil {
		return 0, err
	}
	defer s.Close()
	var writing sync.Mutex // out and stderr may be one, as with os/exec
	s.Stdin, s.Stdout, s.Stderr = in, oneByOne{&writing, out}, oneByOne{&writing, stderr}
	err = s.Run(command)
	var exit *ssh.ExitError
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case errors.As(err, &exit):
		return exit.ExitStatus(), nil
	case err != nil:
		return 0, err
	}
	return 0, nil
}

// oneByOne is a writer that several share; nil takes all and keeps nothing.
type oneByOne struct {
	*sync.Mutex
	to io.Writer
}

func (w oneByOne) Write(p []byte) (int, error) {
	w.Lock()
	defer w.Unlock()
	if w.to == nil {
		return len(p), nil
	}
	return w.to.Write(p)
}

// dial logs in to the device that has the host key on file.
func dial(r *lab.Record, e model.Endpoint, user string) (*ssh.Client, error) {
	key, err := os.ReadFile(r.Identity)
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey(key)
	if err != nil {
		return nil, err
	}
	known, err := os.ReadFile(r.KnownHosts)
	if err != nil {
		return nil, err
	}
	at := net.JoinHostPort(e.Host, strconv.Itoa(e.Port))
	var host ssh.PublicKey
	for len(known) > 0 {
		_, hosts, k, _, rest, err := ssh.ParseKnownHosts(known)
		if err != nil {
			break
		}
		if hosts[0] == fmt.Sprintf("[%s]:%d", e.Host, e.Port) {
			host = k
		}
		known = rest
	}
	if host == nil {
		return nil, fmt.Errorf("%s is not in %s", at, r.KnownHosts)
	}
	return ssh.Dial("tcp", at, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: ssh.FixedHostKey(host), Timeout: e.Timeout,
	})
}
