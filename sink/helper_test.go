package sink

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// patient is the timeout of tests that expect an answer, impatient of those that expect none.
const (
	patient   = 10 * time.Second
	impatient = 150 * time.Millisecond
)

// discardLog silences a server about the clients that give it up.
func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

// newClient makes a client without proxy and without quick retries, unless o says otherwise.
func newClient(t testing.TB, o Options) *Client {
	t.Helper()
	if o.Proxy == nil {
		o.Proxy = noProxy
	}
	if o.Burst == 0 {
		o.Burst = -1
	}
	if o.Timeout == 0 {
		o.Timeout = patient
	}
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// single makes a request to an address of this machine.
func single(t testing.TB, p Payload, signer *Signer, extra ...Header) *Request {
	t.Helper()
	if p.Method == "" {
		p.Method = "POST"
	}
	r, err := Single(&p, signer, extra...)
	if err != nil {
		t.Fatalf("Single: %v", err)
	}
	r.Reach = ReachPrivate
	return r
}

// pair makes a batch of two events to an address of this machine.
func pair(t testing.TB, url string) *Request {
	t.Helper()
	r, err := Batch([]Payload{{URL: url, Method: "POST", Data: []byte(`{"n":1}`)}, {URL: url, Method: "POST", Data: []byte(`{"n":2}`)}}, nil)
	if err != nil {
		t.Fatalf("Batch: %v", err)
	}
	r.Reach = ReachPrivate
	return r
}

func serve(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

// serveRaw listens and hands each connection to talk, whose connections end with the test.
func serveRaw(t testing.TB, talk func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var talks sync.WaitGroup
	var lock sync.Mutex
	var conns []net.Conn
	talks.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			lock.Lock()
			conns = append(conns, conn)
			lock.Unlock()
			talks.Go(func() { talk(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		lock.Lock()
		for _, conn := range conns {
			conn.Close()
		}
		lock.Unlock()
		talks.Wait()
	})
	return "http://" + l.Addr().String()
}

// readRequest reads one request to its end.
func readRequest(conn net.Conn) error {
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err
}

// answering reads one request, writes text and goes on to then.
func answering(text string, then func(net.Conn)) func(net.Conn) {
	return func(conn net.Conn) {
		if readRequest(conn) != nil {
			return
		}
		if _, err := io.WriteString(conn, text); err == nil {
			then(conn)
		}
	}
}

func hangUp(conn net.Conn) { conn.Close() }

// reset makes the close a TCP reset.
func reset(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0) //nolint:forcetypeassert // serveRaw listens on TCP
	conn.Close()
}

// hold keeps the connection open and silent until the client closes it or the test ends.
func hold(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// pipes is a network in memory: whatever address is dialled leads to one listener. It works in a
// synctest bubble.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "pipe"} }

// servePipes serves handler over p; stop ends it.
func servePipes(p *pipes, handler http.Handler) (stop func()) {
	s := &http.Server{Handler: handler}
	var done sync.WaitGroup
	done.Go(func() { _ = s.Serve(p) })
	return func() {
		s.Close()
		done.Wait()
	}
}

// texts are all texts in an error's chain.
func texts(err error) []string {
	var all []string
	for ; err != nil; err = errors.Unwrap(err) {
		all = append(all, err.Error())
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range joined.Unwrap() {
				all = append(all, texts(e)...)
			}
		}
	}
	return all
}

// transports are what every test that sends runs over.
var transports = []Transport{TransportAuto, TransportNetHTTP}

// overTransports runs test over each transport, o's choice.
func overTransports(t *testing.T, test func(t *testing.T, o Options)) {
	t.Helper()
	for _, transport := range transports {
		t.Run(string(transport), func(t *testing.T) { test(t, Options{Transport: transport}) })
	}
}
