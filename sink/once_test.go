package sink

import (
	"context"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
)

// A request that is to be tried once is, although a second try might find the server back.
func TestOnce(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		var tries atomic.Int32
		c := newClient(t, Options{Transport: o.Transport, Burst: 2, Dial: func(context.Context, string, string) (net.Conn, error) {
			tries.Add(1)
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}})
		r, err := Single(&Payload{URL: "http://restarting.example/", Method: "POST", Data: []byte("{}")}, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Once = true
		a := c.Send(t.Context(), r)
		if a.Class != Retry || KindOf(a.Err) != KindRefused || a.Requests != 1 || tries.Load() != 1 {
			t.Errorf("got %v (%v) after %d requests and %d dials, want a refused connection after one", a.Class, a.Err, a.Requests, tries.Load())
		}
	})
}
