package netns

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
)

// A request asks the hub of a running lab to switch a device.
type request struct{ Verb, Device string }

// reply is empty where it was done.
type reply struct{ Error string }

// switches are the verbs of a request.
var switches = map[string]func(*chassis) error{
	"off": (*chassis).powerOff,
	"on":  func(c *chassis) error { return c.powerOn(false) },
	"reboot": func(c *chassis) error {
		if err := c.powerOff(); err != nil {
			return err
		}
		return c.powerOn(false)
	},
	"fill disk": (*chassis).fillDisk,
	"mend disk": (*chassis).mendDisk,
}

// through runs f with a path to the socket that is short enough for a socket's
// address (108 bytes, unix(7)), however long the directory's is.
func through(dir string, f func(path string) error) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return f(filepath.Join("/proc/self/fd", fmt.Sprint(d.Fd()), socketFile))
}

func listen(dir string) (l net.Listener, err error) {
	err = through(dir, func(path string) error {
		l, err = net.Listen("unix", path)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listening for requests: %w", err)
	}
	return l, nil
}

// serve answers requests for ever.
func (h *hub) serve(l net.Listener) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return fmt.Errorf("listening for requests: %w", err)
		}
		go h.answer(conn)
	}
}

func (h *hub) answer(conn net.Conn) {
	defer conn.Close()
	var r request
	if json.NewDecoder(conn).Decode(&r) != nil {
		return
	}
	var out reply
	if err := h.do(r); err != nil {
		out.Error = err.Error()
	}
	_ = json.NewEncoder(conn).Encode(out) // whoever asked may be gone
}

func (h *hub) do(r request) error {
	i := slices.IndexFunc(h.boxes, func(c *chassis) bool { return c.Name == r.Device })
	verb, ok := switches[r.Verb]
	if i < 0 || !ok {
		return fmt.Errorf("cannot %s %q", r.Verb, r.Device)
	}
	return verb(h.boxes[i])
}

// ask sends one request to the hub of the lab in dir.
func ask(ctx context.Context, dir string, r request) error {
	var out reply
	err := through(dir, func(path string) error {
		conn, err := net.Dial("unix", path)
		if err != nil {
			return err
		}
		defer conn.Close()
		defer context.AfterFunc(ctx, func() { conn.Close() })()
		if err := json.NewEncoder(conn).Encode(r); err != nil {
			return err
		}
		return json.NewDecoder(conn).Decode(&out)
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("the lab does not answer: %w", err)
	}
	if out.Error != "" {
		return errors.New(out.Error)
	}
	return nil
}
