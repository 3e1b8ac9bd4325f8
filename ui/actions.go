package ui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// action is one line of the palette: something a key does, on this screen or
// on another, and how the command line does it.
type action struct {
	text    string
	keys    string // as the footer writes them: "a", "4 a"
	command string
	step    int // where it is done; -1: everywhere
	press   tea.KeyPressMsg
}

// commandsOf is what the command line has for a key of a step, where it is not
// the step's own command. FABRIC is put in for the file, DEVICE for the device
// under the cursor.
var commandsOf = []struct {
	step    string
	binding *key.Binding
	command string
}{
	{"open", &keys.choose, "closup new --preset NAME > FABRIC"},
	{"fabric", &keys.edit, "$EDITOR FABRIC"},
	{"fabric", &keys.reset, "$EDITOR FABRIC"},
	{"cabling", &keys.pin, "closup plan --pin"},
	{"cabling", &keys.edit, "$EDITOR FABRIC"},
	{"cabling", &keys.add, "$EDITOR FABRIC"},
	{"cabling", &keys.remove, "$EDITOR FABRIC"},
	{"preview", &keys.explain, "closup render --explain"},
	{"preview", &keys.diff, "closup diff"},
	{"preview", &keys.context, "closup diff --context 3"},
	{"preview", &keys.fetch, "closup diff"},
	{"preview", &keys.export, "closup render --out files"},
	{"preview", &keys.yank, "closup render"},
	{"preview", &keys.find, "closup render"},
	{"preview", &keys.section, "closup targets"},
	{"push", &keys.check, "closup preflight; closup push --dry-run"},
	{"push", &keys.section, "closup preflight"},
	{"push", &keys.raise, "closup preflight --raise"},
	{"push", &keys.install, "closup preflight --packages DIR"},
	{"push", &keys.expired, "closup preflight --set-password"},
	{"push", &keys.wrong, "closup preflight"},
	{"push", &keys.without, "closup push --only D,.."},
	{"push", &keys.apply, "closup push"},
	{"push", &keys.trust, "closup push --accept-new"},
	{"push", &keys.log, "closup push -v"},
	{"push", &keys.pause, "closup push"},
	{"push", &keys.abort, "closup push"},
	{"push", &keys.retry, "closup push --only FAILED,.."},
	{"push", &keys.keep, "closup confirm"},
	{"push", &keys.export, "closup push -o json"},
	{"push", &keys.yank, "closup push -o json"},
	{"live", &keys.watch, "closup status --watch"},
	{"live", &keys.lab, "closup status --lab"},
	{"live", &keys.explain, "closup diagnose DEVICE:PORT"},
	{"live", &keys.symptom, "closup troubleshoot WORDS"},
	{"live", &keys.diagnose, "closup diagnose"},
	{"live", &keys.remedy, "closup diagnose --apply"},
	{"live", &keys.report, "closup report --out bringup.html"},
	{"live", &keys.puzzle, "closup lab break random"},
	{"push", &keys.lab, "closup push --lab"},
}

// everywhere is the frame's own actions.
var everywhere = []struct {
	binding *key.Binding
	command string
}{
	{&keys.undo, "git checkout -p FABRIC"},
	{&keys.redo, ""},
	{&keys.theme, "closup --theme NAME"},
	{&keys.hints, ""},
	{&keys.mouse, ""},
	{&keys.help, "closup man"},
	{&keys.quit, ""},
}

// actions is every action there is now: first those of the screen in front.
func (a *app) actions() []action {
	all := a.actionsOf(a.at, false)
	for i, s := range steps {
		if i != a.at {
			number := stepKey(i)
			all = append(all, action{"Go to " + s.label + ": " + s.about, number, a.filled(s.command), -1, pressed(number)})
		}
	}
	for _, e := range everywhere {
		h := e.binding.Help()
		all = append(all, action{capital(h.Desc), h.Key, a.filled(e.command), -1, pressed(e.binding.Keys()[0])})
	}
	for i := range steps {
		if i != a.at && !a.screens[i].Typing() {
			all = append(all, a.actionsOf(i, true)...)
		}
	}
	return all
}

// actionsOf is the actions of one step; from another one its key comes first.
func (a *app) actionsOf(i int, away bool) []action {
	var all []action
	for _, k := range a.screens[i].Keys() {
		names := k.Keys()
		if !k.Enabled() || len(names) == 0 || key.Matches(pressed(names[0]), keys.back, keys.cancel, keys.interrupt) {
			continue
		}
		it := action{text: steps[i].label + ": " + k.Help().Desc, keys: k.Help().Key, command: a.filled(commandOf(i, names[0])), step: i, press: pressed(names[0])}
		if away {
			it.keys = stepKey(i) + " " + it.keys
		}
		all = append(all, it)
	}
	return all
}

// commandOf is what the command line has for a key of a step.
func commandOf(step int, name string) string {
	for _, c := range commandsOf {
		if c.step == steps[step].name && c.binding.Keys()[0] == name {
			return c.command
		}
	}
	if slices.Contains([]string{"spines", "leafs", "nodes"}, steps[step].name) {
		return "$EDITOR FABRIC" // the table is edited, and so is the file
	}
	return steps[step].command
}

// filled names the fabric in a command.
func (a *app) filled(command string) string {
	file := a.desk.path
	if strings.HasPrefix(command, "closup ") && file != "fabric.yaml" && !strings.Contains(command, "FABRIC") {
		command = "closup -f " + file + strings.TrimPrefix(command, "closup")
	}
	return strings.ReplaceAll(command, "FABRIC", file)
}

// do does an action as its keys would.
func (a *app) do(it action) tea.Cmd {
	if it.step < 0 {
		return a.key(it.press)
	}
	return tea.Batch(a.follow(Nav{Step: steps[it.step].name}), a.key(it.press))
}

// stepKey is the key that goes to the i-th step.
func stepKey(i int) string { return string(rune('0' + (i+1)%10)) }

// capital begins a sentence.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// keyCodes is the keys that have a name and no letter.
var keyCodes = map[string]rune{
	"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "backspace": tea.KeyBackspace, "delete": tea.KeyDelete,
	"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight,
	"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd,
}

// pressed is the press of a key by the name that a binding has for it.
func pressed(name string) tea.KeyPressMsg {
	if bare, ok := strings.CutPrefix(name, "ctrl+"); ok {
		k := pressed(bare)
		k.Mod, k.Text = k.Mod|tea.ModCtrl, ""
		return k
	}
	if bare, ok := strings.CutPrefix(name, "shift+"); ok {
		k := pressed(bare)
		k.Mod |= tea.ModShift
		return k
	}
	if code, ok := keyCodes[name]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	if name == "space" {
		return tea.KeyPressMsg{Code: ' ', Text: " "}
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}
