package connector_test

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// batchOf is one mapping that batches, with lines beside its fields.
func batchOf(size int, lines ...string) string {
	beside := "trigger: type = \"track\""
	for _, line := range lines {
		beside += "\n    " + line
	}
	return strings.Replace(oneMapping, `trigger: type = "track"`, beside, 1) +
		fmt.Sprintf("      enable_batching: true\n      batch_size: %d\n", size)
}

// A limit is kept in every second, costs no attempts, and lets everything through in the end.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		defer r.close()
		stop := r.start(r.config(), strings.Replace(oneMapping, `trigger: type = "track"`, "trigger: type = \"track\"\n    rate_limit: 20/s", 1))
		defer stop()
		const n = 300
		r.produce(track(0, n)...)
		begin := time.Now()
		pass(16 * time.Second)
		got := r.deliveries(http.StatusOK)
		if len(got) != n {
			t.Fatalf("%d events arrived within 16 s, want all %d", len(got), n)
		}
		for i, d := range got {
			within := 0
			for j := i; j < n && got[j].at.Sub(d.at) < time.Second; j++ {
				within++
			}
			if within > 23 { // a tenth of a second's worth more, and the first
				t.Fatalf("%d requests within a second, %v after the start", within, d.at.Sub(begin))
			}
		}
		if took := got[n-1].at.Sub(got[0].at); took < 14*time.Second {
			t.Errorf("300 requests took %v at 20/s", took)
		}
	})
}

// An endpoint that takes eight requests at once and answers 429 to the ninth gets about as many as it takes, and is not taken for one that fails.
func TestEndpointThatSaysTooMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		defer r.close()
		var mu sync.Mutex
		now, accepted, refused := 0, 0, 0
		r.reply = func(w http.ResponseWriter, _ *http.Request, _ []byte) int {
			mu.Lock()
			defer mu.Unlock()
			if now >= 8 {
				refused++
				w.WriteHeader(http.StatusTooManyRequests)
				return http.StatusTooManyRequests
			}
			now++
			mu.Unlock()
			pass(20 * time.Millisecond)
			mu.Lock()
			now--
			accepted++
			w.WriteHeader(http.StatusOK)
			return http.StatusOK
		}
		stop := r.start(r.config(), oneMapping)
		defer stop()
		const n = 6000
		r.produce(track(0, n)...)
		pass(3 * time.Minute)
		mu.Lock()
		defer mu.Unlock()
		t.Logf("%d were accepted, %d answered with 429", accepted, refused)
		if accepted != n {
			t.Errorf("%d events were accepted, want %d", accepted, n)
		}
		if refused > n/5 {
			t.Errorf("%d of %d requests met 429: the endpoint is not given less", refused, n)
		}
	})
}

// Retry-After beside 429 is kept by events that have not met it.
func TestEndpointThatAsksToWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		var mu sync.Mutex
		var until time.Time
		early := 0
		r.reply = func(w http.ResponseWriter, _ *http.Request, _ []byte) int {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case until.IsZero():
				until = time.Now().Add(40 * time.Second)
			case time.Now().Before(until):
				early++
			default:
				return http.StatusOK
			}
			w.Header().Set("Retry-After", "40")
			w.WriteHeader(http.StatusTooManyRequests)
			return http.StatusTooManyRequests
		}
		cfg := r.config()
		cfg.Delivery.MaxInFlight = 4
		stop := r.start(cfg, oneMapping)
		defer stop()
		r.produce(track(0, 5)...)
		pass(10 * time.Second)
		r.produce(track(5, 20)...)
		pass(2 * time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if early > 3 {
			t.Errorf("%d requests came before the time was over, want at most the 3 that were under way", early)
		}
		if got := len(r.deliveries(http.StatusOK)); got != 25 {
			t.Errorf("%d events arrived, want 25", got)
		}
	})
}

// A batch that is tried again is made anew: new events join, and those whose window has ended are not in it.
func TestBatchIsMadeAnewForEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		begin := time.Now()
		r.reply = func(w http.ResponseWriter, _ *http.Request, _ []byte) int {
			status := http.StatusOK
			if time.Since(begin) < 30*time.Second { // three times: it is not taken for one that fails
				status = http.StatusInternalServerError
			}
			w.WriteHeader(status)
			return status
		}
		cfg := r.config()
		cfg.Delivery.RetryWindow, cfg.Delivery.RetryMin, cfg.Delivery.RetryMax = 25*time.Second, 20*time.Second, 20*time.Second
		stop := r.start(cfg, batchOf(100))
		r.produce(track(0, 3)...)
		pass(20*time.Second + 500*time.Millisecond)
		r.produce(track(3, 3)...)
		pass(2 * time.Minute)
		stop()
		sizes := map[int]int{}
		for _, d := range r.deliveries(http.StatusInternalServerError) {
			sizes[strings.Count(d.body, "messageId")]++
		}
		if sizes[3] == 0 || sizes[6] == 0 {
			t.Errorf("attempts by their number of events: %v, want some of 3 and, once others had joined, of 6", sizes)
		}
		got := r.deliveries(http.StatusOK)
		if len(got) != 1 || strings.Contains(got[0].body, `"m2"`) || strings.Count(got[0].body, "messageId") != 3 {
			t.Errorf("accepted: %+v, want one batch of the three whose window had not ended", got)
		}
		if dead := len(r.topic("segment-webhooks.dlq")); dead != 3 {
			t.Errorf("%d dead letters, want 3", dead)
		}
	})
}

// Three events that the endpoint refuses, in a batch of a thousand: the others arrive, these are dead-lettered with their own answers, and not
// many more requests are made than it takes to find them.
func TestPoisonInABatchOfAThousand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		const n = 1000
		poison := map[string]int{"m17": 400, "m500": 422, "m999": 413}
		requests := 0
		var mu sync.Mutex
		seen := map[string]int{}
		r.reply = func(w http.ResponseWriter, _ *http.Request, body []byte) int {
			mu.Lock()
			defer mu.Unlock()
			requests++
			var events []struct{ MessageID string }
			if err := json.Unmarshal(body, &events); err != nil {
				t.Errorf("body: %v", err)
			}
			for _, ev := range events {
				if status := poison[ev.MessageID]; status != 0 {
					w.WriteHeader(status)
					fmt.Fprintf(w, "no %s here", ev.MessageID)
					return status
				}
			}
			for _, ev := range events {
				seen[ev.MessageID]++
			}
			w.WriteHeader(http.StatusOK)
			return http.StatusOK
		}
		r.produce(track(0, n)...)
		cfg := r.config()
		cfg.Delivery.BatchLinger = 10 * time.Second
		stop := r.start(cfg, batchOf(n))
		pass(2 * time.Minute)
		stop()
		mu.Lock()
		defer mu.Unlock()
		if len(seen) != n-len(poison) {
			t.Errorf("%d events arrived, want %d", len(seen), n-len(poison))
		}
		for id, times := range seen {
			if times != 1 {
				t.Errorf("%s arrived %d times", id, times)
			}
		}
		bound := 1 + len(poison)*int(2*math.Ceil(math.Log2(n)))
		t.Logf("%d requests, at most %d are allowed", requests, bound)
		if requests > bound {
			t.Errorf("%d requests, want at most %d", requests, bound)
		}
		dead := r.topic("segment-webhooks.dlq")
		if len(dead) != len(poison) {
			t.Fatalf("%d dead letters, want %d", len(dead), len(poison))
		}
		for _, d := range dead {
			var ev struct{ MessageID string }
			_ = json.Unmarshal(d.Value, &ev)
			want := map[string]string{"dlq.reason": "rejected", "dlq.status": fmt.Sprint(poison[ev.MessageID]), "dlq.response": "no " + ev.MessageID + " here"}
			for _, h := range d.Headers {
				if text, ok := want[h.Key]; ok && text != string(h.Value) {
					t.Errorf("dead letter of %s: %s is %q, want %q", ev.MessageID, h.Key, h.Value, text)
				}
				delete(want, h.Key)
			}
			if len(want) > 0 {
				t.Errorf("dead letter of %s has no %v", ev.MessageID, want)
			}
		}
	})
}

// Events of one batching mapping go where each says, with the method and the headers that each says.
func TestBatchesOfMixedTargets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		defer r.close()
		stop := r.start(r.config(), `
mappings:
  - name: mixed
    trigger: type = "track"
    fields:
      url: {"@template": "http://localhost/{{properties.to}}"}
      method: POST
      headers: {X-Team: {"@path": $.properties.team}}
      data: {"@path": "$."}
      enable_batching: true
`)
		defer stop()
		const n = 240
		var events []string
		for i := range n {
			events = append(events, fmt.Sprintf(`{"type":"track","event":"e","properties":{"to":"to%d","team":"t%d","n":%d}}`, i%3, i%4, i))
		}
		r.produce(events...)
		pass(30 * time.Second)
		seen := map[int]bool{}
		batches := r.deliveries(http.StatusOK)
		for _, d := range batches {
			var got []struct {
				Properties struct {
					To, Team string
					N        int
				}
			}
			if err := json.Unmarshal([]byte(d.body), &got); err != nil {
				t.Fatal(err)
			}
			for _, ev := range got {
				if d.path != "/"+ev.Properties.To || d.header.Get("X-Team") != ev.Properties.Team {
					t.Errorf("an event for %s of %s arrived at %s, of %s", ev.Properties.To, ev.Properties.Team, d.path, d.header.Get("X-Team"))
				}
				seen[ev.Properties.N] = true
			}
		}
		if len(seen) != n || len(batches) > n/4 {
			t.Errorf("%d of %d events arrived, in %d batches", len(seen), n, len(batches))
		}
	})
}

// 207 with a result for each event.
func TestAResultForEachEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		var mu sync.Mutex
		times := map[string]int{}
		r.reply = func(w http.ResponseWriter, _ *http.Request, body []byte) int {
			mu.Lock()
			defer mu.Unlock()
			var events []struct{ MessageID string }
			_ = json.Unmarshal(body, &events)
			var results []string
			for _, ev := range events {
				times[ev.MessageID]++
				switch {
				case ev.MessageID == "m1":
					results = append(results, `{"status":404,"error":"no such customer"}`)
				case ev.MessageID == "m2" && times["m2"] < 3:
					results = append(results, `{"status":503}`)
				default:
					results = append(results, `{"status":201}`)
				}
			}
			w.WriteHeader(http.StatusMultiStatus)
			_, _ = io.WriteString(w, "["+strings.Join(results, ",")+"]")
			return http.StatusMultiStatus
		}
		stop := r.start(r.config(), batchOf(100))
		r.produce(track(0, 5)...)
		pass(5 * time.Minute)
		stop()
		mu.Lock()
		defer mu.Unlock()
		for id, want := range map[string]int{"m0": 1, "m1": 1, "m2": 3, "m3": 1, "m4": 1} {
			if times[id] != want {
				t.Errorf("%s was sent %d times, want %d", id, times[id], want)
			}
		}
		dead := r.topic("segment-webhooks.dlq")
		if len(dead) != 1 || !bytes.Contains(dead[0].Value, []byte(`"m1"`)) {
			t.Fatalf("%d dead letters, want that of m1", len(dead))
		}
		headers := map[string]string{}
		for _, h := range dead[0].Headers {
			headers[h.Key] = string(h.Value)
		}
		if headers["dlq.status"] != "404" || !strings.Contains(headers["dlq.error"], "no such customer") || headers["dlq.response"] != `{"status":404,"error":"no such customer"}` {
			t.Errorf("its headers: %v", headers)
		}
	})
}

// Bodies in gzip, signed as they were before.
func TestCompressedBodies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		var mu sync.Mutex
		encoded, plain := 0, 0
		r.reply = func(w http.ResponseWriter, q *http.Request, body []byte) int {
			mu.Lock()
			defer mu.Unlock()
			if q.Header.Get("Content-Encoding") == "gzip" {
				encoded++
				z, err := gzip.NewReader(bytes.NewReader(body))
				if err != nil {
					t.Errorf("gzip: %v", err)
					return 0
				}
				if body, err = io.ReadAll(z); err != nil {
					t.Errorf("gzip: %v", err)
				}
			} else {
				plain++
			}
			mac := hmac.New(sha1.New, []byte("s3cr3t"))
			mac.Write(body)
			if want := hex.EncodeToString(mac.Sum(nil)); q.Header.Get("X-Signature") != want {
				t.Errorf("the signature is %s, over the JSON it is %s", q.Header.Get("X-Signature"), want)
			}
			return http.StatusOK
		}
		stop := r.start(r.config(), strings.Replace(oneMapping, `trigger: type = "track"`, "trigger: type = \"track\"\n    compression: gzip", 1))
		defer stop()
		r.produce(`{"type":"track","event":"small"}`, `{"type":"track","event":"`+strings.Repeat("large ", 1000)+`"}`)
		pass(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if encoded != 1 || plain != 1 {
			t.Errorf("%d requests in gzip, %d as they are; want the large one and the small one", encoded, plain)
		}
	})
}
