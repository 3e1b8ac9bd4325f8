package ssh

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/skeema/knownhosts"
	xssh "golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"closup/provision"
)

// hostKeys reads and extends known_hosts files. A file is read again only
// when it changed.
type hostKeys struct {
	mu    sync.Mutex
	cache map[string]knownFile
}

type knownFile struct {
	db    *knownhosts.HostKeyDB
	mtime time.Time
	size  int64
}

// unknownHost is a host that no file knows, with the key it offered.
type unknownHost struct {
	*provision.HostKeyError
	address string
	key     xssh.PublicKey
}

// preferred is the order in which an unknown host is asked for its key. The
// library's own begins with ECDSA; OpenSSH's begins with ed25519, and a host
// written down by the one must be found by the other.
var preferred = []string{
	xssh.KeyAlgoED25519, xssh.KeyAlgoECDSA256, xssh.KeyAlgoECDSA384, xssh.KeyAlgoECDSA521,
	xssh.KeyAlgoRSASHA512, xssh.KeyAlgoRSASHA256,
}

// algorithms are the host key algorithms to ask address for: those of the keys
// on file, so that a host with several keys shows the one that is known. Where
// an authority is on file the host is asked for a certificate, of whatever type
// its key is, and else for a plain key.
func (k *hostKeys) algorithms(files []string, address string) []string {
	var certs, plain []string
	strong := xssh.SupportedAlgorithms().HostKeys
	for _, file := range files {
		db, err := k.load(file)
		if err != nil || db == nil {
			continue
		}
		for _, key := range db.HostKeys(address) {
			if key.Cert && certs == nil {
				certs = slices.DeleteFunc(slices.Clone(certified), func(a string) bool { return !slices.Contains(strong, a) })
			}
		}
		for _, a := range db.HostKeyAlgorithms(address) {
			if slices.Contains(strong, a) && !slices.Contains(certified, a) && !slices.Contains(plain, a) {
				plain = append(plain, a)
			}
		}
	}
	for _, a := range preferred { // a host without the known type has another key: it changed
		if !slices.Contains(plain, a) {
			plain = append(plain, a)
		}
	}
	return slices.Concat(certs, plain)
}

// certified are the algorithms of host certificates, in the order of preferred.
var certified = []string{
	xssh.CertAlgoED25519v01, xssh.CertAlgoECDSA256v01, xssh.CertAlgoECDSA384v01, xssh.CertAlgoECDSA521v01,
	xssh.CertAlgoRSASHA512v01, xssh.CertAlgoRSASHA256v01,
}

// check compares the key that a host offered with the files. The answer is
// nil, an *unknownHost, or another error for good.
func (k *hostKeys) check(h hop, address string, remote net.Addr, key xssh.PublicKey, acceptNew bool) error {
	e := &provision.HostKeyError{Host: h.name(), SHA256: xssh.FingerprintSHA256(key)}
	for _, file := range h.knownHosts {
		db, err := k.load(file)
		if err != nil {
			return h.fail(provision.ErrAuth, fmt.Sprintf("%s cannot be read: %v", file, cause(err)), err)
		}
		if db == nil {
			continue
		}
		err = db.HostKeyCallback()(address, remote, key)
		var keyErr *xknownhosts.KeyError
		var revoked *xknownhosts.RevokedError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &revoked):
			return h.fail(provision.ErrAuth, "its host key is marked as revoked in "+file, err)
		case !errors.As(err, &keyErr):
			return h.fail(provision.ErrAuth, "its host certificate is not valid: "+err.Error(), err)
		case !e.Changed:
			// An authority says nothing of a host's plain key.
			for _, on := range db.HostKeys(address) {
				if !on.Cert {
					e.Changed, e.Known = true, xssh.FingerprintSHA256(on.PublicKey)
					break
				}
			}
		}
	}
	switch {
	case e.Changed:
		return e
	case acceptNew:
		return k.add(h, address, key)
	}
	return &unknownHost{HostKeyError: e, address: address, key: key}
}

// load reads one file; nil where there is none.
func (k *hostKeys) load(file string) (*knownhosts.HostKeyDB, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	info, err := os.Stat(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if f, ok := k.cache[file]; ok && f.mtime.Equal(info.ModTime()) && f.size == info.Size() {
		return f.db, nil
	}
	db, err := knownhosts.NewDB(file)
	if err != nil {
		return nil, err
	}
	if k.cache == nil {
		k.cache = map[string]knownFile{}
	}
	k.cache[file] = knownFile{db, info.ModTime(), info.Size()}
	return db, nil
}

// add writes a host's key to the first of the hop's files. Another process may
// do the same at this moment: the file is locked, and read again under the
// lock, so a host gets one line, and one that got another key meanwhile is
// refused.
func (k *hostKeys) add(h hop, address string, key xssh.PublicKey) error {
	known, err := appendKey(h.knownHosts[0], address, key)
	switch {
	case err != nil:
		detail := fmt.Sprintf("its host key cannot be written to %s: %v", h.knownHosts[0], cause(err))
		return h.fail(provision.ErrAuth, detail, err)
	case known != nil:
		return &provision.HostKeyError{
			Host: h.name(), Changed: true,
			SHA256: xssh.FingerprintSHA256(key), Known: xssh.FingerprintSHA256(known),
		}
	}
	return nil
}

// appendKey adds a line to a known_hosts file unless it is there. known is a
// different key of the same type that stands there already.
func appendKey(file, address string, key xssh.PublicKey) (known xssh.PublicKey, err error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, err
	}
	db, err := knownhosts.NewDB(file)
	if err != nil {
		return nil, err
	}
	for _, k := range db.HostKeys(address) {
		if k.Type() != key.Type() || k.Cert {
			continue
		}
		if bytes.Equal(k.Marshal(), key.Marshal()) {
			return nil, nil
		}
		return k.PublicKey, nil
	}
	line := knownhosts.Line([]string{address}, key) + "\n"
	if info, err := f.Stat(); err == nil && info.Size() > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, info.Size()-1); err == nil && last[0] != '\n' {
			line = "\n" + line
		}
	}
	_, err = f.WriteString(line)
	return nil, errors.Join(err, f.Sync())
}
