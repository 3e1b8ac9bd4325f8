//go:build linux

package push_test

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"

	"closup/assets"
	"closup/lab/labtest"
	"closup/lab/netns"
	"closup/model"
	"closup/provision/push"
	"closup/provision/ssh"
)

// site is a real lab, with what it takes to push to it.
type site struct {
	t         *testing.T
	text      string // of the fabric.yaml
	plan      *model.Plan
	lab       *netns.Lab
	transport *ssh.Transport
	endpoints map[string]model.Endpoint
}

// newSite brings a lab of a preset up.
func newSite(t *testing.T, preset string, roots ...netns.Root) *site {
	t.Helper()
	data, err := assets.Preset(preset)
	if err != nil {
		t.Fatal(err)
	}
	return newSiteOf(t, string(data), roots...)
}

var named = regexp.MustCompile(`(?m)^name: \S+`)

// newSiteOf brings a lab of a fabric.yaml up. Labs go by their name, and stand
// side by side.
func newSiteOf(t *testing.T, text string, roots ...netns.Root) *site {
	t.Helper()
	text = named.ReplaceAllString(text, "name: "+strings.ToLower(t.Name()))
	fabric, err := model.Load("fabric.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, text: text, transport: ssh.New(ssh.Config{}), endpoints: map[string]model.Endpoint{}}
	s.plan, _ = model.NewPlan(fabric)
	s.lab = labtest.Up(t, s.plan, netns.Options{Roots: roots})
	for _, target := range s.targets() {
		s.endpoints[target.Device.Name] = target.Endpoint
	}
	return s
}

func (s *site) targets() []push.Target {
	s.t.Helper()
	return labtest.Targets(s.t, s.plan, s.lab)
}

func (s *site) push(ctx context.Context, targets []push.Target, o push.Options) map[string]push.DeviceReport {
	s.t.Helper()
	return s.follow(push.Run(ctx, s.transport, targets, o))
}

func (s *site) follow(events <-chan push.Event) map[string]push.DeviceReport {
	s.t.Helper()
	reports := map[string]push.DeviceReport{}
	for e := range events {
		switch e.Kind {
		case push.Done:
			reports[e.Device] = *e.Report
		case push.Fault:
			s.t.Logf("%s %s: %v", e.Device, e.Phase, e.Err)
			var detail *push.Error
			if errors.As(e.Err, &detail) && detail.Output != "" {
				s.t.Log(detail.Output)
			}
		}
	}
	return reports
}

// run executes in a device, as root and not through SSH.
func (s *site) run(device string, argv ...string) string {
	s.t.Helper()
	var out, stderr bytes.Buffer
	if status, err := s.lab.Exec(s.t.Context(), device, argv, nil, &out, &stderr); err != nil || status != 0 {
		s.t.Fatalf("%s: %s: status %d, %v: %s", device, strings.Join(argv, " "), status, err, stderr.String())
	}
	return out.String()
}

func (s *site) results(reports map[string]push.DeviceReport, want push.Result) {
	s.t.Helper()
	for _, d := range s.plan.Devices {
		if r := reports[d.Name]; r.Result != want {
			s.t.Errorf("%s is %q, want %q: %s %s", d.Name, r.Result, want, r.Error, r.Note)
		}
	}
}
