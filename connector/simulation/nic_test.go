//go:build simulation && synctests

package simulation

import (
	"context"
	"net"
	"os"
	"sync"
	"syscall"
)

// nic is one process's way into the network. It can be cut, which is what the others see of a crash, or frozen: then nothing gets in or out
// until it thaws, and what was sent meanwhile arrives late, even if the process has given up on it.
type nic struct {
	net  *network
	name string
	tap  func(remote string) tap // watches new connections

	mu    sync.Mutex
	cut   bool
	thaw  chan struct{} // not nil while frozen
	conns map[*conn]struct{}
}

// tap watches what a process sends and receives on a connection. request returns what becomes of the bytes.
type tap interface {
	request(b []byte) verdict
	response(b []byte)
	closed()
}

// verdict is what a tap wants to happen to the bytes it was shown.
type verdict int

const (
	pass      verdict = iota
	cutBefore         // the process dies before they leave
	cutAfter          // right after they have left
)

var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}

func (k *nic) DialContext(ctx context.Context, _, a string) (net.Conn, error) {
	l := k.net.listener(a)
	if l == nil {
		return nil, errRefused
	}
	k.mu.Lock()
	cut, thaw := k.cut, k.thaw
	k.mu.Unlock()
	l.mu.Lock()
	reach := l.reach
	l.mu.Unlock()
	switch {
	case cut, reach == refusing:
		return nil, errRefused
	case reach == silent:
		<-ctx.Done()
		return nil, ctx.Err()
	case thaw != nil:
		select {
		case <-thaw:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	out, in := newPipe(k.net.latency), newPipe(k.net.latency)
	client := &conn{in: in, out: out, local: address(k.name), remote: address(a), nic: k}
	server := &conn{in: out, out: in, local: address(a), remote: address(k.name), listener: l}
	client.peer, server.peer = server, client
	if k.tap != nil {
		client.tap = k.tap(a)
	}
	select {
	case l.backlog <- server:
	case <-l.done:
		return nil, errRefused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	l.mu.Lock()
	l.conns[server] = struct{}{}
	l.mu.Unlock()
	if !k.attach(client) {
		client.reset()
		return nil, errRefused
	}
	return client, nil
}

// attach makes a connection share the fate of the process, unless that has died meanwhile.
func (k *nic) attach(c *conn) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cut {
		return false
	}
	if k.conns == nil {
		k.conns = map[*conn]struct{}{}
	}
	k.conns[c] = struct{}{}
	if k.thaw != nil {
		c.in.freeze(true)
		c.out.freeze(true)
	}
	return true
}

// crash cuts the process off for good. With deliver, what it had sent still arrives.
func (k *nic) crash(deliver bool) {
	k.mu.Lock()
	k.cut = true
	conns := k.conns
	k.conns = nil
	if k.thaw != nil {
		close(k.thaw)
		k.thaw = nil
	}
	k.mu.Unlock()
	for c := range conns {
		c.in.fail()
		if deliver {
			c.out.freeze(false)
			c.out.end()
		} else {
			c.out.fail()
		}
		if c.tap != nil {
			c.tap.closed()
		}
	}
}

func (k *nic) freeze() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cut || k.thaw != nil {
		return
	}
	k.thaw = make(chan struct{})
	for c := range k.conns {
		c.in.freeze(true)
		c.out.freeze(true)
	}
}

func (k *nic) unfreeze() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.thaw == nil {
		return
	}
	close(k.thaw)
	k.thaw = nil
	for c := range k.conns {
		c.in.freeze(false)
		c.out.freeze(false)
		if c.gone() {
			delete(k.conns, c)
		}
	}
}

func (k *nic) forget(c *conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.thaw == nil { // a frozen one is needed for its thaw
		delete(k.conns, c)
	}
}
