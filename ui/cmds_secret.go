package ui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"closup/provision"
)

// This file goes on with cmds.go: what reaches the devices asks for secrets on
// its own goroutines, and waits there until somebody has answered on the screen.

// asker brings those questions to the screen.
type asker struct {
	ctx       context.Context
	questions chan *request
	touches   chan string
}

// request is one secret that somebody waits for. It never holds the answer.
type request struct {
	provision.Question
	given chan provision.Secret // takes one
	over  chan struct{}         // closed when nobody waits any more
}

// questionMsg brings a question; touchMsg what is to be touched, or that
// nothing is any more; withdrawnMsg that a question needs no answer.
type (
	questionMsg  struct{ *request }
	touchMsg     struct{ what string }
	withdrawnMsg struct{ *request }
)

func newAsker(ctx context.Context) *asker {
	return &asker{ctx: ctx, questions: make(chan *request), touches: make(chan string)}
}

// secrets asks on the screen, and keeps what was given for as long as the wizard
// lives.
func (k *asker) secrets() *provision.Secrets {
	return &provision.Secrets{Ask: k.ask, Tell: k.tell}
}

func (k *asker) ask(ctx context.Context, q provision.Question) (provision.Secret, error) {
	w := &request{q, make(chan provision.Secret, 1), make(chan struct{})}
	defer close(w.over)
	select {
	case k.questions <- w:
	case <-ctx.Done():
		return provision.Secret{}, context.Cause(ctx)
	case <-k.ctx.Done():
		return provision.Secret{}, context.Cause(k.ctx)
	}
	select {
	case secret, ok := <-w.given:
		if !ok {
			return provision.Secret{}, provision.ErrNotGiven
		}
		return secret, nil
	case <-ctx.Done():
		return provision.Secret{}, context.Cause(ctx)
	case <-k.ctx.Done():
		return provision.Secret{}, context.Cause(k.ctx)
	}
}

func (k *asker) tell(what string) {
	select {
	case k.touches <- what:
	case <-k.ctx.Done():
	}
}

// next waits for the next question.
func (k *asker) next() tea.Msg {
	select {
	case q := <-k.questions:
		return questionMsg{q}
	case what := <-k.touches:
		return touchMsg{what}
	case <-k.ctx.Done():
		return nil
	}
}

// withdrawn waits until nobody waits for the answer.
func (q *request) withdrawn() tea.Msg {
	<-q.over
	return withdrawnMsg{q}
}
