package work

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"closup/model"
	"closup/provision/ssh"
)

// Stranger is a host whose key is in no known_hosts file yet: a device, or a
// jump host on the way to some.
type Stranger = ssh.Stranger

// Reinstalled is a host whose key is not the one on file any more.
type Reinstalled = ssh.Reinstalled

// HostKeys is a look at the host keys of a fabric's devices.
type HostKeys struct {
	transport *ssh.Transport
	endpoints []model.Endpoint
}

// HostKeys looks at the keys of the real devices, or of the running lab's; at
// those named, or at all.
func (p *Project) HostKeys(inLab bool, only ...string) (*HostKeys, error) {
	if p.Err != nil {
		return nil, p.Err
	}
	if err := p.Known(only...); err != nil {
		return nil, err
	}
	endpoints, err := p.Endpoints(inLab)
	if err != nil {
		return nil, err
	}
	k := &HostKeys{transport: ssh.New(p.sshConfig(ssh.Config{}))}
	for _, d := range p.Plan.Devices {
		if e, ok := endpoints[d.Name]; ok && (len(only) == 0 || slices.Contains(only, d.Name)) {
			k.endpoints = append(k.endpoints, e)
		}
	}
	return k, nil
}

// Strangers are the hosts that nobody knows yet, in the plan's order. All are
// asked at once, and none is logged in to. Those that do not answer are left
// out. After Accept of a jump host those behind it are next, so ask until there
// are none.
func (k *HostKeys) Strangers(ctx context.Context) []Stranger {
	return k.transport.Strangers(ctx, k.endpoints)
}

// Accept takes the keys as they were shown; a host that has another one by the
// time of its login is refused.
func (k *HostKeys) Accept(list ...Stranger) error {
	var errs []error
	for _, s := range list {
		errs = append(errs, k.transport.Accept(s))
	}
	return errors.Join(errs...)
}

// Changed is the first host on the way to the one device looked at whose key
// changed; nil: none has.
func (k *HostKeys) Changed(ctx context.Context) (*Reinstalled, error) {
	if len(k.endpoints) != 1 {
		return nil, fmt.Errorf("it is not known how to reach it; give it a management address as mgmt")
	}
	return k.transport.Changed(ctx, k.endpoints[0])
}

// Replace forgets the old key of a host and takes the new one.
func (k *HostKeys) Replace(r *Reinstalled) error { return k.transport.Replace(r) }

// sshConfig adds to c who is asked and told.
func (p *Project) sshConfig(c ssh.Config) ssh.Config {
	c.Secrets, c.Log = p.Secrets, p.Note
	return c
}
