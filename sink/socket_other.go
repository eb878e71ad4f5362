//go:build !unix

package sink

import "net"

// socket is what is below a connection. Here it cannot be looked at without waiting, so that an
// idle connection which its server has closed costs a try.
type socket struct{}

func socketOf(net.Conn) *socket { return nil }

func (*socket) quiet() bool { return true }
