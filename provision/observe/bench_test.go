package observe

import (
	"fmt"
	"strings"
	"testing"
	"time"
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
		if d, err := read("x", out, time.Unix(1, 0)); err != nil || len(d.Routes) != 10_000 || len(d.Routes[0].Paths) != 2 {
			b.Fatalf("%d routes, %v", len(d.Routes), err)
		}
	}
}
