//go:build simulation && synctests

package simulation

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// network connects processes to brokers and endpoints. It behaves like TCP where that matters: bytes that were written arrive even when
// the writer has gone, later than they were written, and a machine that is cut off learns nothing.
type network struct {
	latency time.Duration // one way

	mu        sync.Mutex
	listeners map[string]*listener
}

// reachability is how a listener treats those who dial it.
type reachability int

const (
	reachable reachability = iota
	refusing               // nobody listens
	silent                 // the packets vanish
)

type listener struct {
	address address
	backlog chan net.Conn
	done    chan struct{}
	once    sync.Once

	mu    sync.Mutex
	reach reachability
	conns map[*conn]struct{} // the servers' ends
}

func (n *network) Listen(_, a string) (net.Listener, error) {
	l := &listener{address: address(a), backlog: make(chan net.Conn), done: make(chan struct{}), conns: map[*conn]struct{}{}}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners == nil {
		n.listeners = map[string]*listener{}
	}
	n.listeners[a] = l
	return l, nil
}

func (n *network) listener(a string) *listener {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.listeners[a]
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.backlog:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *listener) Addr() net.Addr { return l.address }

func (l *listener) set(r reachability) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reach = r
}

// sever breaks every connection to the listener, as a restart of the server does.
func (l *listener) sever() {
	l.mu.Lock()
	conns := l.conns
	l.conns = map[*conn]struct{}{}
	l.mu.Unlock()
	for c := range conns {
		c.reset()
	}
}

type address string

func (address) Network() string  { return "memory" }
func (a address) String() string { return string(a) }

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

// conn is one end of a connection.
type conn struct {
	in, out       *pipe
	local, remote address
	peer          *conn
	nic           *nic      // of a client's end
	listener      *listener // of a server's end
	tap           tap       // of a client's end

	mu      sync.Mutex
	isGone  bool
	written int64
}

var _ net.Conn = (*conn)(nil)

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.in.read(b)
	if n > 0 && c.tap != nil {
		c.tap.response(b[:n])
	}
	return n, err
}

func (c *conn) Write(b []byte) (int, error) {
	if c.gone() {
		return 0, net.ErrClosed
	}
	after := pass
	if c.tap != nil {
		if after = c.tap.request(b); after == cutBefore {
			c.nic.crash(true)
		}
	}
	if !c.out.write(b) {
		return 0, &net.OpError{Op: "write", Net: "tcp", Err: os.NewSyscallError("write", syscall.ECONNRESET)}
	}
	if after == cutAfter {
		c.nic.crash(true)
	}
	c.mu.Lock()
	c.written += int64(len(b))
	c.mu.Unlock()
	return len(b), nil
}

// sent returns how many bytes were written on this end.
func (c *conn) sent() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.written
}

func (c *conn) gone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isGone
}

func (c *conn) leave() (first bool) {
	c.mu.Lock()
	first = !c.isGone
	c.isGone = true
	c.mu.Unlock()
	if !first {
		return false
	}
	if c.nic != nil {
		c.nic.forget(c)
	}
	if c.listener != nil {
		c.listener.mu.Lock()
		delete(c.listener.conns, c)
		c.listener.mu.Unlock()
	}
	if c.tap != nil {
		c.tap.closed()
	}
	return true
}

// Close ends the connection in good order: the other end still reads what was written.
func (c *conn) Close() error {
	if c.leave() {
		c.out.end()
		c.in.close()
	}
	return nil
}

// reset ends it at once, on both ends.
func (c *conn) reset() {
	c.leave()
	c.out.fail()
	c.in.fail()
}

func (c *conn) LocalAddr() net.Addr               { return c.local }
func (c *conn) RemoteAddr() net.Addr              { return c.remote }
func (c *conn) SetWriteDeadline(time.Time) error  { return nil } // writing never blocks
func (c *conn) SetReadDeadline(t time.Time) error { c.in.setDeadline(t); return nil }
func (c *conn) SetDeadline(t time.Time) error     { return c.SetReadDeadline(t) }

// pipe carries bytes one way.
type pipe struct {
	latency time.Duration

	mu       sync.Mutex
	queue    []segment
	ended    bool // nothing more comes
	broken   bool // and what has come cannot be read any more
	closed   bool // by its reader
	frozen   bool
	deadline time.Time
	changed  chan struct{}
}

type segment struct {
	at time.Time // of arrival
	b  []byte
}

func newPipe(latency time.Duration) *pipe {
	return &pipe{latency: latency, changed: make(chan struct{})}
}

// change makes the reader look again. The lock is held.
func (p *pipe) change() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *pipe) write(b []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken || p.ended || p.closed {
		return false
	}
	p.queue = append(p.queue, segment{time.Now().Add(p.latency), append([]byte(nil), b...)})
	p.change()
	return true
}

func (p *pipe) read(b []byte) (int, error) {
	for {
		p.mu.Lock()
		now := time.Now()
		var next time.Time
		switch {
		case p.closed:
			p.mu.Unlock()
			return 0, net.ErrClosed
		case !p.deadline.IsZero() && !now.Before(p.deadline):
			p.mu.Unlock()
			return 0, os.ErrDeadlineExceeded
		case p.broken:
			p.mu.Unlock()
			return 0, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
		case len(b) == 0:
			p.mu.Unlock()
			return 0, nil
		case p.frozen:
		case len(p.queue) > 0 && !now.Before(p.queue[0].at):
			n := copy(b, p.queue[0].b)
			if p.queue[0].b = p.queue[0].b[n:]; len(p.queue[0].b) == 0 {
				p.queue = p.queue[1:]
			}
			p.mu.Unlock()
			return n, nil
		case len(p.queue) > 0:
			next = p.queue[0].at
		case p.ended:
			p.mu.Unlock()
			return 0, io.EOF
		}
		if !p.deadline.IsZero() && (next.IsZero() || p.deadline.Before(next)) {
			next = p.deadline
		}
		changed := p.changed
		p.mu.Unlock()
		if next.IsZero() {
			<-changed
			continue
		}
		timer := time.NewTimer(next.Sub(now))
		select {
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (p *pipe) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	p.change()
}

func (p *pipe) end()                    { p.set(func() { p.ended = true }) }
func (p *pipe) fail()                   { p.set(func() { p.broken, p.queue = true, nil }) }
func (p *pipe) close()                  { p.set(func() { p.closed = true }) }
func (p *pipe) freeze(yes bool)         { p.set(func() { p.frozen = yes }) }
func (p *pipe) setDeadline(t time.Time) { p.set(func() { p.deadline = t }) }
