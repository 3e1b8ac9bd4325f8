package ui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// How the wizard without a screen asks: what an answer may be, and again until it
// is that.

// question is one thing to answer.
type question struct {
	text  string
	now   string // is taken where the answer is empty
	help  string
	one   []string // the answer is one of these, or the beginning of one
	check func(string) error
}

// ask asks until the answer fits.
func (l *linear) ask(q question) (string, error) {
	line := q.text
	if len(q.one) > 0 {
		line += " (" + strings.Join(q.one, ", ") + ")"
	}
	if q.now != "" {
		line += " [" + q.now + "]"
	}
	for {
		answer, err := l.Ask(l.ctx, line+": ")
		if err != nil {
			return "", err
		}
		answer = strings.TrimSpace(answer)
		for _, w := range words {
			if answer == w.word {
				return "", w.err
			}
		}
		switch {
		case answer == "?" && q.help != "":
			l.say("%s", q.help)
			continue
		case answer == "":
			answer = q.now
		case answer == "-":
			answer = ""
		}
		if answer, err = q.verified(answer); err == nil {
			return answer, nil
		}
		l.trouble(err)
	}
}

func (q *question) verified(answer string) (string, error) {
	if len(q.one) > 0 && !slices.Contains(q.one, answer) {
		var fit []string
		for _, s := range q.one {
			if answer != "" && strings.HasPrefix(strings.ToLower(s), strings.ToLower(answer)) {
				fit = append(fit, s)
			}
		}
		if len(fit) != 1 {
			return "", fmt.Errorf("%q is none of %s", answer, strings.Join(q.one, ", "))
		}
		answer = fit[0]
	}
	if q.check != nil {
		if err := q.check(answer); err != nil {
			return "", err
		}
	}
	return answer, nil
}

// pick asks for one of several by its number or name, or for one of the extra
// words, which are done and give -1.
func (l *linear) pick(q question, names []string, extra map[string]func()) (int, error) {
	at := -1
	q.check = func(v string) error {
		at = -1
		if extra[v] != nil {
			return nil
		}
		if n, err := strconv.Atoi(v); err == nil && n >= 1 && n <= len(names) {
			at = n - 1
			return nil
		}
		for i, name := range names {
			if v != "" && strings.HasPrefix(strings.ToLower(name), strings.ToLower(v)) && (at < 0 || strings.EqualFold(name, v)) {
				at = i
			}
		}
		if at < 0 {
			return fmt.Errorf("%q is not among them; a number or the beginning of a name is", v)
		}
		return nil
	}
	answer, err := l.ask(q)
	if err == nil && extra[answer] != nil {
		extra[answer]()
	}
	return at, err
}

// yes asks for a yes or a no.
func (l *linear) yes(text string, now bool) (bool, error) {
	word := map[bool]string{true: "yes", false: "no"}[now]
	answer, err := l.ask(question{text: text, now: word, one: []string{"yes", "no"}})
	return answer == "yes", err
}
