package model

import (
	"fmt"
	"strconv"
	"strings"
)

// A device's number, its n, decides its ASN, address and ports. It is:
//   - what `n:` says;
//   - the number that ends its name, where all names of the role that have no
//     `n:` end in one, each in another: leaf07 is the 7th;
//   - its position in the role, where none of those names ends in a number.
//
// So a device that comes in between renumbers no other.

// number gives the devices of each role their n, and tells of those that need
// one of their own.
func number(r *reader, specs []Spec) {
	for first := 0; first < len(specs); {
		last := first
		for last < len(specs) && specs[last].Role == specs[first].Role {
			last++
		}
		numberRole(r, specs[first:last])
		first = last
	}
}

func numberRole(r *reader, specs []Spec) {
	numbered, plain := "", "" // an example of each kind of name
	for _, s := range specs {
		switch _, ok := trailingNumber(s.Name); {
		case s.N != 0 || s.Name == "":
		case ok:
			numbered = s.Name
		default:
			plain = s.Name
		}
	}
	owner := make(map[int]string, len(specs)) // of each n
	for _, s := range specs {
		if s.N != 0 {
			r.claim(owner, s, s.N)
		}
	}
	for i := range specs {
		s := &specs[i]
		if s.N != 0 || s.Name == "" {
			continue
		}
		n, ok := trailingNumber(s.Name)
		if !ok {
			n = i + 1
		}
		switch {
		case numbered != "" && plain != "":
			r.needsN(*s, fmt.Sprintf("%s mix names with a number (%s) and without (%s), so %s needs its own `n`",
				s.Role.Key(), numbered, plain, s.Name))
		case n == 0:
			r.needsN(*s, s.Name+" ends in 0, and devices count from 1, so it needs its own `n`")
		default:
			r.claim(owner, *s, n)
		}
		s.N = max(n, 1)
	}
}

// claim notes whose n it is, and tells where it is another's already. One name
// that stands twice is a rule's to tell.
func (r *reader) claim(owner map[int]string, s Spec, n int) {
	other, taken := owner[n]
	if taken && other != s.Name {
		r.needsN(s, fmt.Sprintf("%s and %s are both number %d of the %s", other, s.Name, n, s.Role.Key()))
		return
	}
	owner[n] = s.Name
}

func (r *reader) needsN(s Spec, message string) {
	r.missing(s.Path+".n", message, "say it outright, such as n: 3")
}

// trailingNumber is the number that ends a name, false where none does or it
// has more than nine digits.
func trailingNumber(name string) (int, bool) {
	digits := name[len(strings.TrimRight(name, "0123456789")):]
	if digits == "" || len(digits) > 9 {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil
}
