package model

import (
	"go.yaml.in/yaml/v4"
)

// Get is the value that the document itself gives the key at path, as one
// line: a scalar as it reads, a list or mapping as YAML in brackets. False
// where the key is left out, and the Fabric has its default.
func (d *Document) Get(path string) (string, bool) {
	n, ok := d.find(path)
	if !ok {
		return "", false
	}
	if n.Kind == yaml.ScalarNode {
		return n.Value, true
	}
	return flow(n), true
}

// Keys is the keys of the mapping at path, in the order in which they stand.
func (d *Document) Keys(path string) []string {
	n, ok := d.find(path)
	if !ok || n.Kind != yaml.MappingNode {
		return nil
	}
	var keys []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		keys = append(keys, n.Content[i].Value)
	}
	return keys
}

// Len is how many rows the list at path has.
func (d *Document) Len(path string) int {
	n, ok := d.find(path)
	if !ok || n.Kind != yaml.SequenceNode {
		return 0
	}
	return len(n.Content)
}

// ExpandRange reads a range as fabric.yaml has it: "leaf[01-03,7]" is leaf01,
// leaf02, leaf03, leaf7; text without brackets is itself.
func ExpandRange(text string) ([]string, error) { return expand(text) }

// Given says whether the file itself gives the key at path. Otherwise the
// Fabric has its default.
func (f *Fabric) Given(path string) bool {
	if f.doc == nil {
		return false
	}
	_, ok := f.doc.find(path)
	return ok
}
