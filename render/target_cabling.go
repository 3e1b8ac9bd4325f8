package render

import (
	"bytes"
	"encoding/csv"
	"iter"
	"strconv"

	"closup/model"
)

// cablingFiles are the sheets to cable by: one row a cable, always from the
// upper end to the lower one, with what is printed on the label at each end.
func cablingFiles(p *model.Plan, devices ...string) iter.Seq2[File, error] {
	return inTurn(p, func() ([]File, error) {
		rows := cables(p, devices)
		sheet, err := cablingCSV(rows)
		if err != nil {
			return nil, err
		}
		text, err := execute("cabling/cabling.md.tmpl", cablingView{p.Name, rows})
		return []File{{"cabling.csv", 0o644, sheet}, {"cabling.md", 0o644, text}}, err
	})
}

type cablingView struct {
	Name   string
	Cables []cable
}

// cablingHead names the columns of cabling.csv; model.Import reads them.
var cablingHead = []string{
	"cable", "a_device", "a_port", "b_device", "b_port", "speed",
	"a_role", "a_rack", "a_serial", "b_role", "b_rack", "b_serial", "a_label", "b_label",
}

func cablingCSV(rows []cable) ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	table := [][]string{cablingHead}
	for _, c := range rows {
		table = append(table, []string{
			strconv.Itoa(c.N), c.A.Device, c.A.Port, c.B.Device, c.B.Port, c.Speed,
			c.A.Role, c.A.Rack, c.A.Serial, c.B.Role, c.B.Rack, c.B.Serial,
			c.A.Label() + " to " + c.B.Label(), c.B.Label() + " to " + c.A.Label(),
		})
	}
	err := w.WriteAll(table)
	return out.Bytes(), err
}

// inTurn hands out files that are made together, once the plan's words are
// known to be fit for people's eyes.
func inTurn(p *model.Plan, files func() ([]File, error)) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		err := readable(p)
		var all []File
		if err == nil {
			all, err = files()
		}
		if err != nil {
			yield(File{}, err)
			return
		}
		for _, f := range all {
			if !yield(f, nil) {
				return
			}
		}
	}
}
