package sink

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// answeringAll answers every request of a connection with text.
func answeringAll(text string) func(net.Conn) {
	return func(conn net.Conn) {
		for readRequest(conn) == nil {
			if _, err := io.WriteString(conn, text); err != nil {
				return
			}
		}
	}
}

// A connection carries the next request where both sides allow it and nothing is left on it.
func TestConnectionReuse(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	fill := func(n int) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", n, strings.Repeat("x", n)) }
	plain := Payload{Data: []byte("{}")}
	type row struct {
		name    string
		answer  string
		payload Payload
		reused  bool
	}
	tests := []row{
		{"length", okAnswer, plain, true},
		{"no content", "HTTP/1.1 204 No Content\r\n\r\n", plain, true},
		{"not modified, with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", plain, true},
		{"chunks", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", plain, true},
		{"chunks and trailer", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-A: 1\r\n\r\n", plain, true},
		{"early hints", "HTTP/1.1 103 Early Hints\r\n\r\n" + okAnswer, plain, true},
		{"an error", "HTTP/1.1 500 Oh\r\n" + fill(10), plain, true},
		{"60 KiB", ok + fill(60<<10), plain, true},
		{"a head of 20 KiB", ok + "X-Fill: " + strings.Repeat("x", 20<<10) + "\r\nContent-Length: 0\r\n\r\n", plain, true},
		{"lines end in LF alone", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", plain, true},
		{"HTTP/1.0 that says so", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", plain, true},
		{"no body sent", okAnswer, Payload{}, true},
		{"a large body sent", okAnswer, Payload{Data: bytes.Repeat([]byte("x"), 2<<20)}, true},
		{"100 KiB, more than is read", ok + fill(100<<10), plain, false},
		{"Connection: close", ok + "Connection: close\r\nContent-Length: 0\r\n\r\n", plain, false},
		{"Connection: Close", ok + "Connection: Close\r\nContent-Length: 0\r\n\r\n", plain, false},
		{"Connection: x, close", ok + "Connection: x, close\r\nContent-Length: 0\r\n\r\n", plain, false},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", plain, false},
		{"switch of protocols", "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", plain, false},
	}
	overTransports(t, func(t *testing.T, o Options) {
		tests := tests
		if o.Transport == TransportAuto {
			// net/http notices these in the background, and so may be late.
			tests = append(slices.Clip(tests),
				row{"longer than its length", ok + "Content-Length: 1\r\n\r\nok", plain, false},
				row{"two answers at once", okAnswer + okAnswer, plain, false})
		}
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				c, p := newClient(t, o), test.payload
				p.URL = serveRaw(t, answeringAll(test.answer))
				r := single(t, p, nil)
				want := Stats{Requests: 3, Connections: 3}
				if test.reused {
					want.Connections = 1
				}
				for range want.Requests {
					if a := c.Send(t.Context(), r); a.Err != nil || a.Requests != 1 {
						t.Errorf("got %v after %d requests", a.Err, a.Requests)
					}
				}
				if got := c.Stats(); got != want {
					t.Errorf("got %+v, want %+v", got, want)
				}
			})
		}
	})
}

// What happens on an idle connection decides whether a request is repeated: only where no byte of
// an answer came.
func TestRepetition(t *testing.T) {
	tests := []struct {
		name     string
		again    func(net.Conn) // what the server does with the second request of a connection
		class    Class
		requests int
	}{
		{"hung up", hangUp, Delivered, 2},
		{"reset", reset, Delivered, 2},
		{"half a head", func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Le")
			hangUp(conn)
		}, Retry, 1},
		{"an informational answer", func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 102 Processing\r\n\r\n")
			hangUp(conn)
		}, Retry, 1},
		{"half an answer", func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 500 Oh\r\nContent-Length: 9\r\n\r\nhalf")
			hangUp(conn)
		}, Retry, 1},
		{"garbage", func(conn net.Conn) {
			_, _ = io.WriteString(conn, "garbage\r\n\r\n")
			hangUp(conn)
		}, Retry, 1},
		{"silence", hold, Retry, 1},
	}
	overTransports(t, func(t *testing.T, o Options) {
		o.Timeout = 3 * impatient
		for _, test := range tests {
			for size, data := range map[string][]byte{"small": []byte("{}"), "large": bytes.Repeat([]byte("x"), 100<<10)} {
				t.Run(test.name+", "+size, func(t *testing.T) {
					target := serveRaw(t, answering(okAnswer, func(conn net.Conn) {
						if readRequest(conn) == nil {
							test.again(conn)
						}
					}))
					c, r := newClient(t, o), single(t, Payload{URL: target, Data: data}, nil)
					if a := c.Send(t.Context(), r); a.Class != Delivered {
						t.Fatalf("first: got %v %v", a.Class, a.Err)
					}
					if a := c.Send(t.Context(), r); a.Class != test.class || a.Requests != test.requests {
						t.Errorf("second: got %v (%v) after %d requests, want %v after %d", a.Class, a.Err, a.Requests, test.class, test.requests)
					}
				})
			}
		}
	})
}

// A connection that its server has closed meanwhile is not tried at all.
func TestClosedIdleConnection(t *testing.T) {
	closed := make(chan struct{}, 2)
	target := serveRaw(t, answering(okAnswer, func(conn net.Conn) {
		conn.Close()
		closed <- struct{}{}
	}))
	c, r := newClient(t, Options{}), single(t, Payload{URL: target, Data: []byte("{}")}, nil)
	for range 2 {
		if a := c.Send(t.Context(), r); a.Class != Delivered || a.Requests != 1 {
			t.Errorf("got %v %v after %d requests, want 1", a.Class, a.Err, a.Requests)
		}
		<-closed
	}
	if got, want := c.Stats(), (Stats{Requests: 2, Connections: 2}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// joined is a connection whose writes leave together when it is flushed.
type joined struct {
	net.Conn
	pending bytes.Buffer
	join    bool
}

func (j *joined) Write(b []byte) (int, error) {
	if j.join {
		return j.pending.Write(b)
	}
	return j.Conn.Write(b)
}

func (j *joined) flush() { _, _ = j.pending.WriteTo(j.Conn) }

// What a server says out of turn is never taken for the next answer.
func TestOutOfTurn(t *testing.T) {
	const stray = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	const proper = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
	valid := certificate(t, time.Now().Add(time.Hour))
	config := &tls.Config{Certificates: []tls.Certificate{valid}, MinVersion: tls.VersionTLS12}
	var sent chan struct{} // the first answer has been read
	var said chan struct{} // the stray one has been written
	strayAfter := func(conn net.Conn) {
		answering(proper, func(conn net.Conn) {
			<-sent
			_, _ = io.WriteString(conn, stray)
			close(said)
			hold(conn)
		})(conn)
	}
	tests := []struct {
		name, scheme string
		first        func(net.Conn)
	}{
		{"later", "http://", strayAfter},
		{"later, over TLS", "https://", func(conn net.Conn) { strayAfter(tls.Server(conn, config)) }},
		{"a record behind the answer", "https://", func(conn net.Conn) {
			close(said)
			link := &joined{Conn: conn}
			secure := tls.Server(link, config)
			if readRequest(secure) == nil {
				link.join = true
				_, _ = io.WriteString(secure, proper)
				_, _ = io.WriteString(secure, stray)
				link.flush()
				hold(secure)
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sent, said = make(chan struct{}), make(chan struct{})
			var once sync.Once
			target := serveRaw(t, func(conn net.Conn) {
				first := false
				once.Do(func() { first = true })
				switch {
				case first:
					test.first(conn)
				case test.scheme == "https://":
					answeringAll(proper)(tls.Server(conn, config))
				default:
					answeringAll(proper)(conn)
				}
			})
			c := newClient(t, Options{RootCAs: certPool(valid)})
			r := single(t, Payload{URL: strings.Replace(target, "http://", test.scheme, 1), Data: []byte("{}")}, nil)
			for i := range 2 {
				if a := c.Send(t.Context(), r); a.Status != 404 || a.Requests != 1 {
					t.Errorf("request %d: got status %d (%v), want its own, 404", i, a.Status, a.Err)
				}
				if i == 0 {
					close(sent)
					<-said
				}
			}
		})
	}
}

// Connections are closed that nobody has needed for a while, and all of them with the client.
func TestIdleConnectionsAreClosed(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		synctest.Test(t, func(t *testing.T) {
			ended := make(chan time.Duration, 2)
			p := newPipes()
			go func() {
				for conn, err := p.Accept(); err == nil; conn, err = p.Accept() {
					go func() {
						var last time.Time
						for readRequest(conn) == nil {
							_, _ = io.WriteString(conn, okAnswer)
							last = time.Now()
						}
						ended <- time.Since(last)
					}()
				}
			}()
			o.Dial = p.Dial
			c, r := newClient(t, o), single(t, Payload{URL: "http://hooks.example.com/", Data: []byte("{}")}, nil)
			wait := func(d time.Duration) { <-time.After(d) }
			c.Send(t.Context(), r)
			wait(idleTime / 2)
			c.Send(t.Context(), r)
			if got := <-ended; got != idleTime {
				t.Errorf("closed after %v, want %v after the last request", got, idleTime)
			}
			c.Send(t.Context(), r)
			wait(time.Second)
			c.Close()
			if got := <-ended; got != time.Second {
				t.Errorf("closed after %v, want with the client", got)
			}
			if got, want := c.Stats(), (Stats{Requests: 3, Connections: 2}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			p.Close()
		})
	})
}

// Hosts that come from event data are many: nothing of them stays.
func TestPoolForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(2)
		far := []net.Conn{}
		connect := func(host int) *conn {
			near, other := net.Pipe()
			far = append(far, other)
			return newConn(target{host: fmt.Sprint(host)}, near)
		}
		isOpen := func(c *conn) bool { return c.SetDeadline(time.Time{}) == nil }
		wait := func(d time.Duration) {
			<-time.After(d)
			synctest.Wait()
		}
		var conns []*conn
		for i := range 10 { // one a second, to three targets in turn: the first two of each are kept
			conns = append(conns, connect(i%3))
			p.put(conns[i])
			wait(time.Second)
		}
		for i, c := range conns {
			if isOpen(c) != (i < 6) {
				t.Errorf("connection %d: got open %t, want 2 of each target", i, isOpen(c))
			}
		}
		for i := range 3 {
			c := p.take(t.Context(), target{host: fmt.Sprint(i)}, time.Now().Add(patient))
			if c != conns[i+3] {
				t.Errorf("target %d: got another than the latest that was kept", i)
			}
			p.discard(c)
		}
		wait(idleTime - 10*time.Second - time.Millisecond) // the first has been idle for nearly so long
		for i := range 3 {
			if !isOpen(conns[i]) {
				t.Errorf("connection %d was closed early", i)
			}
			wait(2 * time.Millisecond)
			if isOpen(conns[i]) {
				t.Errorf("connection %d is open after %v", i, idleTime)
			}
			wait(time.Second - 2*time.Millisecond)
		}
		if len(p.idle) != 0 {
			t.Errorf("%d targets are remembered, want none", len(p.idle))
		}
		again := connect(0)
		p.put(again)
		wait(idleTime)
		if isOpen(again) || len(p.idle) != 0 {
			t.Error("what became idle after all were closed stays open")
		}
		p.close()
		late := connect(0)
		p.put(late)
		if isOpen(late) || len(p.idle) != 0 {
			t.Error("a connection became idle after the end")
		}
		for _, c := range far {
			_ = c.Close()
		}
	})
}

// clinging is a connection that, once closed, takes another second to end a large write.
type clinging struct {
	net.Conn
	closed  chan struct{}
	once    sync.Once
	writing atomic.Bool
}

func (c *clinging) Write(b []byte) (int, error) {
	if len(b) <= bufferBytes {
		return c.Conn.Write(b)
	}
	c.writing.Store(true)
	defer c.writing.Store(false)
	<-c.closed
	<-time.After(time.Second)
	return 0, net.ErrClosed
}

func (c *clinging) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// A server that answers before it has read everything does not leave the request in use.
func TestRequestIsFreeAfterSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		link := &clinging{Conn: near, closed: make(chan struct{})}
		go func() {
			_, _ = io.ReadFull(far, make([]byte, bufferBytes))
			_, _ = io.WriteString(far, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n") // and reads no more
		}()
		c := newClient(t, Options{Dial: func(context.Context, string, string) (net.Conn, error) { return link, nil }})
		a := c.Send(t.Context(), single(t, Payload{URL: "http://hooks.example.com/", Data: bytes.Repeat([]byte("x"), 1<<20)}, nil))
		if a.Status != http.StatusRequestEntityTooLarge || a.Class != Rejected {
			t.Errorf("got %v %d %v", a.Class, a.Status, a.Err)
		}
		if link.writing.Load() {
			t.Error("the request is still being written")
		}
		c.Close()
		far.Close()
	})
}
