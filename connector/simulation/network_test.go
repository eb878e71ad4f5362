//go:build simulation && synctests

package simulation

import (
	"net"
	"sync"
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
