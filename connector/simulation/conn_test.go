//go:build simulation && synctests

package simulation

import (
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

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
