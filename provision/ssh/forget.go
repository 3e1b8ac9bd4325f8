package ssh

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // known_hosts hashes names with it (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)
	"encoding/base64"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// nobodyThere stands for the address of a peer that is not dialled.
var nobodyThere = &net.TCPAddr{IP: net.IPv4zero}

// forget takes the plain keys of one host out of a known_hosts file: a line for
// it alone goes, from one for several its name goes. Patterns, authorities and
// revoked keys stay. The file is locked, replaced as a whole, and kept beside
// as .old.
func forget(file, address string) (err error) {
	path, err := filepath.EvalSymlinks(file)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	was, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	now := forgotten(was, xknownhosts.Normalize(address))
	if bytes.Equal(was, now) {
		return nil
	}
	if err := write(path+".old", was, info.Mode().Perm()); err != nil {
		return err
	}
	return write(path, now, info.Mode().Perm())
}

// write replaces a file at once.
func write(path string, data []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".closup-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// forgotten is a known_hosts file without a host's plain keys. name is as the
// file writes it: "192.0.2.1", or "[192.0.2.1]:2222".
func forgotten(data []byte, name string) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(data) {
		text := strings.TrimLeft(string(line), " \t")
		hosts, rest, ok := strings.Cut(strings.ReplaceAll(text, "\t", " "), " ")
		if !ok || strings.HasPrefix(text, "#") || strings.HasPrefix(text, "@") {
			out.Write(line)
			continue
		}
		var others []string
		for host := range strings.SplitSeq(hosts, ",") {
			if host != name && !hashes(host, name) {
				others = append(others, host)
			}
		}
		switch {
		case len(others) == strings.Count(hosts, ",")+1:
			out.Write(line)
		case len(others) > 0:
			out.WriteString(strings.Join(others, ",") + " " + rest)
		}
	}
	return out.Bytes()
}

// hashes says whether a hashed host, "|1|SALT|HASH", is that name.
func hashes(host, name string) bool {
	parts := strings.Split(host, "|")
	if len(parts) != 4 || parts[1] != "1" {
		return false
	}
	salt, err1 := base64.StdEncoding.DecodeString(parts[2])
	want, err2 := base64.StdEncoding.DecodeString(parts[3])
	mac := hmac.New(sha1.New, salt)
	mac.Write([]byte(name))
	return err1 == nil && err2 == nil && hmac.Equal(mac.Sum(nil), want)
}
