package sink

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"
)

// canary marks everything secret in a request that meets a fault.
const canary = "c4n4ry"

func secretRequest(t *testing.T, target string) *Request {
	t.Helper()
	target = strings.Replace(target, "://", "://"+canary+":"+canary+"@", 1) + "/path?token=" + canary
	return single(t, Payload{
		URL: target, Data: []byte(`{"secret":"` + canary + `"}`), Headers: []Header{{"X-Api-Key", canary}},
	}, NewSigner([]byte(canary)))
}

// checkFault sends a request full of secrets and compares what came of it.
func checkFault(t *testing.T, c *Client, target string, class Class, kind Kind, status int) Answer {
	t.Helper()
	a := c.Send(t.Context(), secretRequest(t, target))
	if a.Class != class || KindOf(a.Err) != kind || a.Status != status {
		t.Errorf("got class %v, kind %q, status %d (%v), want %v, %q, %d", a.Class, KindOf(a.Err), a.Status, a.Err, class, kind, status)
	}
	if (a.Err == nil) != (a.Status != 0) {
		t.Errorf("status %d beside error %v: one of them, never both", a.Status, a.Err)
	}
	for _, text := range texts(a.Err) {
		if strings.Contains(text, canary) || strings.Contains(text, "token") {
			t.Errorf("the error tells a secret: %q", text)
		}
	}
	return a
}

// echo sends a request back to whom it came from.
func echo(conn net.Conn) {
	var seen bytes.Buffer
	if readRequest(teeConn{conn, &seen}) == nil {
		_, _ = conn.Write(seen.Bytes())
	}
	hold(conn)
}

// drip sends a little now and then, for ever.
func drip(conn net.Conn) {
	tick := time.NewTicker(impatient / 8)
	defer tick.Stop()
	for range tick.C {
		if _, err := io.WriteString(conn, "X"); err != nil {
			return
		}
	}
}

type teeConn struct {
	net.Conn
	seen *bytes.Buffer
}

func (c teeConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.seen.Write(b[:n])
	return n, err
}

func TestConnectionFaults(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\n"
	long := strings.Repeat("x", 100<<10)
	tests := []struct {
		name   string
		talk   func(net.Conn)
		class  Class
		kind   Kind
		status int
		slow   bool // runs into the timeout
	}{
		{"reset at once", reset, Retry, KindReset, 0, false},
		{"hung up at once", hangUp, Retry, KindReset, 0, false},
		{"reset before the head", answering("", reset), Retry, KindReset, 0, false},
		{"hung up before the head", answering("", hangUp), Retry, KindReset, 0, false},
		{"half a head", answering(head+"Content-Length: 0\r\n", hangUp), Retry, KindReset, 0, false},
		// what a cut line holds is judged first
		{"half a status line", answering("HTTP/1.1 20", hangUp), Retry, KindProtocol, 0, false},
		{"half a header", answering(head+"Content-Le", hangUp), Retry, KindProtocol, 0, false},
		{"reset after the head", answering(head+"Content-Length: 100\r\n\r\nabc", reset), Delivered, "", 200, false},
		{"half an answer", answering(head+"Content-Length: 100\r\n\r\nabc", hangUp), Delivered, "", 200, false},
		{"half an error answer", answering("HTTP/1.1 500 Oh\r\nContent-Length: 100\r\n\r\nabc", hangUp), Retry, "", 500, false},
		{"longer than its length", answering(head+"Content-Length: 3\r\n\r\nabcdef", hangUp), Delivered, "", 200, false},
		{"no length, until close", answering(head+"\r\nabc", hangUp), Delivered, "", 200, false},
		{"wrong chunk size", answering(head+"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc", hangUp), Delivered, "", 200, false},
		{"chunks break off", answering(head+"Transfer-Encoding: chunked\r\n\r\n5\r\nab", hangUp), Delivered, "", 200, false},
		{"announced gzip that is none", answering(head+"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", hangUp), Delivered, "", 200, false},
		{"lines end in LF alone", answering("HTTP/1.1 200 OK\nContent-Length: 3\n\nabc", hangUp), Delivered, "", 200, false},
		{"no reason", answering("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", hangUp), Delivered, "", 200, false},
		{"one length twice", answering(head+"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", hangUp), Delivered, "", 200, false},
		{"length and chunks", answering(head+"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", hangUp), Delivered, "", 200, false},
		{"trailer", answering(head+"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n", hangUp), Delivered, "", 200, false},
		{"folded header", answering(head+"X-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n", hangUp), Delivered, "", 200, false},
		{"head of 48 KiB", answering(head+"X-Fill: "+long[:48<<10]+"\r\n\r\n", hangUp), Delivered, "", 200, false},
		{"HTTP/1.0", answering("HTTP/1.0 204 No Content\r\n\r\n", hangUp), Delivered, "", 204, false},
		{"continue first", answering("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"+head+"Content-Length: 0\r\n\r\n", hangUp), Delivered, "", 200, false},
		{"switch of protocols", answering("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", hold), Retry, "", 101, false},
		{"status 999", answering("HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n", hangUp), Retry, "", 999, false},
		{"status 099", answering("HTTP/1.1 099 What\r\nContent-Length: 0\r\n\r\n", hangUp), Retry, "", 99, false},
		{"status 000", answering("HTTP/1.1 000 What\r\nContent-Length: 0\r\n\r\n", hangUp), Retry, KindProtocol, 0, false},
		{"blank line first", answering("\r\n"+head+"\r\n", hangUp), Retry, KindProtocol, 0, false},
		{"negative length", answering(head+"Content-Length: -1\r\n\r\n", hangUp), Retry, KindProtocol, 0, false},
		{"two encodings", answering(head+"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", hangUp), Retry, KindProtocol, 0, false},
		{"status of two digits", answering("HTTP/1.1 20 OK\r\n\r\n", hangUp), Retry, KindProtocol, 0, false},
		{"not HTTP", answering("220 mail.example.com ESMTP\r\n", hangUp), Retry, KindProtocol, 0, false},
		{"binary", answering("\x00\x01\x02\xff\xfe\r\n\r\n", hangUp), Retry, KindProtocol, 0, false},
		{"status of letters", answering("HTTP/1.1 abc OK\r\n\r\n", hangUp), Retry, KindProtocol, 0, false},
		{"broken header", answering(head+"no colon "+canary+"\r\n\r\n", hangUp), Retry, KindProtocol, 0, false},
		{"broken first header", answering(head+" "+canary+"\r\n\r\n", hangUp), Retry, KindProtocol, 0, false},
		{"two lengths", answering(head+"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", hangUp), Retry, KindProtocol, 0, false},
		{"length of letters", answering(head+"Content-Length: "+canary+"\r\n\r\n", hangUp), Retry, KindProtocol, 0, false},
		{"unknown transfer encoding", answering(head+"Transfer-Encoding: "+canary+"\r\n\r\n", hangUp), Retry, KindProtocol, 0, false},
		{"endless informational answers", answering("", func(conn net.Conn) {
			for {
				if _, err := io.WriteString(conn, "HTTP/1.1 102 Processing\r\n\r\n"); err != nil {
					return
				}
			}
		}), Retry, KindProtocol, 0, false},
		{"endless head", answering(head, func(conn net.Conn) {
			for {
				if _, err := io.WriteString(conn, "X-Fill: "+long+"\r\n"); err != nil {
					return
				}
			}
		}), Retry, KindProtocol, 0, false},
		{"endless body", answering(head+"\r\n", func(conn net.Conn) {
			for {
				if _, err := io.WriteString(conn, long); err != nil {
					return
				}
			}
		}), Delivered, "", 200, false},
		{"endless chunks", answering(head+"Transfer-Encoding: chunked\r\n\r\n", func(conn net.Conn) {
			for {
				if _, err := io.WriteString(conn, "19000\r\n"+long+"\r\n"); err != nil {
					return
				}
			}
		}), Delivered, "", 200, false},
		{"length beyond all bounds", answering(head+"Content-Length: 9223372036854775807\r\n\r\nabc", hangUp), Delivered, "", 200, false},
		{"length that is no number any more", answering(head+"Content-Length: 99999999999999999999\r\n\r\nabc", hangUp), Retry, KindProtocol, 0, false},
		{"no end to the last chunk", answering(head+"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", hangUp), Delivered, "", 200, false},
		{"chunk longer than said", answering(head+"Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n", hangUp), Delivered, "", 200, false},
		{"echo", echo, Retry, KindProtocol, 0, false},
		{"no answer", hold, Retry, KindTimeout, 0, true},
		{"slow head", answering(head+"Content-Len", hold), Retry, KindTimeout, 0, true},
		{"slow body", answering(head+"Content-Length: 10\r\n\r\nabc", hold), Delivered, "", 200, true},
		{"head that drips", answering(head, drip), Retry, KindTimeout, 0, true},
		{"body that drips", answering(head+"\r\n", drip), Delivered, "", 200, true},
		{"slow error body", answering("HTTP/1.1 404 No\r\nContent-Length: 10\r\n\r\nabc", hold), Rejected, "", 404, true},
	}
	overTransports(t, func(t *testing.T, o Options) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				o := o
				if test.slow {
					o.Timeout = impatient
				}
				a := checkFault(t, newClient(t, o), serveRaw(t, test.talk), test.class, test.kind, test.status)
				if a.Requests != 1 {
					t.Errorf("requests: got %d, want 1", a.Requests)
				}
				if took := a.End.Sub(a.Start); !test.slow && took >= patient || test.slow && took < impatient {
					t.Errorf("took %v", took)
				}
				if test.kind == KindTimeout && !strings.Contains(a.Err.Error(), "REQUEST_TIMEOUT") {
					t.Errorf("error %q does not name the setting", a.Err)
				}
				if len(a.Body) > keptBytes {
					t.Errorf("kept %d bytes of the answer", len(a.Body))
				}
			})
		}
	})
}

func TestAServerThatNeverReadsRunsIntoTheTimeout(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		target := serveRaw(t, func(net.Conn) {}) // accepts, and leaves the request in the buffers
		o.Timeout = impatient
		c := newClient(t, o)
		r := single(t, Payload{URL: target, Data: bytes.Repeat([]byte("x"), 16<<20)}, nil)
		if a := c.Send(t.Context(), r); a.Class != Retry || KindOf(a.Err) != KindTimeout {
			t.Errorf("got %v %v, want a timeout", a.Class, a.Err)
		}
	})
}

// Whether net/http calls it a closed connection or garbage depends on which of its goroutines
// is first to notice.
func TestSpeaksFirst(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		target := serveRaw(t, func(conn net.Conn) {
			_, _ = io.WriteString(conn, "220 mail.example.com ESMTP\r\n")
			hold(conn)
		})
		a := newClient(t, o).Send(t.Context(), secretRequest(t, target))
		if kind := KindOf(a.Err); a.Class != Retry || kind != KindProtocol && kind != KindReset {
			t.Errorf("got %v, kind %q (%v)", a.Class, kind, a.Err)
		}
	})
}

// The answer to a body that is too large comes before the body has been read.
func TestEarlyAnswer(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		target := serveRaw(t, func(conn net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = io.WriteString(conn, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig") // and reads no more
			}
		})
		r := single(t, Payload{URL: target, Data: bytes.Repeat([]byte("x"), 16<<20)}, nil)
		a := newClient(t, o).Send(t.Context(), r)
		if a.Class != Rejected || a.Status != 413 || string(a.Body) != "big" {
			t.Errorf("got %v %d %q (%v), want the early answer", a.Class, a.Status, a.Body, a.Err)
		}
	})
}

func TestRefused(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		a := checkFault(t, newClient(t, o), "http://"+l.Addr().String(), Retry, KindRefused, 0)
		if !errors.Is(a.Err, syscall.ECONNREFUSED) || !strings.Contains(a.Err.Error(), l.Addr().String()) {
			t.Errorf("error %q does not say what was refused", a.Err)
		}
	})
}

func TestCanceled(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		ctx, cancel := context.WithCancel(t.Context())
		target := serveRaw(t, func(conn net.Conn) {
			if readRequest(conn) == nil {
				cancel()
			}
			hold(conn)
		})
		c := newClient(t, o)
		a := c.Send(ctx, secretRequest(t, target))
		if a.Class != Retry || KindOf(a.Err) != KindCanceled || a.Requests != 1 || !errors.Is(a.Err, context.Canceled) {
			t.Errorf("canceled while waiting: got %v %q after %d requests (%v)", a.Class, KindOf(a.Err), a.Requests, a.Err)
		}
		a = c.Send(ctx, secretRequest(t, target))
		if a.Class != Retry || KindOf(a.Err) != KindCanceled || a.Requests != 0 {
			t.Errorf("canceled before: got %v %q after %d requests", a.Class, KindOf(a.Err), a.Requests)
		}
	})
}

// The DNS servers answer every question with "no such name", with "server failure", or not at all.
func TestNameFaults(t *testing.T) {
	unknown, failing := refuseNames(t, 0x83), refuseNames(t, 0x82)
	ask := func(to string) Dial {
		resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "udp", to)
		}}
		return (&net.Dialer{Resolver: resolver}).DialContext
	}
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	overTransports(t, func(t *testing.T, o Options) {
		o.Dial = ask(failing)
		checkFault(t, newClient(t, o), "http://nowhere.example.com", Retry, KindDNS, 0)
		o.Dial = ask(unknown)
		a := checkFault(t, newClient(t, o), "http://nowhere.example.com", Retry, KindDNS, 0)
		if !strings.Contains(a.Err.Error(), "nowhere.example.com") {
			t.Errorf("error %q does not name the host", a.Err)
		}
		o.Dial, o.Timeout = ask(silent.LocalAddr().String()), impatient
		checkFault(t, newClient(t, o), "http://nowhere.example.com", Retry, KindTimeout, 0)
	})
}

// refuseNames is a DNS server that answers every question with a code, without an address.
func refuseNames(t *testing.T, code byte) (address string) {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { server.Close(); <-done })
	go func() {
		defer close(done)
		question := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(question)
			if err != nil {
				return
			}
			question[2], question[3] = 0x81, code
			_, _ = server.WriteTo(question[:n], from)
		}
	}()
	return server.LocalAddr().String()
}

// Faults of the machine or the route, as the system reports them.
func TestSystemFaults(t *testing.T) {
	tests := map[syscall.Errno]Kind{
		syscall.EHOSTUNREACH: KindUnreachable, syscall.ENETUNREACH: KindUnreachable, syscall.EMFILE: KindLocal,
		syscall.EADDRNOTAVAIL: KindLocal, syscall.ETIMEDOUT: KindTimeout, syscall.EACCES: KindNetwork,
	}
	failing := func(err error) Dial {
		return func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
		}
	}
	overTransports(t, func(t *testing.T, o Options) {
		for errno, kind := range tests {
			t.Run(errno.Error(), func(t *testing.T) {
				o := o
				o.Dial = failing(errno)
				checkFault(t, newClient(t, o), "http://198.51.100.7", Retry, kind, 0)
			})
		}
		o.Dial = failing(errors.New(canary))
		checkFault(t, newClient(t, o), "http://198.51.100.7", Retry, KindNetwork, 0)
	})
}

// certificate makes a self-signed one for 127.0.0.1.
func certificate(t *testing.T, expires time.Time) tls.Certificate {
	t.Helper()
	return selfSigned(t, &x509.Certificate{NotAfter: expires, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
}

// certificateFor makes a self-signed one for names.
func certificateFor(t *testing.T, names ...string) tls.Certificate {
	t.Helper()
	return selfSigned(t, &x509.Certificate{NotAfter: time.Now().Add(time.Hour), DNSNames: names})
}

func selfSigned(t *testing.T, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, template.Subject = big.NewInt(1), pkix.Name{CommonName: "test"}
	template.NotBefore, template.IsCA, template.BasicConstraintsValid = template.NotAfter.Add(-2*time.Hour), true, true
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func certPool(certificates ...tls.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range certificates {
		p.AddCert(c.Leaf)
	}
	return p
}

func TestTLS(t *testing.T) {
	valid, expired := certificate(t, time.Now().Add(time.Hour)), certificate(t, time.Now().Add(-time.Minute))
	start := func(config *tls.Config) string {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		s.Config.ErrorLog = discardLog()
		s.TLS = config
		s.StartTLS()
		t.Cleanup(s.Close)
		return s.URL
	}
	good := start(&tls.Config{Certificates: []tls.Certificate{valid}})
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	tests := []struct {
		name, target string
		trusted      *x509.CertPool
		class        Class
		kind         Kind
		status       int
		mention      string
	}{
		{"trusted", good, certPool(valid), Delivered, "", 200, ""},
		{"self-signed", good, nil, Retry, KindTLS, 0, "unknown authority"},
		{"other authority", good, certPool(expired), Retry, KindTLS, 0, "certificate"},
		{"expired", start(&tls.Config{Certificates: []tls.Certificate{expired}}), certPool(expired), Retry, KindTLS, 0, "expired"},
		{"other name", strings.Replace(good, "127.0.0.1", "localhost", 1), certPool(valid), Retry, KindTLS, 0, "localhost"},
		{"alert", strings.Replace(serveRaw(t, func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 1024))
			_, _ = io.WriteString(conn, "\x15\x03\x03\x00\x02\x02\x28")
			hold(conn)
		}), "http://", "https://", 1), nil, Retry, KindTLS, 0, "handshake failure"},
		{"old version", start(&tls.Config{Certificates: []tls.Certificate{valid}, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}), certPool(valid), Retry, KindTLS, 0, "protocol version"},
		{"plain HTTP", strings.Replace(plain, "http://", "https://", 1), nil, Retry, KindTLS, 0, "plain HTTP"},
		{"garbage", strings.Replace(serveRaw(t, func(conn net.Conn) {
			_, _ = io.WriteString(conn, "220 mail.example.com ESMTP\r\n")
			hold(conn)
		}), "http://", "https://", 1), nil, Retry, KindTLS, 0, "does not speak TLS"},
		{"reset in the handshake", strings.Replace(serveRaw(t, reset), "http://", "https://", 1), nil, Retry, KindReset, 0, ""},
		{"hung up in the handshake", strings.Replace(serveRaw(t, hangUp), "http://", "https://", 1), nil, Retry, KindReset, 0, ""},
	}
	overTransports(t, func(t *testing.T, o Options) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				o := o
				o.RootCAs = test.trusted
				a := checkFault(t, newClient(t, o), test.target, test.class, test.kind, test.status)
				if a.Err != nil && !strings.Contains(a.Err.Error(), test.mention) {
					t.Errorf("error %q does not mention %q", a.Err, test.mention)
				}
			})
		}
		t.Run("silent in the handshake", func(t *testing.T) {
			o := o
			o.Timeout = impatient
			target := strings.Replace(serveRaw(t, hold), "http://", "https://", 1)
			checkFault(t, newClient(t, o), target, Retry, KindTimeout, 0)
		})
	})
}

func TestProxyFaults(t *testing.T) {
	via := func(target string) func(*http.Request) (*url.URL, error) {
		u, err := url.Parse(strings.Replace(target, "://", "://"+canary+":"+canary+"@", 1))
		if err != nil {
			t.Fatal(err)
		}
		return http.ProxyURL(u)
	}
	refusing := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) })
	a := checkFault(t, newClient(t, Options{Proxy: via(refusing)}), "https://hooks.example.com", Retry, KindProxy, 0)
	if !strings.Contains(a.Err.Error(), "407") {
		t.Errorf("error %q does not tell the proxy's status", a.Err)
	}
	checkFault(t, newClient(t, Options{Proxy: via(refusing)}), "http://hooks.example.com", Rejected, "", 407)
	checkFault(t, newClient(t, Options{Proxy: via(serveRaw(t, reset))}), "https://hooks.example.com", Retry, KindReset, 0)
	broken := func(*http.Request) (*url.URL, error) { return nil, errors.New("invalid proxy address " + canary) }
	checkFault(t, newClient(t, Options{Proxy: broken}), "https://hooks.example.com", Retry, KindProxy, 0)
}
