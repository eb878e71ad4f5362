//go:build simulation && synctests

package simulation

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1" // what X-Signature is made with
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

const secret = "simulated-secret"

// endpoint is a webhook's receiver. It keeps a ledger with the recorder and behaves as well or as badly as its mood says.
type endpoint struct {
	hook     *hook
	seed     uint64
	recorder *recorder
	listener *listener
	server   *http.Server

	mu    sync.Mutex
	mood  mood
	odd   float64 // how many requests are treated oddly in a good mood
	tries map[string]uint64
}

// mood is how an endpoint answers.
type mood string

const (
	fine      mood = "fine"
	failing   mood = "failing"   // 500, 502, 503, 429
	hanging   mood = "hanging"   // reads the request and never answers
	slow      mood = "slow"      // answers late, but in time
	tooSlow   mood = "too slow"  // takes the events, answers when nobody waits any more
	cutting   mood = "cutting"   // breaks the connection before, after or during its answer
	flaky     mood = "flaky"     // each of these now and then
	gone      mood = "gone"      // nobody listens
	swallowed mood = "swallowed" // connections are never established
)

var moods = []mood{fine, failing, hanging, slow, tooSlow, cutting, flaky, gone, swallowed}

func newEndpoint(n *network, h *hook, seed uint64, r *recorder) *endpoint {
	l, err := n.Listen("tcp", h.host()+":80")
	if err != nil {
		panic(err)
	}
	e := &endpoint{hook: h, seed: seed, recorder: r, mood: fine, odd: 0.005, tries: map[string]uint64{}}
	e.listener = n.listener(h.host() + ":80")
	e.server = &http.Server{
		Handler:     e,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connection{}, c) },
	}
	go func() { _ = e.server.Serve(l) }()
	return e
}

type connection struct{}

func (e *endpoint) set(m mood) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mood = m
	switch m {
	case gone:
		e.listener.set(refusing)
		e.listener.sever()
	case swallowed:
		e.listener.set(silent)
		e.listener.sever()
	default:
		e.listener.set(reachable)
	}
}

func (e *endpoint) close() {
	_ = e.server.Close()
	e.listener.sever()
}

// chance is random, but decided by the seed and by which try for which event this is, so not by what else goes on.
func (e *endpoint) chance(id string) (mood, *rand.Rand) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tries[id]++
	hash := fnv.New64a()
	_, _ = io.WriteString(hash, e.hook.name+id)
	rnd := rand.New(rand.NewPCG(e.seed+e.tries[id], hash.Sum64()))
	m := e.mood
	switch {
	case m == flaky:
		m = []mood{fine, fine, failing, slow, tooSlow, cutting}[rnd.IntN(6)]
	case m == fine && rnd.Float64() < e.odd:
		m = []mood{failing, tooSlow, cutting}[rnd.IntN(3)]
	}
	return m, rnd
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	c, ok := q.Context().Value(connection{}).(*conn)
	if !ok {
		panic("a connection from elsewhere")
	}
	begin := c.sent() // where the answer will begin on the connection
	body, err := io.ReadAll(q.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the rest of the request was lost
	}
	events := e.read(q, body)
	if len(events) == 0 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	ids := make([]string, len(events))
	for i := range events {
		ids[i] = events[i].ID
	}
	tap, ok := c.peer.tap.(*endpointTap)
	if !ok {
		panic("a connection that nobody watches")
	}
	e.recorder.arrived(e.hook.name, ids, q.Header.Get("Idempotency-Key"))
	m, rnd := e.chance(ids[0])
	wait := func(low, high time.Duration) { e.wait(q.Context(), low+rand64(rnd, high-low)) }
	accept := func() { tap.expect(begin, e.recorder.accepted(tap.process, e.hook.name, ids, tap.began())) }
	switch m { //nolint:exhaustive // the others come later, or have no answer
	case failing:
		wait(time.Millisecond, 50*time.Millisecond)
		status := []int{500, 502, 503, 504, 429, 503}[rnd.IntN(6)]
		if status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", fmt.Sprint(1+rnd.IntN(5)))
		}
		w.WriteHeader(status)
		return
	case hanging:
		e.wait(q.Context(), time.Hour)
		panic(http.ErrAbortHandler)
	case cutting:
		if rnd.IntN(3) == 0 {
			panic(http.ErrAbortHandler)
		}
	}
	if status := e.refusal(events, rnd); status != 0 {
		wait(time.Millisecond, 30*time.Millisecond)
		w.WriteHeader(status)
		return
	}
	switch m {
	case slow:
		wait(300*time.Millisecond, requestTimeout-100*time.Millisecond)
	case tooSlow:
		accept()
		e.wait(context.WithoutCancel(q.Context()), requestTimeout+rand64(rnd, time.Second))
		w.WriteHeader(http.StatusOK)
		return
	case cutting:
		accept()
		if rnd.IntN(2) == 0 {
			w.Header().Set("Content-Length", "100") // and breaks off in the middle of it
			w.WriteHeader(http.StatusOK)
			_, _ = io.WriteString(w, "half of the")
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	default:
		wait(time.Millisecond, 40*time.Millisecond)
	}
	accept()
	w.WriteHeader([]int{200, 201, 202, 204}[rnd.IntN(4)])
}

func (e *endpoint) wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func rand64(rnd *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(rnd.Int64N(int64(d)))
}

// refusal is the status for a request that holds an event which this endpoint will never take.
func (e *endpoint) refusal(events []event, rnd *rand.Rand) int {
	for i := range events {
		if e.hook.fate(&events[i]) == refused {
			if e.hook.batch > 0 && len(events) > 1 {
				return []int{400, 413, 422}[rnd.IntN(3)]
			}
			return e.hook.refusal[rnd.IntN(len(e.hook.refusal))]
		}
	}
	return 0
}

// read checks a request's form and signature and returns its events.
func (e *endpoint) read(q *http.Request, body []byte) []event {
	var elements []json.RawMessage
	switch {
	case e.hook.batch == 0:
		elements = append(elements, body)
	case json.Unmarshal(bytes.Clone(body), &elements) != nil:
		e.recorder.problem("%s got a batch that is no array: %.200q", e.hook.name, body)
		return nil
	}
	if len(elements) == 0 || len(elements) > max(1, e.hook.batch) {
		e.recorder.problem("%s got %d events in a request", e.hook.name, len(elements))
		return nil
	}
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write(elements[0])
	if got, want := q.Header.Get("X-Signature"), hex.EncodeToString(mac.Sum(nil)); got != want {
		e.recorder.problem("%s got the signature %q, want %q, on %.200q", e.hook.name, got, want, body)
		return nil
	}
	if (q.Header.Get("Idempotency-Key") == "") == (e.hook.batch == 0) {
		e.recorder.problem("%s got the Idempotency-Key %q", e.hook.name, q.Header.Get("Idempotency-Key"))
	}
	events := make([]event, len(elements))
	for i, text := range elements {
		if err := json.Unmarshal(text, &events[i]); err != nil || events[i].ID == "" {
			e.recorder.problem("%s got an event without an id: %.200q", e.hook.name, text)
			return nil
		}
	}
	if slices.ContainsFunc(events, func(x event) bool { return x.Type != "" && !e.hook.wants(&x) }) {
		e.recorder.problem("%s got an event that it has not asked for: %.200q", e.hook.name, body)
	}
	return events
}
