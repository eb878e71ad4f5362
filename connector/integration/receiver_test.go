//go:build integration

package integration

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1" // what X-Signature is made with
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"
)

const secret = "integration-secret"

// receiver is a webhook endpoint that keeps a ledger: which message arrived at which path, how often.
type receiver struct {
	url string

	mu       sync.Mutex
	status   map[string]int            // by path; 200 where nothing is said
	counts   map[string]map[string]int // by path and messageId
	requests map[string]int            // by path, refused ones included
	unsigned int
	changed  chan struct{}
	check    http.Handler // judges signatures in place of the built-in check
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: map[string]int{}, counts: map[string]map[string]int{}, requests: map[string]int{}, changed: make(chan struct{})}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// withNode lets Segment's customers' way of checking signatures decide: JSON.parse, JSON.stringify, HMAC, in Node.
func (r *receiver) withNode(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Fatal("this test needs Node.js (node) on the PATH: it checks signatures the way receivers do")
	}
	command := exec.CommandContext(t.Context(), "node", "../../sink/testdata/verify-signature.mjs", "--port", "0", "--secret", secret)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	lines := bufio.NewReader(out)
	first, err := lines.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var ready struct{ Listening int }
	if err := json.Unmarshal(first, &ready); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(ready.Listening))})
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 256}
	r.check = proxy
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	var elements []json.RawMessage // nothing of body in it: Unmarshal would write over that
	if !bytes.HasPrefix(body, []byte("[")) {
		elements = append(elements, body)
	} else if err := json.Unmarshal(body, &elements); err != nil || len(elements) == 0 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	signed := r.signed(q, body, elements[0])

	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests[q.URL.Path]++
	status := r.status[q.URL.Path]
	if status == 0 {
		status = http.StatusOK
	}
	if !signed {
		r.unsigned++
		status = http.StatusUnauthorized
	}
	if status == http.StatusOK {
		if r.counts[q.URL.Path] == nil {
			r.counts[q.URL.Path] = map[string]int{}
		}
		for _, e := range elements {
			var m struct {
				ID string `json:"messageId"`
			}
			if err := json.Unmarshal(e, &m); err != nil {
				status = http.StatusBadRequest
			}
			r.counts[q.URL.Path][m.ID]++
		}
	}
	close(r.changed)
	r.changed = make(chan struct{})
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "answer of the receiver")
}

func (r *receiver) signed(q *http.Request, body, first []byte) bool {
	if r.check == nil {
		mac := hmac.New(sha1.New, []byte(secret))
		mac.Write(first)
		return hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(q.Header.Get("X-Signature")))
	}
	judged := httptest.NewRecorder()
	again := q.Clone(q.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	r.check.ServeHTTP(judged, again)
	return judged.Code == http.StatusOK
}

// answer sets what requests to path get from now on.
func (r *receiver) answer(path string, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status[path] = status
}

// distinct counts the messages that have arrived at path.
func (r *receiver) distinct(path string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.counts[path])
}

func (r *receiver) asked(path string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests[path]
}

// missing lists the wanted messages that have not arrived at path, and counts those that came more than once.
func (r *receiver) missing(path string, wanted []string) (missing []string, duplicates int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range wanted {
		n := r.counts[path][id]
		if n == 0 {
			missing = append(missing, id)
		}
		duplicates += max(0, n-1)
	}
	return missing, duplicates
}

// await waits until ok says so, asking after each request, and fails the test when that takes too long.
func (r *receiver) await(t *testing.T, what string, patience time.Duration, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !ok() {
		r.mu.Lock()
		changed := r.changed
		r.mu.Unlock()
		select {
		case <-changed:
		case <-time.After(time.Second):
		case <-ctx.Done():
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}
