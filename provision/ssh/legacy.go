package ssh

import (
	"slices"
	"strings"

	xssh "golang.org/x/crypto/ssh"
)

// legacy are broken algorithms that the operator's ssh_config(5) allows for one
// host. They come after all others, and their use is told. Without a word there,
// a device that has nothing better is not talked to.
type legacy struct{ kex, ciphers, macs, hostKeys []string }

// legacyOf reads what a host's settings allow beyond OpenSSH's own defaults.
func legacyOf(host string, s *settings) legacy {
	weak := xssh.InsecureAlgorithms()
	allowed := func(keyword string, known []string) []string {
		var out []string
		for _, value := range s.all(host, keyword)[:min(1, len(s.all(host, keyword)))] {
			if strings.HasPrefix(value, "-") {
				continue
			}
			for name := range strings.SplitSeq(strings.TrimLeft(value, "+^"), ",") {
				if slices.Contains(known, name) && !slices.Contains(s.usual(keyword), name) {
					out = append(out, name)
				}
			}
		}
		return out
	}
	return legacy{
		kex: allowed("KexAlgorithms", weak.KeyExchanges), ciphers: allowed("Ciphers", weak.Ciphers),
		macs: allowed("MACs", weak.MACs), hostKeys: allowed("HostKeyAlgorithms", weak.HostKeys),
	}
}

// config is what is offered: the strong ones first.
func (l legacy) config() xssh.Config {
	strong := xssh.SupportedAlgorithms()
	return xssh.Config{
		KeyExchanges: append(strong.KeyExchanges, l.kex...),
		Ciphers:      append(strong.Ciphers, l.ciphers...), MACs: append(strong.MACs, l.macs...),
	}
}

// warn tells of a connection that uses a broken algorithm.
func (h hop) warn(c xssh.Conn, log func(device, text string)) {
	meta, ok := c.(xssh.AlgorithmsConnMetadata)
	if !ok {
		return
	}
	used, weak := meta.Algorithms(), xssh.InsecureAlgorithms()
	var found []string
	for _, a := range []struct {
		name  string
		known []string
	}{
		{used.KeyExchange, weak.KeyExchanges},
		{used.HostKey, weak.HostKeys},
		{used.Write.Cipher, weak.Ciphers},
		{used.Write.MAC, weak.MACs},
	} {
		if slices.Contains(a.known, a.name) {
			found = append(found, a.name)
		}
	}
	if len(found) > 0 {
		log(h.device, "warning: the connection to "+h.address()+" uses "+strings.Join(found, ", ")+", which can be broken; ~/.ssh/config allows it for this host")
	}
}
