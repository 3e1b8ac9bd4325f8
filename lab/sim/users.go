package sim

import (
	"errors"
	"io/fs"
	"strconv"
)

// user is who does something on a device.
type user struct {
	name     string
	uid, gid int
}

var rootUser = user{name: "root"}

const (
	frrID   = 110  // uid and gid of frr, an ordinary number of a package's user
	loginID = 1000 // of the access user (login.defs(5), UID_MIN)
)

// may says whether the user has a permission of rwx (4, 2, 1) on the file.
// There are no groups but a user's own.
func (u user) may(n *node, want fs.FileMode) bool {
	mode := n.mode.Perm()
	switch {
	case u.uid == 0:
		return want != 1 || n.mode.IsDir() || mode&0o111 != 0
	case u.uid == n.uid:
		return mode>>6&want == want
	case u.gid == n.gid:
		return mode>>3&want == want
	}
	return mode&want == want
}

// accounts are the names of a device's users; groups have the same.
func (d *device) accounts() []user {
	all := []user{rootUser, {"frr", frrID, frrID}, {"nobody", 65534, 65534}}
	if d.login != "root" {
		all = append(all, user{d.login, loginID, loginID})
	}
	return all
}

func (d *device) userNamed(name string) (user, bool) {
	for _, u := range d.accounts() {
		if u.name == name || strconv.Itoa(u.uid) == name {
			return u, true
		}
	}
	return user{}, false
}

// nameOf is a user's name, or the number where there is none.
func (d *device) nameOf(uid int) string {
	for _, u := range d.accounts() {
		if u.uid == uid {
			return u.name
		}
	}
	return strconv.Itoa(uid)
}

func isExist(err error) bool { return errors.Is(err, fs.ErrExist) }
