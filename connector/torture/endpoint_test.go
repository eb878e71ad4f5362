//go:build torture && linux

package torture

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1" // what X-Signature is made with
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

const (
	secret         = "torture-secret"
	requestTimeout = 2 * time.Second // the connector's, here
)

// mood is how an endpoint behaves.
type mood int

const (
	well       mood = iota
	down            // nobody listens
	slow            // answers within the time-out
	tooSlow         // takes the request, and answers after the time-out
	silent          // never answers
	busy            // 429 with Retry-After
	failing         // 500
	resetting       // closes the connection before it has taken the request
	forgetting      // takes the request, and closes the connection
	halving         // takes the request, and breaks off within the head of the answer
	moods
)

func (m mood) String() string {
	return [...]string{"well", "down", "slow", "too slow", "silent", "busy", "failing", "resetting", "forgetting", "halving"}[m]
}

// endpoint is the webhook of one mapping.
type endpoint struct {
	t      testing.TB
	index  int
	ledger *ledger
	addr   string

	mu     sync.Mutex
	mood   mood
	server *http.Server // nil while down
}

func newEndpoint(t testing.TB, index int, l *ledger) *endpoint {
	t.Helper()
	e := &endpoint{t: t, index: index, ledger: l, addr: "127.0.0.1:0"}
	if err := e.listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.set(down) })
	return e
}

// listen opens the port, the same one every time.
func (e *endpoint) listen() error {
	l, err := (&net.ListenConfig{}).Listen(context.WithoutCancel(e.t.Context()), "tcp4", e.addr)
	if err != nil {
		return err
	}
	e.addr = l.Addr().String()
	e.server = &http.Server{Handler: e, ReadHeaderTimeout: time.Minute}
	go func(s *http.Server) { _ = s.Serve(l) }(e.server)
	return nil
}

func (e *endpoint) set(m mood) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mood = m
	switch {
	case m == down && e.server != nil:
		_ = e.server.Close()
		e.server = nil
	case m != down && e.server == nil:
		if err := e.listen(); err != nil {
			e.t.Errorf("endpoint %d cannot listen again: %v", e.index, err)
		}
	}
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	arrived := time.Now()
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	e.mu.Lock()
	m := e.mood
	e.mu.Unlock()
	elements := []json.RawMessage{body}
	if mappings[e.index].batching {
		elements = nil
		if err := json.Unmarshal(body, &elements); err != nil || len(elements) == 0 {
			e.ledger.sign(fmt.Sprintf("mapping %d got no list: %.100q", e.index, body))
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
	}
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write(elements[0])
	if !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(q.Header.Get("X-Signature"))) {
		e.ledger.sign(fmt.Sprintf("mapping %d: %.200q has %q", e.index, elements[0], q.Header.Get("X-Signature")))
	}
	status, ids, bodies := e.look(elements)
	take := func(heard, accepted bool) {
		e.ledger.arrive(e.index, q.UserAgent(), arrived, heard, accepted, ids, bodies)
	}
	switch m {
	case slow, tooSlow:
		wait := time.Duration(rand.Int64N(int64(requestTimeout / 2)))
		if m == tooSlow {
			wait = requestTimeout + 200*time.Millisecond + wait
		}
		<-time.After(wait)
		// A connector that was frozen meanwhile finds the answer when it wakes, and may see it before it sees that its time is over. Only who has hung
		// up has not heard it.
		take(q.Context().Err() == nil, status == http.StatusOK)
	case silent:
		take(false, false)
		<-q.Context().Done()
		return
	case busy:
		take(true, false)
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case failing:
		take(true, false)
		w.WriteHeader(http.StatusInternalServerError)
		return
	case resetting, forgetting, halving:
		take(false, m != resetting && status == http.StatusOK)
		breakOff(w, m == halving)
		return
	default:
		take(true, status == http.StatusOK)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "thanks")
}

// breakOff resets the connection, after some of an answer perhaps.
func breakOff(w http.ResponseWriter, some bool) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if some {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Le")
	} else if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = c.Close()
}

// look reads the events of a request and says what to answer.
func (e *endpoint) look(elements []json.RawMessage) (status int, ids, bodies []string) {
	status = http.StatusOK
	for _, x := range elements {
		var event struct {
			ID     string `json:"messageId"`
			Number int    `json:"number"`
		}
		if err := json.NewDecoder(bytes.NewReader(x)).Decode(&event); err != nil {
			event.ID = "unreadable"
		}
		ids, bodies = append(ids, event.ID), append(bodies, string(x))
		if every := mappings[e.index].rejects; every > 0 && event.Number%every == every-1 {
			status = http.StatusGone
			if mappings[e.index].batching {
				status = http.StatusUnprocessableEntity
			}
		}
	}
	return status, ids, bodies
}
