//go:build simulation && synctests

package simulation

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

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
