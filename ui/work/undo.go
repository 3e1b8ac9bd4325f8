package work

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"closup/lab"
	"closup/provision/push"
)

// undoKept is how many pushes' files are kept.
const undoKept = 20

// UndoPath is the file of the push of that id in which stands, for each device,
// the line that takes it back on the device's own console.
func (p *Project) UndoPath(id string, inLab bool) (string, error) {
	state, err := lab.StateDir()
	if err != nil {
		return "", err
	}
	name := p.Plan.Name
	if inLab {
		name += ".lab"
	}
	return filepath.Join(state, "undo", name, id+".txt"), nil
}

// UndoLines are those lines for a push of that id to the named devices (none
// named: all), each once; where there are several, with the devices behind it.
func (p *Project) UndoLines(id string, only []string) []string {
	var lines []string
	names := map[string][]string{}
	for i := range p.Plan.Devices {
		d := &p.Plan.Devices[i]
		if len(only) > 0 && !slices.Contains(only, d.Name) {
			continue
		}
		line := push.Undoing(id, d)
		if names[line] == nil {
			lines = append(lines, line)
		}
		names[line] = append(names[line], d.Name)
	}
	if len(lines) > 1 {
		for i, line := range lines {
			some := names[line]
			if len(some) > 4 {
				some = append(slices.Clone(some[:4]), fmt.Sprintf("and %d more", len(some)-4))
			}
			lines[i] = line + "   # " + strings.Join(some, ", ")
		}
	}
	return lines
}

// saveUndo writes that file before a push begins: it outlives this program and
// the network.
func (p *Project) saveUndo(id string, inLab bool, targets []push.Target) error {
	path, err := p.UndoPath(id, inLab)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the line that undoes the push cannot be saved: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Push %s of %s, begun %s by %s.\n", id, p.Plan.Name, time.Now().UTC().Format(time.RFC3339), whoAmI())
	b.WriteString("A device that is not confirmed takes its old configuration back by itself. Run this\non a device's own console to make it do so at once; after the push was confirmed\nthere it does nothing, and `closup rollback` brings back what was replaced.\n\n")
	for _, t := range targets {
		where := t.Endpoint.Host
		if t.Device.Rack != "" {
			where += ", rack " + t.Device.Rack
		}
		fmt.Fprintf(&b, "%s (%s)\n    %s\n", t.Device.Name, where, push.Undoing(id, &t.Device))
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("the line that undoes the push cannot be saved: %w", err)
	}
	old, _ := filepath.Glob(filepath.Join(dir, "*.txt"))
	slices.Sort(old) // an id begins with the time
	for len(old) > undoKept {
		_ = os.Remove(old[0])
		old = old[1:]
	}
	return nil
}
