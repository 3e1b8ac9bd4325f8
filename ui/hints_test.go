package ui

import "testing"

// TestHints: every step has one, and no hint is of a step that is gone.
func TestHints(t *testing.T) {
	for _, s := range steps {
		if hints[s.name] == "" {
			t.Errorf("the step %s has no hint", s.name)
		}
	}
	for name := range hints {
		if stepIndex(name) < 0 {
			t.Errorf("there is a hint for %s, and no such step", name)
		}
	}
	a := &app{at: stepIndex("push"), options: Options{Hints: true, Simulated: true}}
	if got, want := a.about(), "(simulated) "+hints["push"]; got != want {
		t.Errorf("%q, not %q", got, want)
	}
	a.options = Options{}
	if got := a.about(); got != steps[a.at].about {
		t.Errorf("switched off it says %q", got)
	}
}
