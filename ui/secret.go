package ui

import (
	"strings"
	"unicode"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/provision"
)

// What the devices want to know before they let anybody in stands over every
// screen: one question at a time, and a field that shows nothing. The rules:
// what is typed is in this pane alone until it is given, so no draft, no report
// and no recording can hold it; not even its length is drawn. A question that
// comes while something else is typed takes no letter of that: enter begins.

// secretPane is the question that is on the screen.
type secretPane struct {
	q     *request // nil: nothing is asked
	begun bool     // the keys are the answer's
	typed []rune
	touch string // what waits to be touched; empty: nothing does
	aside bool   // that was put aside, into the line above the keys
}

// open says whether the keys belong to the pane.
func (p *secretPane) open() bool { return p.q != nil || p.touch != "" && !p.aside }

// ask puts a question on the screen; typing: somebody types at this moment.
func (p *secretPane) ask(q *request, typing bool) tea.Cmd {
	p.wipe()
	p.q, p.begun = q, !typing
	return q.withdrawn
}

// wipe forgets what was typed.
func (p *secretPane) wipe() {
	clear(p.typed)
	p.typed = p.typed[:0]
}

// give answers, or gives none.
func (p *secretPane) give(given bool) {
	if given {
		p.q.given <- provision.NewSecret(string(p.typed))
	} else {
		close(p.q.given)
	}
	p.wipe()
	p.q = nil
}

// withdraw takes away a question that nobody wants to be answered any more.
func (p *secretPane) withdraw(q *request) {
	if p.q == q {
		p.wipe()
		p.q = nil
	}
}

// update takes a key or a paste.
func (p *secretPane) update(msg tea.Msg) {
	k, isKey := msg.(tea.KeyPressMsg)
	switch {
	case p.q == nil:
		p.aside = p.aside || isKey && key.Matches(k, keys.cancel)
	case isKey && key.Matches(k, keys.cancel):
		p.give(false)
	case !p.begun:
		p.begun = isKey && key.Matches(k, keys.accept)
	case isKey && key.Matches(k, keys.accept):
		if len(p.typed) > 0 || p.q.Echo {
			p.give(true)
		}
	case isKey && k.String() == "backspace":
		if n := len(p.typed); n > 0 {
			p.typed[n-1] = 0
			p.typed = p.typed[:n-1]
		}
	case isKey && k.String() == "ctrl+u":
		p.wipe()
	case isKey:
		p.add(k.Text)
	default:
		if paste, ok := msg.(tea.PasteMsg); ok {
			p.add(strings.TrimRight(paste.Content, "\r\n"))
		}
	}
}

const longestSecret = 1024

func (p *secretPane) add(text string) {
	for _, r := range text {
		if !unicode.IsControl(r) && len(p.typed) < longestSecret {
			p.typed = append(p.typed, r)
		}
	}
}

func (p *secretPane) keys() []key.Binding {
	switch {
	case p.q == nil:
		return []key.Binding{called(keys.cancel, "put this aside")}
	case !p.begun:
		return []key.Binding{called(keys.accept, "answer"), called(keys.cancel, "give none")}
	}
	return []key.Binding{called(keys.accept, "give it"), bind("ctrl+u", "begin again"), called(keys.cancel, "give none")}
}

// askedFor is what each kind of question is called, and what it is for.
var askedFor = map[provision.SecretKind]struct{ title, label string }{
	provision.Passphrase:   {"A passphrase is needed", "Passphrase"},
	provision.Password:     {"A password is needed", "Password"},
	provision.SudoPassword: {"A password for sudo is needed", "Password"},
	provision.Answer:       {"A device asks", "Answer"},
	provision.OldPassword:  {"A new password is needed", "Present one"},
	provision.NewPassword:  {"A new password is needed", "New one"},
	provision.SamePassword: {"A new password is needed", "Once more"},
}

// title is the heading over the pane.
func (p *secretPane) title() string {
	if p.q == nil {
		return "A touch is needed"
	}
	return askedFor[p.q.Kind].title
}

// about is for whom the secret is, and what it opens.
func (q *request) about() []string {
	user, device := printable(q.User), printable(q.Device)
	switch q.Kind {
	case provision.Passphrase:
		return []string{"Passphrase of " + printable(q.File), "It opens the key for as long as closup runs; the agent (ssh-add) would keep it longer."}
	case provision.Answer:
		return []string{device + " asks " + user + ": " + printable(q.Prompt), "The question is the device's own, and so is the time that it waits."}
	case provision.OldPassword:
		return []string{"The present password of " + user + " at " + device, "It has expired, and is the same on all of these. Two more questions ask for the new one."}
	case provision.NewPassword:
		return []string{"A new password for " + user + " at " + device, "The devices judge whether it is good enough."}
	case provision.SamePassword:
		return []string{"The new password of " + user + " once more", "A slip of the hand would lock you out."}
	}
	text := "Password of " + user + " at " + device
	if q.Kind == provision.SudoPassword {
		text = "Password of " + user + " for sudo at " + device
	}
	if q.Alone {
		return []string{text, "This device does not take the one that is right on the others. It is asked for here alone."}
	}
	return []string{text, "It is tried on " + device + " first; where it is right, the same is used on all others of " + user + "."}
}

// view draws the pane in w cells.
func (p *secretPane) view(l *look, w int) string {
	var lines []string
	if p.q == nil {
		for _, line := range wrap(printable(p.touch)+", now.", w) {
			lines = append(lines, l.in(strong, line))
		}
		return strings.Join(append(lines, "", l.in(dim, "The login goes on by itself.")), "\n")
	}
	about := p.q.about()
	for _, line := range wrap(about[0], w) {
		lines = append(lines, l.in(strong, line))
	}
	lines = append(lines, "")
	if p.q.Again {
		wrong := "That was wrong."
		if p.q.Kind == provision.NewPassword {
			wrong = "The two were not the same."
		}
		lines = append(lines, l.trouble(wrong, w)...)
		lines = append(lines, "")
	}
	label := askedFor[p.q.Kind].label
	lines = append(lines, l.in(accent, l.cursor+" ")+l.in(strong, label)+"  "+p.field(l, min(44, max(8, w-width(label)-4))), "")
	keeps := "It goes to who asked, and is kept nowhere; esc gives none."
	if p.q.Kind <= provision.SudoPassword {
		keeps = "It is kept in memory until closup ends, and nowhere else; esc gives none, and that login fails."
	}
	for _, text := range []string{about[1], "", keeps} {
		for _, line := range wrap(text, w) {
			lines = append(lines, l.in(dim, line))
		}
	}
	return strings.Join(lines, "\n")
}

// field shows what a device lets be seen, and of all else that something is
// there.
func (p *secretPane) field(l *look, w int) string {
	text, t := "", faint
	switch {
	case !p.begun:
		text = "enter begins the answer"
	case p.q.Echo:
		text, t = string(p.typed), plain
	case len(p.typed) > 0:
		text = "typed, and not shown"
	}
	if !p.begun {
		return l.on(l.field, t, " "+fit(text, w-2, l.ellipsis)) + l.on(l.field, faint, l.wallRight)
	}
	text = cut(text, w-3, l.ellipsis)
	return l.on(l.field, t, " "+text) + l.cursorCell.Render(" ") + l.on(l.field, t, fill("", w-3-width(text))) + l.on(l.field, faint, l.wallRight)
}
