package observe

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"closup/model"
	"closup/provision/fake"
)

// BenchmarkRead is one device with a table of 10,000 prefixes over two paths.
func BenchmarkRead(b *testing.B) {
	var routes, kernel []string
	for i := range 10_000 {
		addr := fmt.Sprintf("10.%d.%d.1", i/256, i%256)
		path := `{"valid":true,%s"peerId":"fe80::%d","path":"65001 65101","nexthops":[{"ip":"fe80::%[2]d","used":true}]}`
		routes = append(routes, fmt.Sprintf(`"%s/32":[%s,%s]`, addr, fmt.Sprintf(path, `"bestpath":true,`, 1), fmt.Sprintf(path, `"multipath":true,`, 2)))
		kernel = append(kernel, fmt.Sprintf(`{"dst":"%s","protocol":"bgp","nexthops":[{"via":{"host":"fe80::1"},"dev":"swp51"},{"via":{"host":"fe80::2"},"dev":"swp52"}]}`, addr))
	}
	out := []byte("x# show version\nFRRouting 8.4.4 (x).\nx# show bgp summary json\n{\"ipv4Unicast\":{\"as\":65001,\"peers\":{}}}\n" +
		"x# show bgp ipv4 unicast json\n{\"routes\":{" + strings.Join(routes, "\n,") + "}}\nx# show bgp ipv6 unicast json\n{}\n" +
		"\nsh# ip -j -4 route show\n[" + strings.Join(kernel, ",") + "]\nsh# ip -j -6 route show\n[]\n")
	b.SetBytes(int64(len(out)))
	for b.Loop() {
		if d, err := read("x", frr, out, time.Unix(1, 0)); err != nil || len(d.Routes) != 10_000 || len(d.Routes[0].Paths) != 2 {
			b.Fatalf("%d routes, %v", len(d.Routes), err)
		}
	}
}

// BenchmarkThousand is a refresh of 1,000 devices of this process, each with
// four sessions: where nothing changed since the one before, and where all is
// read anew.
func BenchmarkThousand(b *testing.B) {
	var names []string
	var tr fake.Transport
	answers := map[string]string{}
	for _, command := range append(frr.commands(), systemCommands...) {
		answers[command] = sectionOf(b, "leaf1", command)
	}
	for i := range 1000 {
		box := newBox(b, fmt.Sprintf("d%04d", i))
		box.answers = answers
		box.forward = true
		box.on(&tr)
		names = append(names, box.host)
	}
	plan := &model.Plan{}
	endpoints := map[string]model.Endpoint{}
	for _, name := range names {
		plan.Devices = append(plan.Devices, model.Device{Name: name})
		endpoints[name] = model.Endpoint{Device: name}
	}
	o := New(&tr, plan, endpoints)
	defer o.Close()
	o.Round(b.Context())
	for _, all := range []bool{false, true} {
		b.Run(map[bool]string{false: "unchanged", true: "all"}[all], func(b *testing.B) {
			late := time.Duration(0)
			o.now = func() time.Time { return time.Now().Add(late) }
			o.Round(b.Context()) // what is held is there
			for b.Loop() {
				if all {
					late += time.Hour // all that is known is old
				}
				begin := o.now()
				for _, d := range o.Round(b.Context()).Devices {
					if !d.Reachable || len(d.Peers) != 4 || len(d.Routes) != 7 || all && d.Read.Routes.Before(begin) {
						b.Fatalf("%s: %v, %d routes", d.Name, d.Err, len(d.Routes))
					}
				}
			}
		})
	}
}
