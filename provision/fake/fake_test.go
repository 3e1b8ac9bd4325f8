package fake_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"closup/model"
	"closup/provision"
	"closup/provision/fake"
)

func session(t *testing.T, d fake.Device) provision.Session {
	t.Helper()
	var tr fake.Transport
	tr.Set("leaf1", d)
	s, err := tr.Dial(t.Context(), model.Endpoint{Device: "leaf1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.Close()
		if tr.Open() != 0 {
			t.Error("a closed session counts as open")
		}
	})
	return s
}

func TestScript(t *testing.T) {
	s := session(t, fake.Script(
		fake.Answer{Match: "show version", Stdout: "FRRouting 8.4.4\n"},
		fake.Answer{Match: "reload", Stderr: "line 3: no\n", Status: 4},
	))
	for name, run := range map[string]func(string) ([]byte, error){
		"as the user": func(c string) ([]byte, error) { return provision.Run(t.Context(), s, c, nil) },
		"as root":     func(c string) ([]byte, error) { return provision.RunRoot(t.Context(), s, c) },
	} {
		out, err := run("vtysh -c 'show version'")
		if err != nil || string(out) != "FRRouting 8.4.4\n" {
			t.Errorf("%s: %q, %v", name, out, err)
		}
		var exit *provision.ExitError
		if _, err = run("reload"); !errors.As(err, &exit) || exit.Status != 4 || !strings.Contains(err.Error(), "line 3: no") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err = run("dance"); !errors.As(err, &exit) || exit.Status != 127 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTimeout(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := provision.Run(ctx, session(t, fake.Hangs), "sleep", nil); !errors.Is(err, provision.ErrTimeout) {
		t.Errorf("error %v", err)
	}
}

func TestDeadDevices(t *testing.T) {
	var tr fake.Transport
	if _, err := tr.Dial(t.Context(), model.Endpoint{Device: "leaf1"}); !errors.Is(err, provision.ErrUnreachable) {
		t.Errorf("error %v", err)
	}
	s := session(t, func(fake.Command) int { return -1 })
	if _, err := provision.Run(t.Context(), s, "true", nil); !errors.Is(err, provision.ErrUnreachable) {
		t.Errorf("error %v", err)
	}
	if _, err := provision.Run(t.Context(), s, "true", nil); !errors.Is(err, provision.ErrUnreachable) {
		t.Errorf("a connection that broke is used again: %v", err)
	}
	if _, err := s.DialUnix(t.Context(), "/run/frr/bgpd.vty"); !errors.Is(err, provision.ErrForwarding) {
		t.Errorf("error %v", err)
	}
}
