package model

import "strings"

// What the operator wrote ends up in configuration files, in descriptions and
// in commands. These predicates are the one list of what may: nothing that a
// shell, FRR, ifupdown2 (whose Mako templates run `${...}` as root) or YAML
// takes for more than a letter.

// MaxDescription bounds a description in frr.conf, in bytes.
const MaxDescription = 80

// maxInterface is the kernel's IFNAMSIZ without its final zero.
const maxInterface = 15

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// SafeText says whether s may stand in a description or as a word in any file:
// letters, digits, space and _.:/- only, no space at either end.
func SafeText(s string) bool {
	return only(s, letters+"_.:/ -") && s == strings.TrimSpace(s)
}

// SafeInterface says whether s may be the name of a network interface: letters,
// digits and _.- only, not beginning with a hyphen or a dot, at most 15 long.
func SafeInterface(s string) bool {
	return s != "" && len(s) <= maxInterface && only(s, letters+"_.-") && s[0] != '-' && s[0] != '.'
}

// SafeHostname says whether s is one label of a host name (RFC 1123 2.1):
// letters, digits and hyphens, no hyphen at either end, at most 63 long.
func SafeHostname(s string) bool {
	return s != "" && len(s) <= 63 && only(s, letters+"-") && s[0] != '-' && s[len(s)-1] != '-'
}

// SafeAccess says whether s may say how a device is reached: a user, a key's
// path, a jump host. Beside the characters of SafeText it may hold ~ @ + , = and
// the brackets of an IPv6 address; it never begins with a hyphen, which ssh
// would take for an option.
func SafeAccess(s string) bool {
	return only(s, letters+"_.:/ -~@+,=[]") && s == strings.TrimSpace(s) && !strings.HasPrefix(s, "-")
}

// only says whether s is made of the allowed characters, all of them ASCII.
func only(s, allowed string) bool {
	for i := range len(s) {
		if strings.IndexByte(allowed, s[i]) < 0 {
			return false
		}
	}
	return true
}
