package sim

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"mvdan.cc/sh/v3/expand"
)

// newKey makes a key pair: the private half as OpenSSH keeps it.
func newKey(comment string) ([]byte, ssh.PublicKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("making a key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, comment)
	if err != nil {
		return nil, nil, fmt.Errorf("making a key: %w", err)
	}
	pub, err := ssh.NewPublicKey(public)
	return pem.EncodeToMemory(block), pub, err
}

// listen opens the device's SSH port for whoever has the key.
func (d *device) listen(login ssh.PublicKey) error {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	host, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return err
	}
	d.server = &ssh.ServerConfig{
		ServerVersion: "SSH-2.0-closup_simulator",
		PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if (c.User() == d.login || c.User() == "root" || c.User() == chassis) && bytes.Equal(key.Marshal(), login.Marshal()) {
				return nil, nil
			}
			return nil, fmt.Errorf("%s may not log in with this key", c.User())
		},
	}
	d.server.AddHostKey(host)
	d.public = host.PublicKey()
	d.listener, err = net.Listen("tcp", "127.0.0.1:0")
	return err
}

const handshakeTimeout = 30 * time.Second

// serve answers until the listener is closed.
func (d *device) serve(ctx context.Context, listener net.Listener) {
	var conns sync.WaitGroup
	defer conns.Wait()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		conns.Go(func() { d.connection(ctx, conn) })
	}
}

func (d *device) connection(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g := &gate{Conn: conn, d: d, ctx: ctx}
	_ = conn.SetDeadline(time.Now().Add(handshakeTimeout))
	c, channels, requests, err := ssh.NewServerConn(g, d.server)
	if err != nil {
		return
	}
	g.free.Store(c.User() == chassis)
	_ = conn.SetDeadline(time.Time{})
	defer c.Close()
	who, known := d.userNamed(c.User())
	if !known {
		who = user{name: c.User(), uid: -1, gid: -1}
	}
	var open sync.WaitGroup
	defer open.Wait()
	defer cancel()
	open.Go(func() { ssh.DiscardRequests(requests) })
	for ch := range channels {
		switch ch.ChannelType() {
		case "session":
			open.Go(func() { d.sessionChannel(ctx, who, ch) })
		case "direct-streamlocal@openssh.com":
			open.Go(func() { d.streamChannel(who, ch) })
		default:
			_ = ch.Reject(ssh.UnknownChannelType, "the simulator has sessions and Unix sockets alone")
		}
	}
}

// call is a shell's surroundings, as a login makes them.
func (d *device) call(ctx context.Context, who user) *call {
	home := "/root"
	if who.uid != 0 {
		home = "/home/" + who.name
	}
	return &call{
		device: d, ctx: context.WithValue(ctx, userKey{}, who), who: who, dir: home, out: io.Discard, err: io.Discard,
		env: expand.ListEnviron("PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME="+home, "USER="+who.name, "LOGNAME="+who.name, "SHELL=/bin/bash", maskVariable+"=022"),
	}
}

func (d *device) sessionChannel(ctx context.Context, who user, ch ssh.NewChannel) {
	channel, requests, err := ch.Accept()
	if err != nil {
		return
	}
	defer channel.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	running := false
	for {
		select {
		case <-done:
			return
		case r, ok := <-requests:
			if !ok {
				cancel()
				if running {
					<-done
				}
				return
			}
			var command struct{ Text string }
			switch {
			case running, r.Type != "exec" && r.Type != "shell" && r.Type != "pty-req" && r.Type != "env":
				_ = r.Reply(false, nil)
				continue
			case r.Type == "pty-req" || r.Type == "env":
				_ = r.Reply(true, nil)
				continue
			case r.Type == "exec":
				_ = ssh.Unmarshal(r.Payload, &command)
			}
			_ = r.Reply(true, nil)
			running = true
			go func() {
				defer close(done)
				d.loginShell(ctx, who, channel, command.Text)
			}()
		}
	}
}

// loginShell runs what was asked for with the login shell.
func (d *device) loginShell(ctx context.Context, who user, channel ssh.Channel, command string) {
	ctx, l := newLogin(d.powered(), ctx)
	defer l.finished()
	c := d.call(ctx, who)
	c.in, c.out, c.err = channel, channel, channel.Stderr()
	var status int
	switch {
	case who.name == chassis:
		status = c.operate(command)
	case command == "":
		fmt.Fprintf(c.err, "%s is simulated by closup: no real machine, no real FRR.\r\n", d.name)
		status = c.script("sh", channel, nil)
	default:
		status = c.script("sh", strings.NewReader(command+"\n"), nil)
	}
	_ = channel.CloseWrite()
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
}

// streamChannel is a Unix socket of a daemon's: /run/frr/bgpd.vty and its like
// take commands that end in a zero byte, and answer text that ends in three and
// a status (lib/command.h: 0 is success).
func (d *device) streamChannel(who user, ch ssh.NewChannel) {
	var to struct {
		Path     string
		Reserved string
		Port     uint32
	}
	_ = ssh.Unmarshal(ch.ExtraData(), &to)
	name, ok := strings.CutSuffix(strings.TrimPrefix(to.Path, "/run/frr/"), ".vty")
	d.world.mu.Lock()
	ok = ok && d.router.runs(name) && d.router.home == nil && who.uid == 0
	d.world.mu.Unlock()
	if !ok {
		_ = ch.Reject(ssh.ConnectionFailed, "open failed")
		return
	}
	channel, requests, err := ch.Accept()
	if err != nil {
		return
	}
	defer channel.Close()
	go ssh.DiscardRequests(requests)
	var pending []byte
	buffer := make([]byte, 4096)
	v := newVty(d)
	for {
		n, err := channel.Read(buffer)
		pending = append(pending, buffer[:n]...)
		for {
			command, rest, whole := bytes.Cut(pending, []byte{0})
			if !whole {
				break
			}
			pending = rest
			d.world.mu.Lock()
			text, good := v.run(strings.Join(strings.Fields(string(command)), " "))
			v.apply()
			d.world.mu.Unlock()
			status := byte(0)
			if !good {
				status = 2
			}
			if _, err := channel.Write(append([]byte(text), 0, 0, 0, status)); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
