//go:build bench && linux

package bench

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" // what X-Signature is made with
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const secret = "bench-secret"

// receiver is a webhook endpoint that costs as little as possible, in plain HTTP and in TLS: it answers 200 to everything, and counts. What it
// costs is not measured, but it shares a CPU with the broker, and a slow one would make each of the connector's requests dearer.
type receiver struct {
	plain  string // host:port
	secure string
	ca     string // file with the certificate of secure

	verify bool // check every signature, which takes longer

	events   atomic.Int64 // by their producedAt
	requests atomic.Int64
	wrong    atomic.Int64 // with another signature than they should have
	timing   atomic.Bool
	arrived  []time.Time // while timing, in plain HTTP: when each event came first, by its number
}

var (
	marker   = []byte(`"producedAt":"`)
	okAnswer = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")
)

func newReceiver(t testing.TB, verify bool) *receiver {
	t.Helper()
	r := &receiver{verify: verify}
	config, ca := certificate(t)
	r.ca = ca
	r.plain = r.loop(t)
	inner, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.secure = inner.Addr().String()
	l := tls.NewListener(inner, config)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(c)
		}
	}()
	return r
}

// reset forgets what was counted.
func (r *receiver) reset() {
	r.events.Store(0)
	r.requests.Store(0)
	r.wrong.Store(0)
}

// serve answers one TLS connection.
func (r *receiver) serve(c net.Conn) {
	defer c.Close()
	p := parser{r: r, remain: -1}
	buf := make([]byte, 256<<10)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		for range p.feed(buf[:n]) {
			if _, err := c.Write(okAnswer); err != nil {
				return
			}
		}
	}
}

// loop serves plain HTTP with one thread and epoll, which is cheaper than a goroutine for each connection.
func (r *receiver) loop(t testing.TB) string {
	t.Helper()
	listener, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	check(t, err)
	check(t, syscall.Bind(listener, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	check(t, syscall.Listen(listener, 1024))
	name, err := syscall.Getsockname(listener)
	check(t, err)
	poll, err := syscall.EpollCreate1(0)
	check(t, err)
	check(t, watch(poll, listener))
	go r.answer(poll, listener) // until the process ends
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(name.(*syscall.SockaddrInet4).Port))
}

func watch(poll, fd int) error {
	return syscall.EpollCtl(poll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)})
}

func (r *receiver) answer(poll, listener int) {
	runtime.LockOSThread()
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), -15) // before all others on its CPU, where that is allowed
	ready := make([]syscall.EpollEvent, 256)
	buf := make([]byte, 256<<10)
	open := map[int]*parser{}
	for {
		n, err := syscall.EpollWait(poll, ready, -1)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			panic(err)
		}
		for _, e := range ready[:n] {
			fd := int(e.Fd)
			if fd == listener {
				for {
					c, _, err := syscall.Accept4(listener, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
					if err != nil {
						break
					}
					_ = syscall.SetsockoptInt(c, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
					if err := watch(poll, c); err != nil {
						panic(err)
					}
					open[c] = &parser{r: r, remain: -1}
				}
				continue
			}
			k, err := syscall.Read(fd, buf)
			if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
				continue
			}
			if k <= 0 || err != nil {
				_ = syscall.Close(fd)
				delete(open, fd)
				continue
			}
			for range open[fd].feed(buf[:k]) {
				_, _ = syscall.Write(fd, okAnswer)
			}
		}
	}
}

// parser reads the requests of one connection, which must have a Content-Length.
type parser struct {
	r         *receiver
	head      []byte // of a request whose head is not complete
	remain    int    // bytes of the body still to come; negative: reading the head
	tail      []byte // the end of the last piece, for a marker that lies across two
	body      []byte // when every byte is looked at
	signature string
}

// feed takes what was read and returns how many requests are complete by it.
func (p *parser) feed(b []byte) (done int) {
	for len(b) > 0 {
		if p.remain < 0 {
			p.head = append(p.head, b...)
			k := bytes.Index(p.head, []byte("\r\n\r\n"))
			if k < 0 {
				return done
			}
			n, err := strconv.Atoi(header(p.head[:k+2], "content-length"))
			if err != nil {
				panic("a request without Content-Length: " + string(p.head[:k]))
			}
			if p.r.verify {
				p.signature = header(p.head[:k+2], "x-signature")
			}
			p.remain = n
			b = b[len(b)-(len(p.head)-k-4):]
			p.head = p.head[:0]
		}
		n := min(p.remain, len(b))
		p.count(b[:n])
		p.remain -= n
		if b = b[n:]; p.remain == 0 {
			p.end()
			done++
		}
	}
	return done
}

func (p *parser) count(b []byte) {
	if p.r.verify || p.r.timing.Load() {
		p.body = append(p.body, b...)
		return
	}
	n := bytes.Count(b, marker)
	if len(p.tail) > 0 {
		n += bytes.Count(append(p.tail, b[:min(len(b), len(marker)-1)]...), marker)
	}
	if end := b[max(0, len(b)-len(marker)+1):]; len(end) == len(marker)-1 {
		p.tail = append(p.tail[:0], end...)
	} else {
		p.tail = append(p.tail, end...)
		p.tail = p.tail[max(0, len(p.tail)-len(marker)+1):]
	}
	p.r.events.Add(int64(n))
}

func (p *parser) end() {
	p.remain = -1
	p.tail = p.tail[:0]
	p.r.requests.Add(1)
	if len(p.body) == 0 {
		return
	}
	if p.r.verify && !signed(p.body, p.signature) {
		p.r.wrong.Add(1)
	}
	now, events := time.Now(), 0
	for rest := p.body; ; events++ {
		k := bytes.Index(rest, marker)
		if k < 0 || len(rest) < k+len(marker)+len(stamp) {
			break
		}
		rest = rest[k+len(marker):]
		if number, err := strconv.Atoi(string(rest[:len(stamp)])); err == nil && number < len(p.r.arrived) && p.r.arrived[number].IsZero() {
			p.r.arrived[number] = now
		}
	}
	p.r.events.Add(int64(events))
	p.body = p.body[:0]
}

// signed says whether a body has the signature it should have.
func signed(body []byte, signature string) bool {
	first := body
	if body[0] == '[' {
		var elements []json.RawMessage
		if json.Unmarshal(body, &elements) != nil || len(elements) == 0 {
			return false
		}
		first = elements[0]
	}
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write(first)
	return hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(signature))
}

// header finds the value of a header, whose name is given in lower case. The head ends with the end of a line.
func header(head []byte, name string) string {
	for {
		k := bytes.IndexByte(head, '\n')
		if k < 0 {
			return ""
		}
		line := head[:k]
		head = head[k+1:]
		if len(line) > len(name) && line[len(name)] == ':' && bytes.EqualFold(line[:len(name)], []byte(name)) {
			return string(bytes.TrimSpace(line[len(name)+1:]))
		}
	}
}

// histogram counts durations, in steps of a tenth of a millisecond, up to two seconds.
type histogram struct {
	steps [20_001]int
	n     int
}

const step = 100 * time.Microsecond

func (h *histogram) add(d time.Duration) {
	h.steps[min(max(0, int(d/step)), len(h.steps)-1)]++
	h.n++
}

// quantile is a duration that a share q of all does not exceed.
func (h *histogram) quantile(q float64) time.Duration {
	seen := 0
	for i, n := range h.steps {
		if seen += n; float64(seen) >= q*float64(h.n) {
			return time.Duration(i+1) * step
		}
	}
	return 0
}

// certificate makes a server's configuration, and the file that lets clients trust it.
func certificate(t testing.TB) (config *tls.Config, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(t, err)
	file = filepath.Join(t.TempDir(), "ca.pem")
	check(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, NextProtos: []string{"http/1.1"}}, file
}

// deadEndpoint accepts connections, reads, and never answers.
func deadEndpoint(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { _ = l.Close() })
	ctx := context.WithoutCancel(t.Context())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { _ = c.Close() })
			go func() {
				defer stop()
				_, _ = io.Copy(io.Discard, c)
				_ = c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
