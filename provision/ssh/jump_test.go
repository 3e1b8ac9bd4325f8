package ssh

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"closup/provision"
)

func forwarding(s *server) { s.forwards = true }

func TestJump(t *testing.T) {
	tests := []struct {
		name  string
		hops  int
		known func(u *operator, hops []*server, target *server)
		class error
		says  string
		spoil func(hops []*server, target *server)
	}{
		{name: "one", hops: 1},
		{name: "two", hops: 2},
		{
			name: "jump host is not known", hops: 1, says: "the jump host 127.0.0.1",
			known: func(u *operator, _ []*server, target *server) { u.knows(target) },
		},
		{
			name: "jump host's key changed", hops: 2, says: "changed",
			known: func(u *operator, hops []*server, target *server) {
				someoneElse(u, hops[1])
				u.knows(hops[0], target)
			},
		},
		{
			name: "device is not known", hops: 1, says: "the host key of leaf1",
			known: func(u *operator, hops []*server, _ *server) { u.knows(hops...) },
		},
		{
			name: "device's key changed", hops: 1, says: "the host key of leaf1",
			known: func(u *operator, hops []*server, target *server) { someoneElse(u, target); u.knows(hops...) },
		},
		{
			name: "forwards nothing", hops: 1, class: provision.ErrUnreachable, says: "does not forward connections",
			spoil: func(hops []*server, _ *server) { hops[0].forwards = false },
		},
		{
			name: "cannot reach the device", hops: 1, class: provision.ErrUnreachable, says: "cannot reach it: connection refused",
			spoil: func(_ []*server, target *server) { target.stop() },
		},
		{
			name: "is down", hops: 1, class: provision.ErrUnreachable, says: "the jump host 127.0.0.1",
			spoil: func(hops []*server, _ *server) { hops[0].stop() },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := newUser(t)
			before := runtime.NumGoroutine()
			target := newServer(t, u.pub)
			var hops []*server
			var specs []string
			for range tt.hops {
				h := newServer(t, u.pub, forwarding)
				hops = append(hops, h)
				specs = append(specs, fmt.Sprintf("admin@127.0.0.1:%d", h.port()))
			}
			if tt.known == nil {
				u.knows(append(hops, target)...)
			} else {
				tt.known(u, hops, target)
			}
			if tt.spoil != nil {
				tt.spoil(hops, target)
			}
			e := u.endpoint(target)
			e.Jump = strings.Join(specs, ",")
			s, err := New(Config{}).Dial(t.Context(), e)
			if err == nil {
				out, runErr := provision.Run(t.Context(), s, "echo through", nil)
				if runErr != nil || string(out) != "through\n" {
					t.Errorf("%q, %v", out, runErr)
				}
				_ = s.Close()
			}
			switch {
			case tt.says == "" && err != nil:
				t.Error(err)
			case tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)):
				t.Errorf("error %v does not say %q", err, tt.says)
			case tt.class != nil && !errors.Is(err, tt.class):
				t.Errorf("error %v is not of class %v", err, tt.class)
			}
			for _, h := range append(hops, target) {
				h.stop()
			}
			noLeak(t, before)
		})
	}
}

// All devices behind a jump host share one connection to it, and the last one
// closes it.
func TestJumpIsShared(t *testing.T) {
	u := newUser(t)
	before := runtime.NumGoroutine()
	hop, target := newServer(t, u.pub, forwarding), newServer(t, u.pub)
	u.knows(hop, target)
	e := u.endpoint(target)
	e.Jump = fmt.Sprintf("127.0.0.1:%d", hop.port())
	e.Timeout = time.Minute // twenty logins at once, on a machine that does other things too
	tr := New(Config{})
	var work sync.WaitGroup
	for range 20 {
		work.Go(func() {
			s, err := tr.Dial(t.Context(), e)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if _, err := provision.Run(t.Context(), s, "echo x", nil); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	// Not one login more than there were times without any user.
	if n := hop.get(&hop.logins); n > 3 {
		t.Errorf("%d logins to the jump host for 20 devices at once", n)
	}
	if len(tr.bastions) != 0 {
		t.Errorf("%d connections to jump hosts are still held", len(tr.bastions))
	}
	hop.stop()
	target.stop()
	noLeak(t, before)
}

// A jump host that broke is dialled anew for the next device.
func TestJumpBreaks(t *testing.T) {
	u := newUser(t)
	hop, target := newServer(t, u.pub, forwarding), newServer(t, u.pub)
	u.knows(hop, target)
	e := u.endpoint(target)
	e.Jump = fmt.Sprintf("127.0.0.1:%d", hop.port())
	tr := New(Config{})
	first := dial(t, tr, e)
	hop.mu.Lock()
	for _, c := range hop.open {
		_ = c.Close()
	}
	hop.mu.Unlock()
	if _, err := provision.Run(t.Context(), first, "echo x", nil); !errors.Is(err, provision.ErrUnreachable) {
		t.Errorf("error %v", err)
	}
	if _, err := provision.Run(t.Context(), dial(t, tr, e), "echo x", nil); err != nil {
		t.Error(err)
	}
}
