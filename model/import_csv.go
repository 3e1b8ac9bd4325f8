package model

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// csvColumns are the columns of a row, and what else they are called.
var csvColumns = []struct {
	name    string
	aliases []string
}{
	{"a_device", []string{"device_a", "a", "source", "source_device", "from", "from_device", "local_device", "device"}},
	{"a_port", []string{"port_a", "source_port", "from_port", "local_port", "port", "a_interface", "source_interface"}},
	{"b_device", []string{"device_b", "b", "target", "destination", "target_device", "to", "to_device", "remote_device", "peer"}},
	{"b_port", []string{"port_b", "target_port", "destination_port", "to_port", "remote_port", "peer_port", "b_interface", "target_interface"}},
	{"speed", []string{"rate", "bandwidth"}},
}

// readCSV reads one cable a row: a_device, a_port, b_device, b_port and, where
// it is known, speed. A header may name the columns in another order; without
// one they come in this.
func readCSV(t *topology, data []byte) error {
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord, r.LazyQuotes, r.TrimLeadingSpace, r.Comment = -1, true, true, '#'
	r.Comma = separator(data)
	at, names := []int{0, 1, 2, 3, 4}, []string(nil)
	for first := true; ; first = false {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("this is no CSV: %w", err)
		}
		line, _ := r.FieldPos(0)
		if header, ok := t.csvHeader(row); first && ok {
			at, names = header, row
			continue
		}
		field := func(i int) string {
			if at[i] < 0 || at[i] >= len(row) {
				return ""
			}
			return strings.TrimSpace(row[at[i]])
		}
		if field(0) == "" || field(1) == "" || field(2) == "" || field(3) == "" {
			t.remark("line %d was left out: it does not have two devices and two ports", line)
			continue
		}
		for i := range row {
			what := fmt.Sprintf("column %d", i+1)
			if i < len(names) {
				what = "column " + quote(names[i])
			}
			if row[i] != "" && !slices.Contains(at, i) {
				t.drop(what, "")
			}
		}
		t.cable(End{field(0), field(1)}, End{field(2), field(3)}, field(4))
	}
}

// separator is the one of the first row that is not a comment.
func separator(data []byte) rune {
	for line := range bytes.Lines(data) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			for _, c := range ",;\t" {
				if bytes.ContainsRune(line, c) {
					return c
				}
			}
		}
	}
	return ','
}

// csvHeader finds the columns by name. A row is a header where all four of a
// cable are in it.
func (t *topology) csvHeader(row []string) ([]int, bool) {
	at := []int{-1, -1, -1, -1, -1}
	for i, field := range row {
		name := strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(field)))
		for c, column := range csvColumns {
			if at[c] < 0 && (name == column.name || slices.Contains(column.aliases, name)) {
				at[c] = i
			}
		}
	}
	return at, !slices.Contains(at[:4], -1)
}
