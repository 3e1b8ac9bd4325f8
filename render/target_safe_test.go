package render_test

import (
	"fmt"
	"strings"
	"testing"

	"closup/model"
	"closup/render"
)

// spoils put a text where the operator's text reaches a target.
var spoils = map[string]func(*model.Plan, *model.Device, string){
	"name":        func(_ *model.Plan, d *model.Device, s string) { d.Name = s },
	"port":        func(_ *model.Plan, d *model.Device, s string) { d.Ports[0].Name = s },
	"peer":        func(_ *model.Plan, d *model.Device, s string) { d.Ports[0].Peer = s },
	"peer port":   func(_ *model.Plan, d *model.Device, s string) { d.Ports[0].PeerPort = s },
	"rack":        func(_ *model.Plan, d *model.Device, s string) { d.Rack = s },
	"user":        func(_ *model.Plan, d *model.Device, s string) { d.Access.User = s },
	"description": func(_ *model.Plan, d *model.Device, s string) { d.Routing.Peers[0].Description = s },
	"fabric":      func(p *model.Plan, _ *model.Device, s string) { p.Name = s },
	"link":        func(p *model.Plan, _ *model.Device, s string) { p.Links[len(p.Links)-1].B.Port = s },
	"link's end":  func(p *model.Plan, _ *model.Device, s string) { p.Links[len(p.Links)-1].B.Device = s },
	"management":  func(_ *model.Plan, d *model.Device, s string) { d.Mgmt, d.Management.Port = s, s },
}

// rendered is a target of a fabric in which one text is spoilt, or the error.
func rendered(t testing.TB, fabric []byte, target, what, text string) ([]render.File, error) {
	t.Helper()
	p := planOf(t, "ipv6", fabric)
	d := &p.Devices[len(p.Devices)-1] // a node
	spoils[what](p, d, text)
	of, _ := render.TargetNamed(target)
	var out []render.File
	for f, err := range of.Files(p) {
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// FuzzTargets: what the operator wrote is refused by vagrant, containerlab and
// butane, or stands there as it is: it never becomes a line, a key of YAML, or
// Ruby, and no file is written anywhere else.
func FuzzTargets(f *testing.F) {
	for _, seed := range []string{
		"node9", "a\nb", "a\r", "\"", "'", "#{`id`}", "`id`", "$(id)", "a: b", "a\"]\nsystem \"id", "- a", "!ruby/object", "&a", "*a", "%w[x]",
		"../../etc", "/etc/x", "..", "a/b", "{{.Name}}", "\\", "\x00", "é", " a", "a ", "-x", "eth0", "", strings.Repeat("a", 70), "~", "null", "1e3", "yes", "\u2028",
	} {
		f.Add(seed)
	}
	fabric := cases(f)["ipv6"]
	// The same with a harmless word in the text's place.
	plain := map[string]string{}
	for _, target := range []string{"vagrant", "containerlab", "butane"} {
		for what := range spoils {
			files, err := rendered(f, fabric, target, what, word)
			if err != nil {
				continue // a link's end that is no device
			}
			for _, file := range files {
				plain[target+what+file.Path] = string(file.Body)
			}
		}
	}
	if len(plain) < 50 {
		f.Fatalf("only %d files to compare with", len(plain))
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, target := range []string{"vagrant", "containerlab", "butane"} {
			for what := range spoils {
				files, err := rendered(t, fabric, target, what, text)
				if err != nil {
					if strings.Contains(err.Error(), "\n") && !strings.Contains(text, "\n") {
						t.Errorf("%s, %s: the error has several lines: %v", target, what, err)
					}
					continue
				}
				for _, file := range files {
					if err := contained(target, what, text, file, plain); err != nil {
						t.Errorf("%s: %s: %q: %v", target, what, text, err)
					}
				}
			}
		}
	})
}

// word is no part of any file but where it is put.
const word = "x9word"

// contained says whether a file is the one with a harmless word, but for the
// text in the word's place; whether the text is then of the characters that
// may; and whether the file lies below its folder.
func contained(target, what, text string, file render.File, plain map[string]string) error {
	if strings.HasPrefix(file.Path, "/") || strings.Contains(file.Path, "..") || strings.Contains(file.Path, "\n") {
		return fmt.Errorf("the path %q", file.Path)
	}
	if strings.HasSuffix(file.Path, ".ign") {
		_, err := readIgnition(file.Body)
		return err
	}
	if text == "" {
		return nil
	}
	as := text
	switch what {
	case "fabric":
		as = strings.ToLower(text) // as a lab is called
	case "peer", "peer port":
		if strings.TrimSpace(text) != text {
			return nil // the note on a port loses the space around it
		}
	}
	for path, body := range plain {
		if !strings.HasPrefix(path, target+what) || strings.ReplaceAll(path, word, as) != target+what+file.Path {
			continue
		}
		// where a port's name is part of a sysctl, its dots are slashes
		dots := strings.NewReplacer("/", ".")
		if dots.Replace(string(file.Body)) != dots.Replace(strings.ReplaceAll(body, word, as)) {
			return fmt.Errorf("%s changes by more than the text", file.Path)
		}
		if strings.Contains(body, word) && strings.Trim(as, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/ -~@+,=[]") != "" {
			return fmt.Errorf("it stands in %s", file.Path)
		}
		return nil
	}
	return fmt.Errorf("the file %s, which a harmless word does not make", file.Path)
}
