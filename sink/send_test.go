package sink

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// onWire sends r and returns the bytes that a server received.
func onWire(t *testing.T, o Options, mapped []Header, data string, extra ...Header) (head, body string) {
	t.Helper()
	received := make(chan string, 1)
	target := serveRaw(t, func(conn net.Conn) {
		var all bytes.Buffer
		buffer := make([]byte, 4096)
		for !bytes.Contains(all.Bytes(), []byte("\r\n\r\n")) || !strings.HasSuffix(all.String(), data) {
			n, err := conn.Read(buffer)
			if all.Write(buffer[:n]); err != nil {
				break
			}
		}
		received <- all.String()
		_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
		hold(conn)
	})
	r := single(t, Payload{URL: target + "/in?x=1#frag", Data: []byte(data), Headers: mapped}, NewSigner([]byte("s")), extra...)
	if a := newClient(t, o).Send(t.Context(), r); a.Class != Delivered {
		t.Fatalf("got %v %d %v", a.Class, a.Status, a.Err)
	}
	head, body, _ = strings.Cut(<-received, "\r\n\r\n")
	return strings.ReplaceAll(head, strings.TrimPrefix(target, "http://"), "HOST"), body
}

func TestOnTheWire(t *testing.T) {
	const common = "Accept: */*\nContent-Type: application/json\n"
	tests := []struct {
		name   string
		o      Options
		mapped []Header
		extra  []Header
		data   string
		want   string // the head behind the request line, in net/http's order
	}{
		{
			"plain",
			Options{UserAgent: "Segment.io/1.0"},
			nil, nil, `{"a":1}`,
			"Host: HOST\nUser-Agent: Segment.io/1.0\nContent-Length: 7\n" + common + "X-Signature: " + signA,
		},
		{
			"no user agent",
			Options{},
			nil, nil, `{"a":1}`,
			"Host: HOST\nContent-Length: 7\n" + common + "X-Signature: " + signA,
		},
		{
			"no data",
			Options{UserAgent: "ua"},
			nil, nil, "",
			"Host: HOST\nUser-Agent: ua\nContent-Length: 0\nAccept: */*",
		},
		{
			"idempotency key",
			Options{},
			nil,
			[]Header{{"Idempotency-Key", "orders/0/7"}},
			`{"a":1}`,
			"Host: HOST\nContent-Length: 7\n" + common + "Idempotency-Key: orders/0/7\nX-Signature: " + signA,
		},
		{"mapped ones win", Options{UserAgent: "ua"}, []Header{
			{"User-Agent", "mine"},
			{"Content-Type", "text/plain"},
			{"X-Signature", "mine"},
			{"Host", "evil"},
			{"Content-Length", "3"},
			{"accept", "x/y"},
			{"Authorization", "Bearer z"},
			{"Connection", "keep-alive"},
			{"Transfer-Encoding", "chunked"},
		}, nil, `{"a":1}`, "Host: evil\nUser-Agent: mine\nContent-Length: 7\nAccept: x/y\nAuthorization: Bearer z\nConnection: keep-alive\n" +
			"Content-Type: application/json\nX-Signature: mine"},
		{
			"one Latin-1 byte a character",
			Options{},
			[]Header{{"X-A", "é\u0080ÿ"}},
			nil, `{"a":1}`,
			"Host: HOST\nContent-Length: 7\n" + common + "X-A: \xe9\x80\xff\nX-Signature: " + signA,
		},
		{
			"user agent in Latin-1",
			Options{UserAgent: "é"},
			nil, nil, `{"a":1}`,
			"Host: HOST\nUser-Agent: \xe9\nContent-Length: 7\n" + common + "X-Signature: " + signA,
		},
		{
			"joined and empty",
			Options{},
			[]Header{{"X-A", "1"}, {"x-a", "2"}, {"X-E", ""}},
			nil, `{"a":1}`,
			"Host: HOST\nContent-Length: 7\n" + common + "X-A: 1, 2\nX-E: \nX-Signature: " + signA,
		},
		{
			"deleted user agent",
			Options{UserAgent: "ua"},
			[]Header{{"User-Agent", "undefined"}},
			nil, `{"a":1}`,
			"Host: HOST\nUser-Agent: ua\nContent-Length: 7\n" + common + "X-Signature: " + signA,
		},
	}
	overTransports(t, func(t *testing.T, o Options) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				options := test.o
				options.Transport = o.Transport
				head, body := onWire(t, options, test.mapped, test.data, test.extra...)
				want := "POST /in?x=1 HTTP/1.1\n" + test.want
				if got := strings.ReplaceAll(head, "\r\n", "\n"); got != want {
					t.Errorf("head:\ngot  %q\nwant %q", got, want)
				}
				if body != test.data {
					t.Errorf("body: got %q, want %q", body, test.data)
				}
			})
		}
	})
}

// An empty User-Agent is sent where it is mapped. The transports spell and place it differently.
func TestEmptyUserAgent(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		o.UserAgent = "ua"
		head, _ := onWire(t, o, []Header{{"User-Agent", ""}}, `{"a":1}`)
		if !strings.Contains(strings.ToLower(head)+"\r\n", "\r\nuser-agent: \r\n") || strings.Contains(head, "ua\r\n") {
			t.Errorf("got %q, want an empty User-Agent", head)
		}
	})
}

func TestAnswerBodyIsBounded(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		tests := []struct {
			size, want int
		}{{0, 0}, {1, 1}, {keptBytes, keptBytes}, {keptBytes + 1, keptBytes}, {readBytes, keptBytes}, {1 << 20, keptBytes}}
		var size int
		target := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write(bytes.Repeat([]byte("x"), size))
		})
		c := newClient(t, o)
		for _, test := range tests {
			size = test.size
			a := c.Send(t.Context(), single(t, Payload{URL: target}, nil))
			if got := len(a.Body); got != test.want || strings.Trim(string(a.Body), "x") != "" {
				t.Errorf("of %d bytes: kept %d, want %d", test.size, got, test.want)
			}
		}
	})
}

func TestAnswerTellsRetryAfter(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		var value string
		target := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", value)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		c := newClient(t, o)
		r := single(t, Payload{URL: target}, nil)
		value = "17"
		if a := c.Send(t.Context(), r); a.RetryAfter != 17*time.Second || a.Class != Retry {
			t.Errorf("seconds: got %v %v", a.RetryAfter, a.Class)
		}
		value = time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
		if a := c.Send(t.Context(), r); a.RetryAfter < 59*time.Minute || a.RetryAfter > time.Hour {
			t.Errorf("date: got %v, want about an hour", a.RetryAfter)
		}
		value = "whenever"
		if a := c.Send(t.Context(), r); a.RetryAfter != 0 {
			t.Errorf("words: got %v, want 0", a.RetryAfter)
		}
	})
}

// A request can be sent again and again, by many at once, and arrives the same each time.
func TestRequestIsReusable(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		var lock sync.Mutex
		seen := map[string]int{}
		target := serve(t, func(_ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			lock.Lock()
			defer lock.Unlock()
			seen[fmt.Sprint(r.Method, r.URL, r.Header, len(body), string(body[:20]))]++
		})
		p := testPayload()
		p.URL = target + "/in?v=1"
		r := single(t, p, NewSigner([]byte("s")), Header{"Idempotency-Key", "k"})
		c := newClient(t, o)
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				for range 10 {
					if a := c.Send(t.Context(), r); a.Class != Delivered {
						t.Errorf("got %v %v", a.Class, a.Err)
					}
				}
			})
		}
		all.Wait()
		if len(seen) != 1 {
			t.Errorf("160 sends arrived as %d different requests: %v", len(seen), seen)
		}
	})
}

// As many connections as requests in flight are kept: the second wave opens none.
func TestConnectionsAreKept(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		const inFlight = 40
		var opened atomic.Int32
		together := make(chan *sync.WaitGroup, 1)
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			wave := <-together
			together <- wave
			wave.Done()
			wave.Wait() // until all are in flight
			_, _ = io.WriteString(w, "ok")
		}))
		s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				opened.Add(1)
			}
		}
		s.Start()
		defer s.Close()
		o.InFlight = inFlight
		c := newClient(t, o)
		r := single(t, Payload{URL: s.URL, Data: []byte("{}")}, nil)
		for range 3 {
			wave := new(sync.WaitGroup)
			wave.Add(inFlight)
			together <- wave
			var all sync.WaitGroup
			for range inFlight {
				all.Go(func() {
					if a := c.Send(t.Context(), r); a.Class != Delivered {
						t.Errorf("got %v %v", a.Class, a.Err)
					}
				})
			}
			all.Wait()
			<-together
		}
		if got := opened.Load(); got != inFlight {
			t.Errorf("connections opened: got %d, want %d", got, inFlight)
		}
	})
}

// A server that closes an idle connection just as a request comes costs neither a wait nor an
// answer: the request is repeated on a fresh connection, and counted.
func TestDeadIdleConnection(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		for name, batch := range map[string]bool{"single": false, "batch": true} {
			t.Run(name, func(t *testing.T) {
				target := serveRaw(t, answering("HTTP/1.1 204 No Content\r\n\r\n", func(conn net.Conn) {
					_ = readRequest(conn)
					reset(conn)
				}))
				r := single(t, Payload{URL: target, Data: []byte("{}")}, nil)
				if batch {
					r = pair(t, target)
				}
				c := newClient(t, o)
				for i, want := range []int{1, 2} {
					if a := c.Send(t.Context(), r); a.Class != Delivered || a.Requests != want {
						t.Errorf("send %d: got %v %v after %d requests, want %d", i, a.Class, a.Err, a.Requests, want)
					}
				}
			})
		}
	})
}

func TestHTTP2IsAnOption(t *testing.T) {
	var proto atomic.Value
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { proto.Store(r.Proto) }))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	for _, test := range []struct {
		on   bool
		want string
	}{{false, "HTTP/1.1"}, {true, "HTTP/2.0"}} {
		c := newClient(t, Options{HTTP2: test.on, RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}) //nolint:forcetypeassert // httptest's own
		a := c.Send(t.Context(), single(t, Payload{URL: s.URL, Data: []byte("{}")}, nil))
		if a.Class != Delivered || proto.Load() != test.want {
			t.Errorf("HTTP/2 %v: got %v over %v (%v), want %v", test.on, a.Class, proto.Load(), a.Err, test.want)
		}
	}
}

// What each choice of transport comes to, for requests without and with a proxy.
func TestTransport(t *testing.T) {
	proxy := func(*http.Request) (*url.URL, error) { return url.Parse("http://proxy.example.com") }
	tests := []struct {
		name string
		o    Options
		fast bool
	}{
		{"default", Options{Proxy: noProxy}, true},
		{"auto", Options{Proxy: noProxy, Transport: TransportAuto}, true},
		{"net/http", Options{Proxy: noProxy, Transport: TransportNetHTTP}, false},
		{"HTTP/2", Options{Proxy: noProxy, HTTP2: true}, false},
		{"behind a proxy", Options{Proxy: proxy}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, target := range []string{"http://hooks.example.com", "https://hooks.example.com"} {
				w, err := newClient(t, test.o).route(single(t, Payload{URL: target}, nil))
				if _, isFast := w.(*fast); err != nil || isFast != test.fast {
					t.Errorf("%s: got %T (%v), want the fast wire: %v", target, w, err, test.fast)
				}
			}
		})
	}
}

func TestNewClientRefusesNonsense(t *testing.T) {
	_, err := NewClient(Options{Timeout: -time.Second, InFlight: -1, UserAgent: "a\nb", Transport: "curl"})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{"timeout is -1s", "in flight are -1", `"User-Agent"`, `transport is "curl": use "auto" or "net/http"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not mention %q", err, want)
		}
	}
}

// What is printed of a request, by accident or in a log, holds no secret.
func TestRequestPrintsNoSecret(t *testing.T) {
	r := secretRequest(t, "https://hooks.example.com")
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if got, want := fmt.Sprintf(format, r), "POST https://hooks.example.com/path"; got != want {
			t.Errorf("%s: got %q, want %q", format, got, want)
		}
	}
	for _, raw := range []string{
		"https://" + canary + ":" + canary + "@h/?" + canary + "=%zz", "https://user:" + canary + "/x@h/", "ftp://" + canary + "@h/",
		"https://h:" + canary + "/", "https://[" + canary + "]/", canary,
	} {
		p := Payload{URL: raw, Method: "POST", Headers: []Header{{"X", canary + "\n"}, {"Host", canary + "/"}}}
		_, err := Single(&p, NewSigner([]byte(canary)))
		for _, text := range texts(err) {
			if strings.Contains(text, canary) {
				t.Errorf("refusing %q tells a secret: %q", raw, text)
			}
		}
		if err == nil {
			t.Errorf("%q: got no error", raw)
		}
	}
}
