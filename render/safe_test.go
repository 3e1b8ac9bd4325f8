package render_test

import (
	"bytes"
	"strings"
	"testing"

	"closup/model"
	"closup/render"
)

// FuzzDescription: one line in, one line out. Whatever a description holds, it
// is refused or stands on its line as it is, and no line is added.
func FuzzDescription(f *testing.F) {
	for _, seed := range []string{"leafs", "a\nrouter bgp 1", "a\r", "${x}", "% if", "`id`", "$(id)", "a;b", " a", "é", strings.Repeat("x", 81), "", "a\x00b", "a\u2028b", "!", "a #b"} {
		f.Add(seed)
	}
	p := planOf(f, "article", cases(f)["article"])
	d, _ := p.Device("leaf1")
	lines := bytes.Count(frrConf(f, p, d), []byte("\n"))
	f.Fuzz(func(t *testing.T, text string) {
		spoilt := *d
		spoilt.Routing.Peers = append([]model.Peer(nil), d.Routing.Peers...)
		spoilt.Routing.Peers[0].Description = text
		all, err := render.Device(p, &spoilt)
		if err != nil {
			return
		}
		conf := all[len(all)-1].Body
		if text == "" {
			if bytes.Contains(conf, []byte("neighbor swp32 description")) {
				t.Error("a description without text")
			}
			return
		}
		if bytes.Count(conf, []byte("\n")) != lines {
			t.Errorf("%q changes the number of lines", text)
		}
		if !bytes.Contains(conf, []byte("\n neighbor swp32 description "+text+"\n")) {
			t.Errorf("%q is not there as it is", text)
		}
		if strings.ContainsAny(text, "%$<>\\`;|&!#\"'(){}[]*?~") || !printable(text) {
			t.Errorf("%q is accepted", text)
		}
	})
}

func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

func frrConf(t testing.TB, p *model.Plan, d *model.Device) []byte {
	t.Helper()
	all, err := render.Device(p, d)
	if err != nil {
		t.Fatal(err)
	}
	return all[len(all)-1].Body
}

// TestRefused: what could do harm in a file, and what closup cannot write yet,
// is an error that names the device.
func TestRefused(t *testing.T) {
	p := planOf(t, "article", cases(t)["article"])
	for name, spoil := range map[string]func(*model.Device){
		"name":            func(d *model.Device) { d.Name = "leaf1;reboot" },
		"port":            func(d *model.Device) { d.Ports[0].Name = "swp1\nauto eth0" },
		"long port":       func(d *model.Device) { d.Ports[0].Name = "swp1234567890123" },
		"peer":            func(d *model.Device) { d.Ports[0].Peer = "${os.system('id')}" },
		"management port": func(d *model.Device) { d.Ports[0].Name = "eth0" },
		"group":           func(d *model.Device) { d.Routing.Groups[0].Name = "a b" },
		"list":            func(d *model.Device) { d.Routing.PrefixLists[0].Name = "" },
		"platform":        func(d *model.Device) { d.Platform = "sonic" },
		"router":          func(d *model.Device) { d.Router = "frr-container" },
		"network":         func(d *model.Device) { d.Network = "wicked" },
	} {
		d, _ := planOf(t, "article", cases(t)["article"]).Device("leaf1")
		spoil(d)
		if all, err := render.Device(p, d); err == nil {
			t.Errorf("%s: %d files", name, len(all))
		} else if !strings.Contains(err.Error(), "leaf1") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzInterfaces: whatever a port or a peer is called, it is refused or the file
// has the same lines as with an ordinary name there: no stanza, no `post-up`,
// which root runs, and no % that would wake Mako.
func FuzzInterfaces(f *testing.F) {
	for _, seed := range []string{
		"swp33", "swp1\npost-up id", "swp1\r\tup id", "${os.system('id')}", "% for x in y:", "<%!import os%>", "swp1 inet manual", "a;b", "`id`", "$(id)", "\\",
		"eth0", "lo", "", " ", "swp1#", "source /etc/x", strings.Repeat("x", 16), "é", "\u2028", "\x00",
	} {
		f.Add(seed)
	}
	p := planOf(f, "article", cases(f)["article"])
	d, _ := p.Device("leaf1")
	file := func(text string, into func(*model.Device, string)) ([]byte, error) {
		spoilt := *d
		spoilt.Ports = append([]model.Port(nil), d.Ports...)
		spoilt.Routing.Peers = append([]model.Peer(nil), d.Routing.Peers...)
		into(&spoilt, text)
		all, err := render.Device(p, &spoilt)
		for _, a := range all {
			if a.Path == "/etc/network/interfaces" {
				return a.Body, err
			}
		}
		return nil, err
	}
	const word = "swp33"
	places := []func(*model.Device, string){
		func(d *model.Device, text string) { d.Ports[0].Name, d.Routing.Peers[0].Port = text, text },
		func(d *model.Device, text string) { d.Ports[0].Peer = text },
		func(d *model.Device, text string) { d.Ports[0].PeerPort = text },
	}
	var plain []string
	for _, into := range places {
		body, err := file(word, into)
		if err != nil || len(body) == 0 {
			f.Fatalf("%q: %v", body, err)
		}
		plain = append(plain, string(body))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.TrimSpace(text) == "" {
			return // nothing is said of it
		}
		for i, into := range places {
			body, err := file(text, into)
			if err != nil {
				continue
			}
			if strings.ContainsAny(string(body), "%$<>\\`\r") || strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
				t.Errorf("%q is accepted", text)
			}
			// Parsed back: with the ordinary name put where the text stands, it
			// is the ordinary file.
			if got := string(body); !strings.Contains(plain[i], text) && strings.ReplaceAll(got, text, word) != plain[i] {
				t.Errorf("%q changes the file:\n%s", text, got)
			}
		}
	})
}
