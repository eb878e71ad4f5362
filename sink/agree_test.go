package sink

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// whatComesOf sends two requests to a server that answers the first with text and the second, over
// whatever connection it comes, with status 299.
func whatComesOf(t *testing.T, transport Transport, text string) (first, second Answer) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		var begun atomic.Bool
		talk := func(conn net.Conn) {
			defer conn.Close()
			for readRequest(conn) == nil {
				answer := "HTTP/1.1 299 Second\r\nContent-Length: 0\r\n\r\n"
				if begun.CompareAndSwap(false, true) {
					answer = text
				}
				if _, err := io.WriteString(conn, answer); err != nil {
					return
				}
			}
		}
		go func() {
			for conn, err := p.Accept(); err == nil; conn, err = p.Accept() {
				go talk(conn)
			}
		}()
		c := newClient(t, Options{Transport: transport, Dial: p.Dial})
		r := single(t, Payload{URL: "http://hooks.example.com/", Data: []byte("{}")}, nil)
		first = c.Send(t.Context(), r)
		synctest.Wait() // net/http looks at what comes over idle connections in the background
		second = c.Send(t.Context(), r)
		c.Close()
		p.Close()
	})
	return first, second
}

// checkAgreement compares what both transports make of an answer, and of the next one.
func checkAgreement(t *testing.T, text string) {
	t.Helper()
	var answers [2]string
	for i, transport := range transports {
		first, second := whatComesOf(t, transport, text)
		answers[i] = fmt.Sprintf("%v %d %q %v %q", first.Class, first.Status, KindOf(first.Err), first.RetryAfter, first.Body)
		if second.Status != 299 {
			t.Errorf("%q\n%s took something for the next answer: %v %d %v", text, transport, second.Class, second.Status, second.Err)
		}
	}
	if answers[0] != answers[1] {
		t.Errorf("%q\n%8s: %s\n%8s: %s", text, transports[0], answers[0], transports[1], answers[1])
	}
}

// Answers put together at random from parts, good and odd, mean the same over both transports.
func TestTransportsAgree(t *testing.T) {
	statuses := []string{
		"HTTP/1.1 200 OK", "HTTP/1.1 202 Accepted", "HTTP/1.1 204 No Content", "HTTP/1.1 304 Not Modified", "HTTP/1.1 503 Busy",
		"HTTP/1.0 200 OK", "HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.1  200 OK", "HTTP/2.0 200 OK", "HTTP/1.2 200 OK", "HTTP/1 200 OK",
		"http/1.1 200 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 +20 OK", "HTTP/1.1\t200 OK", " HTTP/1.1 200 OK", "HTTP/1.1 100 Continue",
		"HTTP/1.1 101 Switching", "HTTP/1.1 199 Odd", "HTTP/1.1 600 Odd", "HTTP/1.1 001 Odd", "", "HTTP/1.1 200 OK\x00\xff",
	}
	headers := []string{
		"Content-Length: 5", "Content-Length: 5", "content-length: 3", "Content-Length: 0", "Content-Length: 50", "Content-Length:", "Content-Length: 5, 5",
		"Content-Length : 5", "Content-Length: +5", "Content-Length: 0x5", "Content-Length: 99999999999999999999", "Content-Length: 5 ",
		"Transfer-Encoding: chunked", "Transfer-Encoding: chunked", "transfer-encoding: Chunked", "Transfer-Encoding: identity", "Transfer-Encoding: gzip, chunked",
		"Transfer-Encoding:", "Transfer-Encoding: chunked, chunked", "Connection: close", "Connection: Close", "Connection: keep-alive", "Connection: upgrade",
		"Retry-After: 7", "retry-after: 8", "Retry-After:", "Retry-After: soon", "Retry-After:\t9\t", "Trailer: X-Sum", "Trailer: Content-Length",
		"Trailer: Trailer", "Server: s", "Set-Cookie: a=b", "Set-Cookie: =", "Content-Type: text/plain", "Content-Encoding: gzip", "X-A: 1", "X-A:", ": 1", "X A: 1",
		"X-A : 1", " X-A: 1", "X-A", "X-A: \x01", "X-A: \x7f", "X-\xe9: 1", "X-A: \xe9", "X-A: 1\r\n 2", "X-A: 1\r\n\t2", "X-A: 1\n 2", "X-A: \r1", "", "X-\x00: 1", "X(: 1",
	}
	bodies := []string{
		"", "hello", "hello and more", "5\r\nhello\r\n0\r\n\r\n", "5;x=y\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", "5\r\nhell", "zz\r\n", "ffffffffffffffff\r\n", "5\nhello\n0\n\n",
		"5\r\nhello\r\n0\r\nX-A: 1\n\r\n", "5\r\nhello\r\n0\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "5\r\nhello\r\n0\r\nX-A\r\n\r\n",
	}
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	for range 300 {
		end := "\r\n"
		if random.IntN(8) == 0 {
			end = "\n"
		}
		var text strings.Builder
		for more := true; more; more = random.IntN(6) == 0 {
			text.WriteString(pick(statuses) + end)
			for range random.IntN(4) {
				text.WriteString(pick(headers) + end)
			}
			text.WriteString(end)
		}
		text.WriteString(pick(bodies))
		checkAgreement(t, text.String()[:max(0, min(text.Len(), text.Len()+15-random.IntN(20)))])
	}
}

// FuzzAnswers is the same with answers from bytes.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 204 No Content\r\nConnection: Close\r\n\r\n",
		"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nTransfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n2;x=y\r\nok\r\n0\r\nX-A: 1\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.0 200\r\nServer: a\r\nSet-Cookie: b=c\r\n\r\nuntil the end",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 3\nContent-Length: 3\n\nabc",
		"220 mail.example.com ESMTP\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) { checkAgreement(t, string(text)) })
}
