//go:build unix

package sink

import (
	"net"
	"syscall"
)

// socket is what is below a connection.
type socket struct {
	raw   syscall.RawConn
	look  func(fd uintptr) bool // sets empty
	empty bool
	b     [1]byte
}

// socketOf is nil for a connection without a socket, such as those in memory.
func socketOf(link net.Conn) *socket {
	above, ok := link.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := above.SyscallConn()
	if err != nil {
		return nil
	}
	s := &socket{raw: raw}
	s.look = func(fd uintptr) bool {
		_, err := syscall.Read(int(fd), s.b[:])
		s.empty = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
		return true
	}
	return s
}

// quiet reports whether the socket is open and has nothing to be read. It does not wait, and eats
// a byte where there is one.
func (s *socket) quiet() bool {
	return s == nil || s.raw.Read(s.look) == nil && s.empty
}
