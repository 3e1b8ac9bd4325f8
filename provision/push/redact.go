package push

import (
	"fmt"
	"regexp"

	"closup/render"
)

// secretWords are what stands before a secret in the files of a router: the
// passwords of neighbors, of vtys, of other protocols, and of a wireless port.
var secretWords = regexp.MustCompile(`(?m)(\bneighbor\s+\S+\s+password\s+|^[\t -+]*(?:enable\s+)?password\s+|message-digest-key\s+\d+\s+md5\s+|\bauthentication-key\s+|\bkey-string\s+|\b(?:area-|domain-|isis\s+)password\s+(?:clear\s+|md5\s+)?|\bwpa-(?:psk|passphrase)\s+)(\S[^\n]*)`)

// redactor hides secrets, so that one that changed can still be seen to.
type redactor struct{ known map[string]int }

func (r *redactor) hide(text []byte) []byte {
	return secretWords.ReplaceAllFunc(text, func(match []byte) []byte {
		parts := secretWords.FindSubmatch(match)
		secret := string(parts[2])
		if r.known == nil {
			r.known = map[string]int{}
		}
		n, seen := r.known[secret]
		if !seen {
			n = len(r.known) + 1
			r.known[secret] = n
		}
		if n == 1 {
			return []byte(string(parts[1]) + "[redacted]")
		}
		return fmt.Appendf(nil, "%s[redacted, number %d]", parts[1], n)
	})
}

// Redacted is a text of a device without the secrets that a router's
// configuration may hold.
func Redacted(text string) string { return string((&redactor{}).hide([]byte(text))) }

// difference is render.Diff without secrets: every diff that anybody sees.
func difference(from, to string, was, want []byte, context int) string {
	r := &redactor{}
	return render.Diff(from, to, r.hide(was), r.hide(want), context)
}
