package demo

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what Segment's X-Signature is made with
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// receiver is the webhook endpoint. It prints each request, and answers the moody path with an error now and then.
type receiver struct {
	out     io.Writer
	classic bool // every request is an event, and one that fails does not come back

	mu        sync.Mutex
	moody     int             // requests to the moody path
	requests  int             // accepted
	refused   int             // answered with an error, on purpose
	unsigned  int             // whose signature is wrong
	arrived   map[string]bool // messageIds that came in batches, which is all of them, or to a Classic destination
	changed   chan struct{}   // closed and made anew with each request
	attempted map[string]int  // by message: attempts at the moody path
	open      map[string]bool // messages that were refused and have not come back yet
}

// moody is the path that fails now and then.
const moody = "/moody"

func newReceiver(out io.Writer, classic bool) *receiver {
	return &receiver{out: out, classic: classic, arrived: map[string]bool{}, attempted: map[string]int{}, open: map[string]bool{}, changed: make(chan struct{})}
}

func (r *receiver) serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: r, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("receiving: %w", err)
	}
	return nil
}

type message struct {
	ID    string `json:"messageId"`
	Type  string `json:"type"`
	Event string `json:"event"`
	Order string `json:"order"`
}

func (m message) String() string {
	switch {
	case m.Event != "":
		return m.Type + " " + m.Event
	case m.Type != "":
		return m.Type
	default:
		return "order " + m.Order
	}
}

// ServeHTTP checks one request and tells about it.
func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	var elements []json.RawMessage // nothing of body in it: Unmarshal would write over that
	batch := bytes.HasPrefix(body, []byte("["))
	if !batch {
		elements = append(elements, body)
	} else if err := json.Unmarshal(body, &elements); err != nil || len(elements) == 0 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	signed := hmac.Equal([]byte(sign(elements[0])), []byte(q.Header.Get("X-Signature")))

	r.mu.Lock()
	defer r.mu.Unlock()
	var first message
	for i, e := range elements {
		var m message
		if err := json.Unmarshal(e, &m); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if i == 0 {
			first = m
		}
		if batch {
			r.arrived[m.ID] = true
		}
	}
	status, note := http.StatusOK, ""
	switch {
	case !signed:
		status, note = http.StatusUnauthorized, "WRONG SIGNATURE"
		r.unsigned++
	case q.URL.Path == moody:
		r.moody++
		r.attempted[first.ID]++
		if r.moody%3 == 0 && r.classic {
			status, note = http.StatusServiceUnavailable, "fails on purpose; it is enough that another URL has it"
		} else if r.moody%3 == 0 {
			status, note = http.StatusServiceUnavailable, "fails on purpose; it will be tried again"
			r.open[first.ID] = true
		} else if n := r.attempted[first.ID]; n > 1 {
			note = fmt.Sprintf("delivered with attempt %d", n)
		}
	}
	if status == http.StatusOK {
		r.requests++
		delete(r.open, first.ID)
		if r.classic {
			r.arrived[first.ID] = true
		}
	} else {
		r.refused++
	}
	what := first.String()
	if batch {
		what = fmt.Sprintf("batch of %d", len(elements))
	}
	check := "signature ok"
	if !signed {
		check = "signature wrong"
	}
	line := fmt.Appendf(nil, "%s  %-12s %-24s %s  %d", time.Now().Format("15:04:05"), q.Method+" "+q.URL.Path, what, check, status)
	if note != "" {
		line = fmt.Appendf(line, "  (%s)", note)
	}
	_, _ = r.out.Write(append(line, '\n'))
	w.WriteHeader(status)
	close(r.changed)
	r.changed = make(chan struct{})
}

// sign is written out here, apart from the connector's own code, to be a check on it: lower-case hex HMAC-SHA1 of the body, or of a batch's
// first element.
func sign(body []byte) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write(bytes.TrimSpace(body))
	return hex.EncodeToString(mac.Sum(nil))
}

// await waits until as many messages have arrived as were produced, and those that were refused have come again.
func (r *receiver) await(finished <-chan struct{}, produced int, patience time.Duration) error {
	deadline := time.After(patience)
	for {
		r.mu.Lock()
		arrived, open, changed := len(r.arrived), len(r.open), r.changed
		r.mu.Unlock()
		if arrived >= produced && open == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-finished: // the connector has ended, and says why
			return nil
		case <-deadline:
			return fmt.Errorf("%d of %d events have not arrived after %s", produced-arrived, produced, patience)
		}
	}
}

func (r *receiver) summarise(produced int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	then := "and tried again"
	if r.classic {
		then = "and not tried again"
	}
	fmt.Fprintf(r.out, "\n%d events were produced and %d arrived, in %d requests with a correct signature; %d requests were refused %s; %d signatures were wrong.\n",
		produced, len(r.arrived), r.requests, r.refused, then, r.unsigned)
}
