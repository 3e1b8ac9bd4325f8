package push

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"closup/render"
)

// faults are the rows of docs/push.md, and how often a test compared a device
// with old and new after each. TestMain fails when one of them was not.
var faults = struct {
	sync.Mutex
	compared [26]int
}{}

// compared notes that a device was compared after a fault, byte for byte.
func compared(rows ...int) {
	faults.Lock()
	defer faults.Unlock()
	for _, row := range rows {
		faults.compared[row]++
	}
}

// watch is a box before a fault, and what it may be afterwards.
type watch struct {
	b          *box
	row        int // of docs/push.md
	old, fresh map[string]string
}

// watch keeps what the box holds, and what it would hold were the target pushed.
func (b *box) watch(row int, target Target) *watch {
	b.t.Helper()
	w := &watch{b: b, row: row, old: b.portrait()}
	maps.DeleteFunc(w.old, func(name, _ string) bool { return strings.HasSuffix(name, "/state") }) // none may be open at the end
	w.fresh = maps.Clone(w.old)
	for _, a := range target.Artifacts {
		name, err := filepath.Rel(b.dir, a.Path)
		must(b.t, err)
		w.fresh[name] = fmt.Sprintf("%v %s\n%s", a.Mode, a.Owner, a.Body)
		w.fresh["what runs"] = string(a.Body)
	}
	return w
}

// ended fails unless the box is, byte for byte, with mode and owner, in its files
// and in what runs, what that result says, and no push is open there.
func (w *watch) ended(r Result) {
	w.b.t.Helper()
	want := w.old
	if r == Changed || r == Unchanged {
		want = w.fresh
	}
	if is := w.b.portrait(); !maps.Equal(want, is) {
		w.b.t.Errorf("%s is %q, and not as that says:\n%s", w.b.name, r, render.Diff("want", "is", text(want), text(is), 1))
	}
	compared(w.row)
}

// portrait is every file of the box with its mode and owner, and what runs. What
// the box and closup keep for themselves is not in it, but for a push that is open.
func (b *box) portrait() map[string]string {
	b.t.Helper()
	out := map[string]string{"what runs": b.read("run/app")}
	must(b.t, filepath.WalkDir(b.dir, func(path string, e fs.DirEntry, err error) error {
		name := strings.TrimPrefix(path, b.dir+"/")
		switch {
		case err != nil || e.IsDir() && (name == "run" || name == "hook"):
			return cmpErr(err, fs.SkipDir)
		case e.IsDir() && name == "closup":
			states, _ := filepath.Glob(path + "/push/*/state")
			for _, s := range states {
				switch state, _ := os.ReadFile(s); strings.TrimSpace(string(state)) {
				case "applying", "active", "committing", "undoing", "rollback-failed":
					out[strings.TrimPrefix(s, b.dir+"/")] = string(state)
				}
			}
			return fs.SkipDir
		case !e.Type().IsRegular():
			return nil
		}
		info, err := os.Stat(path)
		must(b.t, err)
		out[name] = fmt.Sprintf("%v %s\n%s", info.Mode().Perm(), ownerOf(b.t, info), b.read(name))
		return nil
	}))
	return out
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

func ownerOf(t *testing.T, info fs.FileInfo) string {
	t.Helper()
	id := info.Sys().(*syscall.Stat_t)
	u, err := user.LookupId(fmt.Sprint(id.Uid))
	must(t, err)
	g, err := user.LookupGroupId(fmt.Sprint(id.Gid))
	must(t, err)
	return u.Username + ":" + g.Name
}

func text(portrait map[string]string) []byte {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(portrait)) {
		fmt.Fprintf(&b, "== %s\n%s\n", name, portrait[name])
	}
	return []byte(b.String())
}
