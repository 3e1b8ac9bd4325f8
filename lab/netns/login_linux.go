package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// accounts is a file of passwd(5), shadow(5) or group(5): one line an entry,
// fields between colons.
type accounts []account

type account []string

func readAccounts(path string) (accounts, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out accounts
	for line := range strings.Lines(string(data)) {
		out = append(out, strings.Split(strings.TrimSuffix(line, "\n"), ":"))
	}
	return out, nil
}

// write keeps the file's owner and mode.
func (a accounts) write(path string) error {
	var b strings.Builder
	for _, line := range a {
		b.WriteString(strings.Join(line, ":") + "\n")
	}
	return os.WriteFile(path, []byte(b.String()), 0o640)
}

func (a accounts) named(name string) (account, bool) {
	i := slices.IndexFunc(a, func(l account) bool { return l[0] == name })
	if i < 0 {
		return nil, false
	}
	return a[i], true
}

// number is a numeric field, -1 where it is none: chown(2) then leaves the
// owner.
func (l account) number(field int) int {
	if field >= len(l) {
		return -1
	}
	n, err := strconv.Atoi(l[field])
	if err != nil {
		return -1
	}
	return n
}

// firstUser is the first number of ordinary users (login.defs(5), UID_MIN).
const firstUser = 1000

// freeNumber is the first that neither has as its third field.
func freeNumber(files ...accounts) int {
	for n := firstUser; ; n++ {
		taken := false
		for _, f := range files {
			taken = taken || slices.ContainsFunc(f, func(l account) bool { return l.number(2) == n })
		}
		if !taken {
			return n
		}
	}
}

// login makes the fabric's access user: a login shell, sudo without a
// password, and the lab's key as the only one.
func (b box) login() error {
	user, err := ensureUser(b.User)
	if err != nil {
		return err
	}
	if err := writeAll(0o440, map[string]string{
		"/etc/sudoers.d/closup-lab": b.User + " ALL=(ALL:ALL) NOPASSWD: ALL\n",
	}); err != nil {
		return err
	}
	uid, gid, home := user.number(2), user.number(3), user[5]
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return err
	}
	mine := []string{}
	if err := os.Mkdir(home, 0o755); err == nil {
		mine = append(mine, home)
	} else if !errors.Is(err, fs.ErrExist) {
		return err
	}
	ssh := filepath.Join(home, ".ssh")
	if err := os.RemoveAll(ssh); err != nil {
		return err
	}
	if err := os.Mkdir(ssh, 0o700); err != nil {
		return err
	}
	keys := filepath.Join(ssh, "authorized_keys")
	if err := os.WriteFile(keys, []byte(b.Authorized+"\n"), 0o600); err != nil {
		return err
	}
	for _, path := range append(mine, ssh, keys) {
		if err := os.Chown(path, uid, gid); err != nil {
			return err
		}
	}
	return nil
}

// ensureUser finds or adds the user in the files of /etc, and makes sure that
// it can log in: sshd without PAM refuses an account whose password is locked.
func ensureUser(name string) (account, error) {
	users, err := readAccounts("/etc/passwd")
	if err != nil {
		return nil, err
	}
	secrets, err := readAccounts("/etc/shadow")
	if err != nil {
		return nil, err
	}
	groups, err := readAccounts("/etc/group")
	if err != nil {
		return nil, err
	}
	user, ok := users.named(name)
	if !ok {
		number := strconv.Itoa(freeNumber(users, groups))
		group, ok := groups.named(name)
		if !ok {
			group = account{name, "x", number, ""}
			groups = append(groups, group)
		}
		user = account{name, "x", number, group[2], "", filepath.Join("/home", name), ""}
		users = append(users, user)
	}
	if len(user) < 7 {
		return nil, fmt.Errorf("the entry of %s in /etc/passwd is damaged", name)
	}
	if shell := filepath.Base(user[6]); shell == "nologin" || shell == "false" || user[6] == "" {
		user[6] = "/bin/bash"
	}
	if secret, ok := secrets.named(name); !ok {
		secrets = append(secrets, account{name, "*", "19000", "0", "99999", "7", "", "", ""})
	} else if len(secret) > 1 && strings.HasPrefix(secret[1], "!") {
		secret[1] = "*"
	}
	for path, a := range map[string]accounts{"/etc/passwd": users, "/etc/shadow": secrets, "/etc/group": groups} {
		if err := a.write(path); err != nil {
			return nil, err
		}
	}
	return user, nil
}
