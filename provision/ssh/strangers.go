package ssh

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	xssh "golang.org/x/crypto/ssh"

	"closup/model"
	"closup/provision"
)

// Stranger is a host whose key is in no known_hosts file.
type Stranger struct {
	Devices []string // that are reached by it, or through it, in the order asked
	Jump    bool     // it is a host on the way
	Address string   // host:port
	Type    string   // of the key: "ssh-ed25519"
	SHA256  string   // its fingerprint

	hop hop
	key xssh.PublicKey
}

// Strangers asks the hosts on the way to the endpoints for their keys, all at
// once, where no file knows them. It logs in to none of them, and says nothing
// of those that do not answer. Behind a jump host that is a stranger itself
// nobody can be asked yet: when that was met, ask again.
func (t *Transport) Strangers(ctx context.Context, endpoints []model.Endpoint) []Stranger {
	var all []*Stranger
	before := map[string][]hop{} // a stranger's address, and the way to it
	at := map[string]*Stranger{}
	for _, e := range endpoints {
		hops, err := t.route(e)
		if err != nil {
			continue
		}
		for i, h := range hops {
			if t.hosts.knows(h) {
				continue
			}
			name := h.known() + " " + strings.Join(h.knownHosts, " ")
			if at[name] == nil {
				at[name] = &Stranger{Jump: h.jump, Address: h.address(), hop: h}
				before[name] = hops[:i]
				all = append(all, at[name])
			}
			at[name].Devices = append(at[name].Devices, e.Device)
			break
		}
	}
	var work sync.WaitGroup
	for name, s := range at {
		work.Go(func() { s.meet(ctx, t, before[name]) })
	}
	work.Wait()
	var met []Stranger
	for _, s := range all {
		if s.key != nil {
			met = append(met, *s)
		}
	}
	return met
}

// meet gets the key that the host offers now.
func (s *Stranger) meet(ctx context.Context, t *Transport, before []hop) {
	if key, err := t.offered(ctx, s.hop, before); err == nil {
		s.key = key
		s.Type, s.SHA256 = s.key.Type(), xssh.FingerprintSHA256(s.key)
	}
}

// offered is the key that a host offers; it is dialled by itself, or through
// the hops before it. nil with an error: it could not be had.
func (t *Transport) offered(ctx context.Context, h hop, before []hop) (xssh.PublicKey, error) {
	var via *session
	if len(before) > 0 {
		b, err := t.through(ctx, before)
		if err != nil {
			return nil, err
		}
		defer t.leave(b)
		via = b.session
	}
	var got xssh.PublicKey
	for try := 1; ; try++ {
		_, err := (&login{t: t, hop: h, keyOnly: &got}).handshake(ctx, via)
		if got != nil {
			return got, nil
		}
		if !errors.Is(err, errDropped) || try == dropTries {
			return nil, err
		}
	}
}

// Accept writes a stranger's key to known_hosts. The next dial holds him to it.
func (t *Transport) Accept(s Stranger) error {
	return t.hosts.add(s.hop, s.hop.known(), s.key)
}

// knows says whether any file has a key or an authority for the hop, so that
// there is nothing to ask. A file that cannot be read is for the login to tell.
func (k *hostKeys) knows(h hop) bool {
	for _, file := range h.knownHosts {
		db, err := k.load(file)
		if err != nil || db != nil && len(db.HostKeys(h.known())) > 0 {
			return true
		}
	}
	return false
}

// Reinstalled is a host whose key is not the one on file any more.
type Reinstalled struct {
	Device  string
	Jump    bool
	Address string
	Old     []string // fingerprints on file, with the type before each
	New     string   // the one that it offers
	Files   []string // that have the old ones

	hop hop
	key xssh.PublicKey
}

// ErrStranger is a host that no file knows: there is nothing to forget.
var ErrStranger = errors.New("no known_hosts file has its key")

// Changed asks the hosts on the way to an endpoint, and finds the first whose
// key changed; nil: none has. Nothing is written, and none that changed is
// logged in to.
func (t *Transport) Changed(ctx context.Context, e model.Endpoint) (*Reinstalled, error) {
	hops, err := t.route(e)
	if err != nil {
		return nil, err
	}
	for i, h := range hops {
		if !t.hosts.knows(h) {
			return nil, h.fail(provision.ErrAuth, ErrStranger.Error(), ErrStranger)
		}
		key, err := t.offered(ctx, h, hops[:i])
		if err != nil {
			return nil, err
		}
		var changed *provision.HostKeyError
		err = t.hosts.check(h, h.known(), nobodyThere, key, false)
		switch {
		case err == nil:
			continue
		case !errors.As(err, &changed) || !changed.Changed:
			return nil, err
		}
		r := &Reinstalled{Device: e.Device, Jump: h.jump, Address: h.address(), New: fingerprint(key), hop: h, key: key}
		for _, file := range h.knownHosts {
			db, err := t.hosts.load(file)
			if err != nil || db == nil {
				continue
			}
			for _, on := range db.HostKeys(h.known()) {
				if !on.Cert {
					r.Old = append(r.Old, fingerprint(on.PublicKey))
					if !slices.Contains(r.Files, file) {
						r.Files = append(r.Files, file)
					}
				}
			}
		}
		return r, nil
	}
	return nil, nil
}

func fingerprint(key xssh.PublicKey) string { return key.Type() + " " + xssh.FingerprintSHA256(key) }

// Replace takes the old keys of a host out of known_hosts and puts the new one
// there. The rest of the files stays as it is, to the byte: what a pattern says
// of many hosts too, which the new line goes before.
func (t *Transport) Replace(r *Reinstalled) error {
	for _, file := range r.Files {
		if err := forget(file, r.hop.known()); err != nil {
			return r.hop.fail(provision.ErrAuth, "its old key cannot be taken out of "+file+": "+cause(err).Error(), err)
		}
	}
	return t.hosts.add(r.hop, r.hop.known(), r.key)
}
