package schemas

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
)

const (
	counter      = `{"type":"record","name":"Counter","fields":[{"name":"n","type":"int"}]}`
	counterValue = "\x0e" // {"n":7}
)

// framed puts a schema's id before data.
func framed(id uint32, data string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, id), data...)
}

// decodeAfterLoad is what the connector does with a value.
func decodeAfterLoad(t testing.TB, d *Decoder, value []byte) (string, error) {
	t.Helper()
	got, err := d.Decode(value)
	if errors.Is(err, ErrUnavailable) {
		if err := d.Load(t.Context(), value); err != nil {
			return "", err
		}
		got, err = d.Decode(value)
	}
	return string(got), err
}

// answering is a registry that gives one answer to everything, and a decoder that asks it.
func answering(t testing.TB, status int, body string) *Decoder {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return newDecoder(t, Options{Registry: &Registry{URLs: []string{server.URL}}})
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	fake := srfake.New(srfake.WithAuth("Basic " + base64.StdEncoding.EncodeToString([]byte("ada:s3cr3t"))))
	t.Cleanup(fake.Close)
	fake.SeedSchema("counter", 1, 1, sr.Schema{Schema: counter})
	fake.SeedSchema("json", 1, 2, sr.Schema{Schema: `{"type":"object"}`, Type: sr.TypeJSON})
	fake.SeedSchema("proto", 1, 3, sr.Schema{Schema: `syntax = "proto3"; message E {}`, Type: sr.TypeProtobuf})
	fake.SeedSchema("inner", 1, 4, sr.Schema{Schema: `{"type":"enum","name":"n.Colour","symbols":["RED"]}`})
	fake.SeedSchema("middle", 1, 5, sr.Schema{Schema: `{"type":"record","name":"n.Paint","fields":[{"name":"of","type":"Colour"}]}`, References: []sr.SchemaReference{{Name: "n.Colour", Subject: "inner", Version: 1}}})
	fake.SeedSchema("outer", 1, 6, sr.Schema{Schema: inRecord(`["null","n.Colour","n.Paint"]`), References: []sr.SchemaReference{{Name: "n.Paint", Subject: "middle", Version: 1}, {Name: "n.Colour", Subject: "inner", Version: 1}}})
	fake.Intercept(func(w http.ResponseWriter, r *http.Request) bool { // the fake would not take such a one
		if r.URL.Path != "/schemas/ids/7" {
			return false
		}
		fmt.Fprintf(w, `{"schema":%q,"references":[{"name":"n.Gone","subject":"gone","version":3}]}`, inRecord(`"n.Gone"`))
		return true
	})
	fake.SeedSchema("wrong", 1, 8, sr.Schema{Schema: `{"type":"record","name":"R"}`})
	d := newDecoder(t, Options{Registry: &Registry{URLs: []string{fake.URL()}, Username: "ada", Password: "s3cr3t"}})
	for _, tt := range []struct {
		name  string
		value []byte
		want  string
		fails string
	}{
		{"Avro", framed(1, counterValue), `{"n":7}`, ""},
		{"JSON", framed(2, `{"n": 7}`), `{"n": 7}`, ""},
		{"Protobuf", framed(3, "\x00"), "", "schema 3: it is of type PROTOBUF: Avro and JSON are read here"},
		{"references", framed(6, "\x04\x00"), `{"v":{"of":"RED"}}`, ""},
		{"a reference to nothing", framed(7, ""), "", `schema 7: it refers to version 3 of "gone", which the registry does not know`},
		{"a schema that is none", framed(8, ""), "", `schema 8: the registered schema cannot be used: record "R" has no list of fields`},
		{"an unknown id", framed(99, counterValue), "", "schema 99: the registry does not know this id"},
		{"an impossible id", framed(1<<31, counterValue), "", "schema 2147483648: no registry has ids that large"},
		{"data that ends early", framed(1, ""), "", "the value is not what schema 1 describes: byte 0 of 0: n: it ends inside a number"},
		{"data that goes on", framed(1, counterValue+"xy"), "", "the value is not what schema 1 describes: byte 1 of 3: 2 bytes are left over"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := decodeAfterLoad(t, d, tt.value)
			if got != tt.want || (err == nil) != (tt.fails == "") || err != nil && err.Error() != tt.fails {
				t.Errorf("got %s, %v\nwant %s, %s", got, err, tt.want, tt.fails)
			}
			if errors.Is(err, ErrUnavailable) {
				t.Errorf("%v: is the record's own fault", err)
			}
		})
	}
}

// Whatever is wrong with the registry, the way to it or the credentials is not the record's fault.
func TestRegistryOutOfOrder(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(nil)
	closed.Close()
	stranger := httptest.NewTLSServer(nil)
	stranger.Config.ErrorLog = nil
	t.Cleanup(stranger.Close)
	at := func(url string) *Decoder { return newDecoder(t, Options{Registry: &Registry{URLs: []string{url}}}) }
	for _, tt := range []struct {
		name string
		d    *Decoder
		want string
	}{
		{"nobody there", at(closed.URL), "connection refused"},
		{"an unknown authority", at(stranger.URL), "certificate"},
		{"wrong credentials", answering(t, 401, `{"error_code":40101,"message":"Unauthorized"}`), `status 401: "Unauthorized"`},
		{"no permission", answering(t, 403, "<html>no</html>"), `status 403: "<html>no</html>"`},
		{"overloaded", answering(t, 429, ""), `status 429: "no response"`},
		{"an error inside", answering(t, 500, `{"error_code":50001,"message":"Error in the backend data store"}`), `status 500: "Error in the backend data store"`},
		{"a page that is not found", answering(t, 404, strings.Repeat("page not found ", 100)), `status 404: "page not found page`},
		{"a path that is wrong", answering(t, 404, `{"error_code":404,"message":"HTTP 404 Not Found"}`), `status 404: "HTTP 404 Not Found"`},
		{"a login page", answering(t, 200, "<html>"), "unable to decode ok response body"},
		{"something else", answering(t, 200, "{}"), "the answer holds no schema: is this the URL of a schema registry?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			value := framed(1, counterValue)
			if _, err := tt.d.Decode(value); !errors.Is(err, ErrUnavailable) || err.Error() != "schema 1: the schema is not at hand" {
				t.Errorf("before loading: %v", err)
			}
			err := tt.d.Load(t.Context(), value)
			if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("loading: got %v, want %s", err, tt.want)
			}
			if _, err := tt.d.Decode(value); !errors.Is(err, ErrUnavailable) {
				t.Errorf("after loading: %v", err)
			}
		})
	}
}

// A schema that does not end is refused, not kept.
func TestRegistryAnswerTooLarge(t *testing.T) {
	t.Parallel()
	d := answering(t, 200, `{"schema":"`+strings.Repeat("x", maxSchemaBytes)+`"}`)
	_, err := decodeAfterLoad(t, d, framed(1, counterValue))
	if err == nil || errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "the answer of the registry is larger than 4 MiB") {
		t.Errorf("got %v", err)
	}
}

func TestRegistryOverTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ada" || password != "s3cr3t" || r.URL.Path != "/registry/schemas/ids/1" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, `{"schema":%q}`, counter)
	}))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	d := newDecoder(t, Options{Registry: &Registry{URLs: []string{server.URL + "/registry/"}, Username: "ada", Password: "s3cr3t", RootCAs: roots}})
	if got, err := decodeAfterLoad(t, d, framed(1, counterValue)); got != `{"n":7}` || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

// A token is asked for before every request: another program may keep it fresh.
func TestRegistryWithToken(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Authorization") {
		case "Bearer new":
			counts(w, r)
		case "":
			t.Error("a request without token")
			fallthrough
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(server.Close)
	token, broken := "old", errors.New("the file is not there")
	var fails error
	d := newDecoder(t, Options{Registry: &Registry{URLs: []string{server.URL}, Token: func() (string, error) { return token, fails }}})
	if err := d.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "status 401") {
		t.Errorf("with an old token: %v", err)
	}
	token = "new"
	if got, err := decodeAfterLoad(t, d, framed(1, counterValue)); got != `{"n":7}` || err != nil {
		t.Errorf("with a new token: %s, %v", got, err)
	}
	fails = broken
	if err := d.Load(t.Context(), framed(2, counterValue)); !errors.Is(err, broken) || !errors.Is(err, ErrUnavailable) {
		t.Errorf("without a token: %v", err)
	}
}

// Ping says whether a registry is there; what it has does not matter.
func TestPing(t *testing.T) {
	t.Parallel()
	fake := srfake.New()
	t.Cleanup(fake.Close)
	for _, tt := range []struct {
		name string
		d    *Decoder
		want string
	}{
		{"no registry", NewDecoder(), ""},
		{"an empty one", newDecoder(t, Options{Registry: &Registry{URLs: []string{fake.URL()}}}), ""},
		{"one out of order", answering(t, 500, `{"error_code":50001,"message":"Error in the backend data store"}`), "status 500"},
		{"something else", answering(t, 404, "page not found"), "status 404"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := tt.d.Ping(t.Context())
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestRegistryOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		urls []string
		want string
	}{
		{nil, "it has no URL"},
		{[]string{"registry:8081"}, `"registry:8081" is no http or https URL`},
		{[]string{"http://a", "ftp://b"}, `"ftp://b" is no http or https URL`},
	} {
		if _, err := New(Options{Registry: &Registry{URLs: tt.urls}}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want %s", tt.urls, err, tt.want)
		}
	}
}

// Where one registry cannot be reached, the next one is asked.
func TestSecondRegistry(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(nil)
	closed.Close()
	fake := srfake.New()
	t.Cleanup(fake.Close)
	fake.SeedSchema("counter", 1, 1, sr.Schema{Schema: counter})
	d := newDecoder(t, Options{Registry: &Registry{URLs: []string{closed.URL, fake.URL()}}})
	if got, err := decodeAfterLoad(t, d, framed(1, counterValue)); got != `{"n":7}` || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

// stage is a registry in virtual time: its network is pipes.
type stage struct {
	requests atomic.Int32
	answer   func(w http.ResponseWriter, r *http.Request)

	mu    sync.Mutex
	conns chan net.Conn
}

func newStage(t *testing.T, o Options) (*stage, *Decoder) {
	t.Helper()
	s := &stage{conns: make(chan net.Conn)}
	server := &http.Server{ReadHeaderTimeout: time.Hour, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		s.mu.Lock()
		answer := s.answer
		s.mu.Unlock()
		answer(w, r)
	})}
	go func() { _ = server.Serve(s) }()
	t.Cleanup(func() { _ = server.Close() })
	o.Registry = &Registry{URLs: []string{"http://registry"}, Dial: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		s.conns <- there
		return here, nil
	}}
	d := newDecoder(t, o)
	t.Cleanup(d.Close)
	return s, d
}

func (s *stage) answers(f http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

func (s *stage) Accept() (net.Conn, error) {
	c, ok := <-s.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (s *stage) Close() error   { close(s.conns); return nil }
func (s *stage) Addr() net.Addr { return &net.TCPAddr{} }

func counts(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"schema":%q}`, counter) }

// Many goroutines that lack a schema cost one request, and a schema that is known none.
func TestOneRequestForASchema(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, d := newStage(t, Options{})
		s.answers(func(w http.ResponseWriter, r *http.Request) {
			<-time.After(time.Second)
			counts(w, r)
		})
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if got, err := decodeAfterLoad(t, d, framed(1, counterValue)); got != `{"n":7}` || err != nil {
					t.Errorf("got %s, %v", got, err)
				}
			})
		}
		all.Wait()
		if err := d.Load(t.Context(), framed(1, counterValue)); err != nil {
			t.Error(err)
		}
		if n := s.requests.Load(); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
	})
}

// A registry that does not answer is waited for once; others learn from that, and ask again after a pause.
func TestSilentRegistry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, d := newStage(t, Options{})
		s.answers(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		start := time.Now()
		var all sync.WaitGroup
		for id := range uint32(20) {
			all.Go(func() {
				err := d.Load(t.Context(), framed(id, ""))
				if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "no answer within 5s") {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		if waited := time.Since(start); waited > defaultTimeout+pause {
			t.Errorf("twenty loads took %v", waited)
		}
		if n := s.requests.Load(); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
		s.answers(counts)
		if err := d.Load(t.Context(), framed(1, "")); err == nil {
			t.Error("the registry was not left alone")
		}
		<-time.After(pause)
		if got, err := decodeAfterLoad(t, d, framed(1, counterValue)); got != `{"n":7}` || err != nil {
			t.Errorf("after the pause: %s, %v", got, err)
		}
	})
}

// Who gives up waiting leaves no failure behind for others.
func TestLoadIsCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, d := newStage(t, Options{})
		s.answers(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(2 * time.Second):
				counts(w, r)
			}
		})
		brief, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := d.Load(brief, framed(1, "")); !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if err := d.Load(t.Context(), framed(1, "")); err != nil {
			t.Errorf("the next one: %v", err)
		}
	})
}

// An id that the registry did not know is asked for again, but less and less often: it may be registered later.
func TestUnknownIDIsAskedForAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, d := newStage(t, Options{})
		s.answers(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"error_code":40403,"message":"Schema 1 not found"}`))
		})
		for range 3 {
			if _, err := decodeAfterLoad(t, d, framed(1, counterValue)); err == nil || errors.Is(err, ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		}
		if n := s.requests.Load(); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
		for start := time.Now(); time.Since(start) < 10*unknownFor; <-time.After(time.Second) {
			_, _ = decodeAfterLoad(t, d, framed(1, counterValue))
		}
		asked := int(s.requests.Load())
		if asked < 12 || asked > 17 {
			t.Errorf("%d requests in %v, want them to become fewer", asked, 10*unknownFor)
		}
		s.answers(counts)
		<-time.After(unknownFor + time.Second)
		if got, err := decodeAfterLoad(t, d, framed(1, counterValue)); got != `{"n":7}` || err != nil {
			t.Errorf("later: %s, %v", got, err)
		}
	})
}

// However many ids there are in the values of a topic, what is kept of them is bounded.
func TestKnownIsBounded(t *testing.T) {
	t.Parallel()
	r, err := newRegistry(&Registry{URLs: []string{"http://registry"}}, false)
	if err != nil {
		t.Fatal(err)
	}
	for id := range uint32(3 * maxSchemas) {
		r.keep(id, answer{err: errors.New("x")})
	}
	if len(r.known) > maxSchemas {
		t.Errorf("%d answers are kept", len(r.known))
	}
}
