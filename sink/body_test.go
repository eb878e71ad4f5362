package sink

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// A body's memory is used again by other requests, and every request arrives with its own bytes all the same: over both wires, and when the
// endpoint answers before it has read the body, some of it or nothing.
func TestRecycledBodiesAreTheirOwn(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := r.Header.Get("X-Number")
		if strings.HasSuffix(n, "7") {
			w.WriteHeader(http.StatusNoContent) // and reads no more
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || bytes.Count(body, []byte(`"`+n+`"`)) != events || bytes.Count(body, []byte(`"`)) != 2*events {
			http.Error(w, "not the bytes of "+n, http.StatusTeapot)
		}
	})
	for _, transport := range []Transport{TransportAuto, TransportNetHTTP} {
		t.Run(string(transport), func(t *testing.T) {
			t.Parallel()
			c := newClient(t, Options{Transport: transport})
			var senders sync.WaitGroup
			for sender := range 8 {
				senders.Go(func() {
					for i := range 40 {
						n := fmt.Sprint(1000*sender + i)
						r := batchOf(t, url, n)
						for range 1 + i%2 { // may be sent again before it is recycled
							if a := c.Send(t.Context(), r); a.Class != Delivered && a.Err == nil {
								t.Errorf("request %s: %d %s", n, a.Status, a.Body)
							}
						}
						r.Recycle()
						if transport == TransportAuto && r.Body() != nil {
							t.Errorf("request %s has its body still", n)
						}
					}
				})
			}
			senders.Wait()
		})
	}
}

const events = 400

// batchOf is a batch that says all over which one it is.
func batchOf(t *testing.T, url, n string) *Request {
	t.Helper()
	payloads := make([]Payload, events)
	for i := range payloads {
		payloads[i] = Payload{URL: url, Method: "POST", Headers: []Header{{"X-Number", n}}, Data: []byte(`["` + n + `",` + strings.Repeat(" ", 200) + `1]`)}
	}
	r, err := Batch(payloads, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Reach = ReachPrivate
	return r
}

// net/http may still be reading a body when its answer is there: that memory is nobody else's. The race detector sees it if it is.
func TestABodyInUseIsNotRecycled(t *testing.T) {
	t.Parallel()
	url := serveRaw(t, func(conn net.Conn) {
		for { // the answer comes before the request has been read, and the rest of it is read then
			head, err := http.ReadRequest(bufio.NewReader(conn))
			if err != nil {
				return
			}
			if _, err := io.WriteString(conn, okAnswer); err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, head.Body); err != nil {
				return
			}
		}
	})
	c := newClient(t, Options{Transport: TransportNetHTTP})
	large := make([]byte, 16<<20) // more than sockets hold
	for range 10 {
		r, err := Batch([]Payload{{URL: url, Method: "POST", Data: large}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Reach = ReachPrivate
		c.Send(t.Context(), r)
		r.Recycle()
	}
}

// Nothing happens to what has no memory of its own to give.
func TestRecycleOfASingle(t *testing.T) {
	t.Parallel()
	r := single(t, Payload{URL: "http://example.com/", Data: []byte("{}")}, nil)
	r.Recycle()
	if string(r.Body()) != "{}" {
		t.Errorf("the body is %q, want what it was", r.Body())
	}
}
