package work

import (
	"strings"

	"closup/assets"
)

// Preset is one built-in fabric.
type Preset struct {
	Name  string `json:"name"`
	About string `json:"about"` // the comment that opens its file
}

// PresetNames lists the built-in fabrics, the simplest first.
func PresetNames() []string { return assets.Presets() }

// Presets lists the built-in fabrics with what they are.
func Presets() ([]Preset, error) {
	names := assets.Presets()
	list := make([]Preset, len(names))
	for i, name := range names {
		data, err := assets.Preset(name)
		if err != nil {
			return nil, err
		}
		list[i] = Preset{Name: name, About: opening(string(data))}
	}
	return list, nil
}

// opening is the comment that a file begins with, as one line.
func opening(text string) string {
	var words []string
	for line := range strings.Lines(text) {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "#")
		if !ok {
			break
		}
		words = append(words, strings.Fields(comment)...)
	}
	return strings.Join(words, " ")
}
