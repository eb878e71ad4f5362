package sink

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A context that ends while a try is under way ends it at once, whatever it waits for.
func TestCanceledAnywhere(t *testing.T) {
	silent := func(conn net.Conn) { hold(conn) }
	tests := []struct {
		name, scheme string
		size         int
		talk         func(net.Conn) // nil for a connection that does not come about
		class        Class
		kind         Kind
	}{
		{"dialling", "http", 1, nil, Retry, KindCanceled},
		{"in the handshake", "https", 1, silent, Retry, KindCanceled},
		{"writing a small request", "http", 1, func(net.Conn) {}, Retry, KindCanceled},
		{"writing a large request", "http", 1 << 20, func(net.Conn) {}, Retry, KindCanceled},
		{"waiting for the answer", "http", 1, silent, Retry, KindCanceled},
		{"waiting for the answer to a large request", "http", 1 << 20, silent, Retry, KindCanceled},
		{"amid the head", "http", 1, answering("HTTP/1.1 200 OK\r\nContent-Le", hold), Retry, KindCanceled},
		{"amid the body", "http", 1, answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nha", hold), Delivered, ""},
	}
	overTransports(t, func(t *testing.T, o Options) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := newPipes()
					o := o
					o.Dial = p.Dial
					if test.talk != nil {
						go func() {
							if conn, err := p.Accept(); err == nil {
								test.talk(conn)
							}
						}()
					}
					c := newClient(t, o)
					ctx, cancel := context.WithCancelCause(t.Context())
					defer time.AfterFunc(time.Second, func() { cancel(io.ErrNoProgress) }).Stop()
					r := single(t, Payload{URL: test.scheme + "://hooks.example.com/", Data: bytes.Repeat([]byte("x"), test.size)}, nil)
					a := c.Send(ctx, r)
					if a.Class != test.class || KindOf(a.Err) != test.kind || a.End.Sub(a.Start) != time.Second {
						t.Errorf("got %v %q (%v) after %v, want %v %q after 1s", a.Class, KindOf(a.Err), a.Err, a.End.Sub(a.Start), test.class, test.kind)
					}
					if a.Err != nil && (!errors.Is(a.Err, io.ErrNoProgress) || !strings.Contains(a.Err.Error(), io.ErrNoProgress.Error())) {
						t.Errorf("error %q does not say why", a.Err)
					}
					c.Close()
					p.Close()
				})
			})
		}
	})
}
