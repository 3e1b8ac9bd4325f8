package sim_test

import (
	"strings"
	"testing"

	"closup/assets"
	"closup/lab"
	"closup/model"
	"closup/provision/observe"
	"closup/provision/push"
)

// follow has the lab become that of the fabric with some text replaced.
func (s *site) follow(text string, replace ...string) {
	s.t.Helper()
	fabric, err := model.Load("fabric.yaml", []byte(strings.NewReplacer(replace...).Replace(text)))
	if err != nil {
		s.t.Fatal(err)
	}
	s.plan, _ = model.NewPlan(fabric)
	s.routes = s.plan.Routes()
	if err := s.lab.Follow(s.plan); err != nil {
		s.t.Fatal(err)
	}
	clear(s.endpoints)
	for _, d := range s.plan.Devices {
		if s.endpoints[d.Name], err = s.lab.Endpoint(d.Name); err != nil {
			s.t.Fatal(err)
		}
	}
}

// pushed is how each device ended.
func (s *site) pushed() map[string]push.Result {
	s.t.Helper()
	results := map[string]push.Result{}
	for e := range push.Run(s.t.Context(), s.transport, s.targets(), push.Options{}) {
		if e.Kind == push.Done {
			results[e.Device] = e.Report.Result
			if e.Report.Error != "" {
				s.t.Errorf("%s: %s", e.Device, e.Report.Error)
			}
		}
	}
	return results
}

// TestFollow: a lab becomes that of a changed plan while it runs. What stays
// keeps its configuration and its sessions, what is new is bare, a cable that
// moved is elsewhere, what is gone answers nobody, and another name is found.
func TestFollow(t *testing.T) {
	data, err := assets.Preset("article")
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, planOf(t, "article"))
	s.push(push.Changed)
	before := s.await("all sessions and routes", observe.Status.AsExpected)

	s.follow(string(data), "leaf[1-2]", "leaf[1-3]", "192.168.200.[1-2]", "192.168.200.[1-2,9]", "links:", "links:\n  - spine1:swp3 leaf3:swp32")
	if got := s.pushed(); got["leaf3"] != push.Changed || got["spine1"] != push.Changed || got["leaf1"] != push.Unchanged {
		t.Errorf("a leaf more: %v", got)
	}
	after := s.await("the third leaf", observe.Status.AsExpected)
	if len(after.Sessions) != len(before.Sessions)+2 {
		t.Errorf("%d sessions, %d before", len(after.Sessions), len(before.Sessions))
	}
	for _, row := range before.Sessions {
		for _, now := range after.Sessions {
			if now.Device == row.Device && now.Port == row.Port && now.Flaps != row.Flaps {
				t.Errorf("%s:%s flapped", row.Device, row.Port)
			}
		}
	}

	gone := s.endpoints["leaf2"]
	s.follow(string(data), "name: article", "name: other", "leaf2:swp2 k8s3:eth1", "leaf1:swp2 k8s3:eth1", "leaf2", "leaf7", "leaf[1-2]", "leaf[1,7]")
	if _, err := lab.Open("article"); err == nil {
		t.Error("the old name is still found")
	}
	if _, err := lab.Open("other"); err != nil {
		t.Error(err)
	}
	if c, err := s.transport.Dial(t.Context(), gone); err == nil {
		_ = c.Close()
		t.Error("leaf2 answers, and is gone")
	}
	s.pushed()
	s.await("k8s3 on leaf1, and leaf7", observe.Status.AsExpected)

	if data, err = assets.Preset("reference"); err != nil {
		t.Fatal(err)
	}
	s.follow(string(data)) // with routers outside, which are there already
	s.push(push.Changed)
	s.await("another fabric", observe.Status.AsExpected)
}
