package model

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// Import makes a fabric.yaml of a description that another tool wrote: a
// topology.dot (Cumulus, PTM), a CSV with one cable a row, a containerlab
// topology or a Kubespray inventory. The file's name and content say which.
// What maps is taken; the notes list everything that does not, and every guess.
// The result loads; whether it is a good fabric is for Validate to say. An
// error means that the file is none of these, or that nothing could be read.
func Import(file string, data []byte) (fabricYAML []byte, notes []string, err error) {
	const most = 16 << 20
	if len(data) > most {
		return nil, nil, fmt.Errorf("%s: the file is larger than %d MiB", file, most>>20)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	kind := kindOfImport(file, data)
	if kind == nil {
		return nil, nil, fmt.Errorf("%s: this is no topology.dot, CSV of cables, containerlab topology or Kubespray inventory", file)
	}
	t := newTopology(file, kind.what)
	if err := kind.read(t, data); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(t.devices) == 0 {
		return nil, nil, fmt.Errorf("%s: the %s names no device", file, kind.what)
	}
	t.roles()
	t.weed()
	return t.yaml(), t.notes(), nil
}

// importKind is one format that Import reads.
type importKind struct {
	what  string
	names []string       // how a file of that kind is called
	looks *regexp.Regexp // what its text has
	read  func(*topology, []byte) error
}

// importKinds is tried in order: by name and text, then by text alone.
var importKinds = []importKind{
	{"topology.dot", []string{".dot", ".gv"}, regexp.MustCompile(`(?is)^\s*(//[^\n]*\n|#[^\n]*\n|/\*.*?\*/|\s)*(strict\s+)?(di)?graph\b[^{]*\{`), readDot},
	{"containerlab topology", []string{".yml", ".yaml"}, regexp.MustCompile(`(?m)^topology\s*:`), readContainerlab},
	{"Kubespray inventory", []string{".ini", "hosts", "inventory"}, regexp.MustCompile(`(?m)^\s*\[[A-Za-z0-9_.:-]+\]\s*([#;].*)?$`), readInventory},
	{"CSV of cables", []string{".csv", ".tsv", ".txt"}, regexp.MustCompile(`(?m)^[^,;\t\n]+[,;\t][^,;\t\n]+[,;\t][^,;\t\n]+[,;\t][^,;\t\n]+`), readCSV},
}

func kindOfImport(file string, data []byte) *importKind {
	name := strings.ToLower(filepath.Base(file))
	for _, byName := range []bool{true, false} {
		for i := range importKinds {
			k := &importKinds[i]
			named := !byName
			for _, end := range k.names {
				named = named || strings.HasSuffix(name, end)
			}
			if named && k.looks.Match(data) {
				return k
			}
		}
	}
	return nil
}
