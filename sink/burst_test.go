package sink

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// step is what the endpoint does with one try: refuse the connection, stay silent, or answer.
type step struct {
	refuse, silent bool
	status         int
	after          string // Retry-After
}

// burstServer plays steps one after the other over a network in memory.
type burstServer struct {
	pipes *pipes

	lock  sync.Mutex // covers what follows
	steps []step
	tries []time.Time
	seen  []string // method, signature and body of each request
}

func (s *burstServer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	s.lock.Lock()
	refuse := len(s.steps) > 0 && s.steps[0].refuse
	if refuse {
		s.steps, s.tries = s.steps[1:], append(s.tries, time.Now())
	}
	s.lock.Unlock()
	if refuse {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	return s.pipes.Dial(ctx, network, address)
}

func (s *burstServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.lock.Lock()
	s.seen = append(s.seen, r.Method+r.Header.Get("X-Signature")+string(body))
	now := s.steps[0]
	s.steps, s.tries = s.steps[1:], append(s.tries, time.Now())
	s.lock.Unlock()
	if now.silent {
		<-r.Context().Done()
		return
	}
	w.Header().Set("Connection", "close") // so that each try dials, and can be refused
	w.Header().Set("Location", "/elsewhere")
	if now.after != "" {
		w.Header().Set("Retry-After", now.after)
	}
	w.WriteHeader(now.status)
}

func TestBurst(t *testing.T) {
	refuse, silent := step{refuse: true}, step{silent: true}
	status := func(status int) step { return step{status: status} }
	tests := []struct {
		name   string
		burst  int
		steps  []step
		class  Class
		status int
		kind   Kind
		tries  int
	}{
		{"success at once", 2, []step{status(200)}, Delivered, 200, "", 1},
		{"503, then success", 2, []step{status(503), status(200)}, Delivered, 200, "", 2},
		{"502, 504, then success", 2, []step{status(502), status(504), status(202)}, Delivered, 202, "", 3},
		{"refused, then success", 2, []step{refuse, status(200)}, Delivered, 200, "", 2},
		{"refused throughout", 2, []step{refuse, refuse, refuse}, Retry, 0, KindRefused, 3},
		{"503 throughout", 2, []step{status(503), status(503), status(503)}, Retry, 503, "", 3},
		{"the last answer counts", 2, []step{status(503), refuse, status(400)}, Rejected, 400, "", 3},
		{"ends on what is not passing", 2, []step{status(503), status(500)}, Retry, 500, "", 2},
		{"ends on a timeout", 2, []step{status(503), silent}, Retry, 0, KindTimeout, 2},
		{"ends on a redirect, not followed", 2, []step{status(503), status(302)}, Rejected, 302, "", 2},
		{"ends on patience asked for", 2, []step{status(503), {status: 503, after: "1"}}, Retry, 503, "", 2},
		{"no burst after a timeout", 2, []step{silent}, Retry, 0, KindTimeout, 1},
		{"no burst after 429", 2, []step{status(429)}, Retry, 429, "", 1},
		{"no burst after 500", 2, []step{status(500)}, Retry, 500, "", 1},
		{"no burst after 408", 2, []step{status(408)}, Retry, 408, "", 1},
		{"no burst after 501", 2, []step{status(501)}, Retry, 501, "", 1},
		{"no burst after a rejection", 2, []step{status(404)}, Rejected, 404, "", 1},
		{"no burst after Retry-After", 2, []step{{status: 503, after: "120"}}, Retry, 503, "", 1},
		{"no burst after an unreadable Retry-After", 2, []step{{status: 503, after: "soon"}}, Retry, 503, "", 1},
		{"default of two", 0, []step{status(503), status(503), status(503)}, Retry, 503, "", 3},
		{"switched off", -1, []step{status(503)}, Retry, 503, "", 1},
		{"longer", 4, []step{refuse, status(502), status(503), status(504), status(200)}, Delivered, 200, "", 5},
	}
	overTransports(t, func(t *testing.T, o Options) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &burstServer{pipes: newPipes(), steps: slices.Clone(test.steps)}
					stop := servePipes(s.pipes, s)
					c, err := NewClient(Options{Transport: o.Transport, Dial: s.dial, Burst: test.burst, Proxy: noProxy})
					if err != nil {
						t.Fatal(err)
					}
					r := single(t, Payload{URL: "http://hooks.example.com/in", Data: []byte(`{"a":1}`)}, NewSigner([]byte("s")))
					a := c.Send(t.Context(), r)
					if a.Class != test.class || a.Status != test.status || KindOf(a.Err) != test.kind || a.Requests != test.tries {
						t.Errorf("got %v, status %d, kind %q after %d tries, want %v, %d, %q after %d (%v)",
							a.Class, a.Status, KindOf(a.Err), a.Requests, test.class, test.status, test.kind, test.tries, a.Err)
					}
					s.lock.Lock()
					defer s.lock.Unlock()
					if len(s.tries) != test.tries {
						t.Errorf("the endpoint saw %d tries, want %d", len(s.tries), test.tries)
					}
					for i := 1; i < len(s.tries); i++ {
						if wait := s.tries[i].Sub(s.tries[i-1]); wait < burstWaitMin || wait > burstWaitMax {
							t.Errorf("wait before try %d: got %v, want %v to %v", i+1, wait, burstWaitMin, burstWaitMax)
						}
					}
					for _, seen := range s.seen {
						if want := "POST" + signA + `{"a":1}`; seen != want {
							t.Errorf("request: got %q, want %q", seen, want)
						}
					}
					if test.kind == KindTimeout && a.End.Sub(s.tries[len(s.tries)-1]) != defaultTimeout {
						t.Errorf("timed out after %v, want %v", a.End.Sub(s.tries[len(s.tries)-1]), defaultTimeout)
					}
					c.Close()
					stop()
				})
			})
		}
	})
}

// A context that ends during a wait ends the burst at once, and what is known is told.
func TestBurstEndsWithItsContext(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		synctest.Test(t, func(t *testing.T) {
			s := &burstServer{pipes: newPipes(), steps: []step{{status: 503}}}
			stop := servePipes(s.pipes, s)
			c, err := NewClient(Options{Transport: o.Transport, Dial: s.dial, Proxy: noProxy})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), burstWaitMin/2)
			defer cancel()
			a := c.Send(ctx, single(t, Payload{URL: "http://hooks.example.com/in"}, nil))
			if a.Class != Retry || a.Status != 503 || a.Requests != 1 || a.End.Sub(a.Start) != burstWaitMin/2 {
				t.Errorf("got %v %d after %d tries and %v (%v)", a.Class, a.Status, a.Requests, a.End.Sub(a.Start), a.Err)
			}
			c.Close()
			stop()
		})
	})
}

// A burst that fails leaves the idle connections of other endpoints alone.
func TestBurstKeepsOtherConnections(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		synctest.Test(t, func(t *testing.T) {
			p, dials := newPipes(), 0
			stop := servePipes(p, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Host == "down.example.com" {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
			}))
			c, err := NewClient(Options{Transport: o.Transport, Proxy: noProxy, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				if address == "up.example.com:80" {
					dials++
				}
				return p.Dial(ctx, network, address)
			}})
			if err != nil {
				t.Fatal(err)
			}
			up, down := single(t, Payload{URL: "http://up.example.com/"}, nil), single(t, Payload{URL: "http://down.example.com/"}, nil)
			for _, r := range []*Request{up, down, up, down, up} {
				c.Send(t.Context(), r)
			}
			if dials != 1 {
				t.Errorf("the healthy endpoint was dialled %d times, want once", dials)
			}
			c.Close()
			stop()
		})
	})
}

// answerAfter answers late, or not at all where the client has gone by then.
func answerAfter(wait time.Duration) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		late := time.NewTimer(wait)
		defer late.Stop()
		select {
		case <-late.C:
		case <-r.Context().Done():
		}
	}
}

// The time bounds, exactly.
func TestTimeouts(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		class   Class
		took    time.Duration
	}{
		{"headers just in time", answerAfter(defaultTimeout - time.Millisecond), Delivered, defaultTimeout - time.Millisecond},
		{"headers too late", answerAfter(defaultTimeout + time.Millisecond), Retry, defaultTimeout},
		{"body too late", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "begins")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, Delivered, defaultTimeout},
		{"body drips", func(w http.ResponseWriter, r *http.Request) {
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			for {
				if _, err := io.WriteString(w, "."); err != nil || http.NewResponseController(w).Flush() != nil {
					return
				}
				select {
				case <-tick.C:
				case <-r.Context().Done():
					return
				}
			}
		}, Delivered, defaultTimeout},
	}
	overTransports(t, func(t *testing.T, o Options) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := newPipes()
					stop := servePipes(p, test.handler)
					c, err := NewClient(Options{Transport: o.Transport, Dial: p.Dial, Proxy: noProxy})
					if err != nil {
						t.Fatal(err)
					}
					a := c.Send(t.Context(), single(t, Payload{URL: "http://hooks.example.com/"}, nil))
					if a.Class != test.class || a.End.Sub(a.Start) != test.took {
						t.Errorf("got %v (%v) after %v, want %v after %v", a.Class, a.Err, a.End.Sub(a.Start), test.class, test.took)
					}
					c.Close()
					stop()
				})
			})
		}
	})
}
