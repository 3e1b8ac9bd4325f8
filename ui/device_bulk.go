package ui

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/model"
	"closup/ui/work"
)

// bulkPane takes many devices at once: pasted lines, a table out of a
// spreadsheet, CSV with or without a line of headings, or rows of a
// fabric.yaml. Every line is checked for itself, and all of them together
// before they are taken.
type bulkPane struct {
	open  bool
	lines []bulkLine
	list  list
	input field // the line under the cursor
	trial trial
	sent  int
	err   string
}

// bulkLine is one line, what it means, and what is wrong with it.
type bulkLine struct {
	text string
	row  string   // as a row of fabric.yaml; empty: it makes no device
	made []string // the names
	head bool     // it names the columns
	err  error
}

// begin opens the pane as it was left.
func (b *bulkPane) begin(s *deviceScreen) {
	b.open, b.sent, b.err = true, 0, ""
	if len(b.lines) == 0 {
		b.lines = []bulkLine{{}}
	}
	b.load()
	b.check(s)
}

func (b *bulkPane) keys() []key.Binding {
	return []key.Binding{called(keys.submit, "add "+count(b.count(), "device")), bind("enter", "next line"), keys.dropLine, called(keys.cancel, "close")}
}

// count is how many devices the lines make.
func (b *bulkPane) count() (n int) {
	for i := range b.lines {
		n += len(b.lines[i].made)
	}
	return n
}

// load puts the line under the cursor into the field.
func (b *bulkPane) load() {
	b.list.size(len(b.lines))
	b.input.begin(b.lines[b.list.at].text)
}

func (b *bulkPane) typed(s *deviceScreen, msg tea.Msg) tea.Cmd {
	if b.sent != 0 {
		return nil
	}
	switch msg := msg.(type) {
	case tea.PasteMsg:
		b.insert(msg.Content)
		return b.check(s)
	case tea.KeyPressMsg:
		switch {
		case key.Matches(msg, keys.cancel):
			b.open = false
			return nil
		case key.Matches(msg, keys.submit):
			return b.submit(s)
		case key.Matches(msg, keys.dropLine):
			b.lines = slices.Delete(b.lines, b.list.at, b.list.at+1)
			if len(b.lines) == 0 {
				b.lines = []bulkLine{{}}
			}
			b.load()
			return b.check(s)
		case msg.String() == "enter":
			b.list.at++
			b.lines = slices.Insert(b.lines, b.list.at, bulkLine{})
			b.load()
			return b.check(s)
		case msg.String() == "up" || msg.String() == "down":
			b.list.key(msg, 1)
			b.load()
			return nil
		}
	}
	before := b.input.value()
	b.input.update(msg)
	if b.input.value() == before {
		return nil
	}
	b.lines[b.list.at].text = b.input.value()
	return b.check(s)
}

const maxBulk = 5000 // lines that are taken of one paste

// insert puts pasted lines in the place of the cursor.
func (b *bulkPane) insert(text string) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	pasted := strings.Split(strings.TrimRight(text, "\n"), "\n")
	var lines []bulkLine
	for _, line := range pasted[:min(len(pasted), maxBulk)] {
		lines = append(lines, bulkLine{text: strings.TrimRight(keepTabs(line), " ")})
	}
	at := b.list.at
	if strings.TrimSpace(b.lines[at].text) == "" {
		b.lines = slices.Delete(b.lines, at, at+1)
	} else {
		at++
	}
	b.lines = slices.Insert(b.lines, at, lines...)
	b.list.n = len(b.lines)
	b.list.at = at + len(lines) - 1
	b.load()
}

// keepTabs is a pasted line without what could move the cursor; tabs separate
// the columns of a spreadsheet.
func keepTabs(line string) string {
	parts := strings.Split(line, "\t")
	for i := range parts {
		parts[i] = printable(parts[i])
	}
	return strings.Join(parts, ",")
}

// check reads every line, and tries all of them together where each is right.
func (b *bulkPane) check(s *deviceScreen) tea.Cmd {
	b.err = ""
	columns := bulkColumns
	names := make(map[string]bool)
	for i := range s.project.Fabric.Devices {
		names[s.project.Fabric.Devices[i].Name] = true
	}
	for i := range b.lines {
		line := &b.lines[i]
		*line = bulkLine{text: line.text}
		if head := headings(line.text); head != nil {
			columns, line.head = head, true
			continue
		}
		line.read(s.roles[0], columns)
		for _, name := range line.made {
			if names[name] && line.err == nil {
				line.err = fmt.Errorf("there is a device %s already", name)
			}
			names[name] = true
		}
	}
	if b.wrong() > 0 || b.count() == 0 {
		b.trial.forget()
		return nil
	}
	return b.trial.ask(&s.base, b.write(s.roles[0]))
}

// wrong is how many lines have an error.
func (b *bulkPane) wrong() (n int) {
	for i := range b.lines {
		if b.lines[i].err != nil {
			n++
		}
	}
	return n
}

// bulkColumns is what the words of a line are where nothing says so.
var bulkColumns = []string{"name", "mgmt", "rack", "serial"}

// headings are the keys that a line of headings names; nil: it is none.
func headings(text string) []string {
	fields := separated(text)
	if len(fields) == 0 || !strings.EqualFold(fields[0], "name") {
		return nil
	}
	for i, f := range fields {
		fields[i] = strings.ToLower(f)
		if alias, ok := headingAlias[fields[i]]; ok {
			fields[i] = alias
		}
	}
	return fields
}

// headingAlias is what spreadsheets call the keys.
var headingAlias = map[string]string{
	"management": "mgmt", "ip": "mgmt", "address": "mgmt", "mgmt_ip": "mgmt", "role": "roles", "number": "n", "as": "asn", "lo": "loopback", "serial number": "serial",
}

// separated is the fields of a line: by commas, semicolons or tabs where it has
// any outside of brackets and quotes, otherwise by spaces.
func separated(text string) []string {
	split := func(is func(rune) bool) []string {
		var fields []string
		var b strings.Builder
		depth, quoted := 0, false
		for _, r := range text {
			switch {
			case r == '"':
				quoted = !quoted
				continue
			case r == '[':
				depth++
			case r == ']':
				depth--
			}
			if is(r) && depth <= 0 && !quoted {
				fields = append(fields, strings.TrimSpace(b.String()))
				b.Reset()
				continue
			}
			b.WriteRune(r)
		}
		return append(fields, strings.TrimSpace(b.String()))
	}
	if fields := split(func(r rune) bool { return r == ',' || r == ';' || r == '\t' }); len(fields) > 1 {
		return fields
	}
	return slices.DeleteFunc(split(func(r rune) bool { return r == ' ' }), func(f string) bool { return f == "" })
}

// read makes a row of fabric.yaml of the line.
func (b *bulkLine) read(role model.Role, columns []string) {
	text := strings.TrimSpace(b.text)
	if text == "" || strings.HasPrefix(text, "#") {
		return
	}
	text = strings.TrimSpace(strings.TrimPrefix(text, "- "))
	if strings.HasPrefix(text, "{") {
		b.row = text
	} else {
		var values [][2]string
		for i, v := range separated(text) {
			switch {
			case v == "":
				continue
			case i >= len(columns):
				b.err = fmt.Errorf("%s: there are only %d columns: %s", v, len(columns), strings.Join(columns, ", "))
				return
			}
			k := deviceKeyNamed(columns[i])
			if k == nil || k.roles != nil && !k.roles(role) {
				b.err = fmt.Errorf("there is no column %s", columns[i])
				return
			}
			if b.err = k.checker(role)(v); b.err != nil {
				return
			}
			values = append(values, [2]string{k.name, k.source(v)})
		}
		b.row = rowSource(values)
	}
	f, err := model.Load("", []byte("version: 1\nname: x\n"+role.Key()+":\n  - "+b.row+"\n"))
	if err != nil {
		b.err = err
		var problems model.Errors
		if asProblems(err, &problems) {
			b.err = fmt.Errorf("%s", strings.TrimSuffix(problems[0].Message+"; "+problems[0].Hint, "; "))
		}
		b.row = ""
		return
	}
	for i := range f.Devices {
		b.made = append(b.made, f.Devices[i].Name)
	}
}

// write is the edit that adds all lines.
func (b *bulkPane) write(role model.Role) func(*work.Project) error {
	var rows []string
	for i := range b.lines {
		if b.lines[i].row != "" {
			rows = append(rows, b.lines[i].row)
		}
	}
	return recabled(func(p *work.Project) error {
		for _, row := range rows {
			if err := appendRow(p, role.Key(), row); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bulkPane) submit(s *deviceScreen) tea.Cmd {
	if n := b.wrong(); n > 0 {
		for i := range b.lines {
			if b.lines[i].err != nil {
				b.list.at = i
				b.load()
				break
			}
		}
		b.err = count(n, "line") + " to mend first"
		return nil
	}
	if b.count() == 0 {
		b.err = "no line makes a device yet"
		return nil
	}
	b.sent = s.desk.newID()
	return s.desk.change(change{id: b.sent, said: count(b.count(), "device") + " added; u undoes it", make: b.write(s.roles[0])})
}
