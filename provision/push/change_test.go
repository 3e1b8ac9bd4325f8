package push_test

import (
	"strings"
	"testing"

	"closup/provision/push"
	"closup/render"
)

// TestContexts: one change in one difference, with 3, no and all lines around
// it; what changes beside the bytes is told in each.
func TestContexts(t *testing.T) {
	was := "1\n2\n3\n4\n5\n6\n7\n8\n9\n"
	c := push.Change{From: "leaf1/f", To: "leaf1/f", Was: []byte(was), Want: []byte(strings.Replace(was, "5", "five", 1)), Note: "mode\n"}
	equal := map[string]int{"3": 6, "0": 0, "all": 8}
	if len(equal) != len(render.Contexts) {
		t.Fatal("there are other contexts")
	}
	for _, context := range render.Contexts {
		diff := c.Diff(context.Lines)
		if n := strings.Count(diff, "\n "); n != equal[context.Word] {
			t.Errorf("context %s shows %d equal lines:\n%s", context.Word, n, diff)
		}
		if !strings.Contains(diff, "\n-5\n+five\n") || !strings.HasSuffix(diff, "mode\n") {
			t.Errorf("context %s:\n%s", context.Word, diff)
		}
	}
	if diff := (push.Change{}).Diff(3); diff != "" {
		t.Errorf("nothing differs from nothing: %q", diff)
	}
}
