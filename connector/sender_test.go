package connector_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector"
	"segment-webhooks/mapping"
)

// headers are a dead letter's headers by name.
func headers(r *kgo.Record) map[string]string {
	all := map[string]string{}
	for _, h := range r.Headers {
		all[h.Key] = string(h.Value)
	}
	return all
}

// What names a request is the same at every attempt, before and after a restart, for single events and for batches; and what
// holds the time of an attempt is not.
func TestNamesOfRequestsOutliveARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		var up atomic.Bool
		r.answer = func(*http.Request) int {
			if up.Load() {
				return http.StatusOK
			}
			return http.StatusServiceUnavailable
		}
		cfg := r.config()
		cfg.Delivery.Signing = []string{"segment", "sha256", "standard"}
		const mappings = `
mappings:
  - name: one by one
    trigger: type = "track"
    fields: {url: "http://localhost/one", method: POST, data: {"@path": "$."}}
  - name: in batches
    trigger: type = "track"
    fields: {url: "http://localhost/many", method: POST, data: {"@path": "$."}, enable_batching: true, batch_size: 3}
`
		stop := r.start(cfg, mappings)
		r.produce(track(0, 3)...)
		wait(time.Minute)
		stop()
		stop = r.start(cfg, mappings)
		wait(time.Minute)
		up.Store(true)
		wait(10 * time.Minute)
		stop()

		names := map[string]map[string]bool{} // by body
		times := map[string]bool{}
		for _, d := range append(r.deliveries(http.StatusServiceUnavailable), r.deliveries(http.StatusOK)...) {
			id, key := d.header.Get("Webhook-Id"), d.header.Get("Idempotency-Key")
			if id == "" || strings.Contains(id, ".") || d.header.Get("X-Signature-256") == "" || !strings.HasPrefix(d.header.Get("Webhook-Signature"), "v1,") {
				t.Fatalf("%s came with %v", d.path, d.header)
			}
			if d.path == "/one" && (key == "" || key != id) || d.path == "/many" && key != "" {
				t.Errorf("%s came with the key %q and the id %q", d.path, key, id)
			}
			if strings.Count(d.body, "messageId") == 2 {
				continue // a probe's batch may hold fewer events than the others
			}
			at := d.path + d.body
			if names[at] == nil {
				names[at] = map[string]bool{}
			}
			names[at][id] = true
			times[d.header.Get("Webhook-Timestamp")] = true
		}
		seen := map[string]bool{}
		for body, ids := range names {
			if len(ids) != 1 {
				t.Errorf("%s came under the ids %v", body, ids)
			}
			for id := range ids {
				if seen[id] {
					t.Errorf("the id %s was there twice", id)
				}
				seen[id] = true
			}
		}
		if len(times) < 4 {
			t.Errorf("the attempts had the times %v", times)
		}
	})
}

// tokens serves access tokens at localhost:90 while up says so, and counts who asks.
func (r *rig) tokens(up *atomic.Bool) *atomic.Int64 {
	r.t.Helper()
	l, err := r.net.Listen("tcp", "localhost:90")
	if err != nil {
		r.t.Fatal(err)
	}
	asked := new(atomic.Int64)
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1); !up.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":600}`, asked.Load())
	})}
	go func() { _ = s.Serve(l) }()
	r.t.Cleanup(func() { s.Close() })
	return asked
}

const oauthMapping = `
mappings:
  - name: guarded
    trigger: type = "track"
    auth: {oauth2: {token_url: "http://localhost:90/token?k=hunter2", client_id: me, client_secret: hunter2}}
    fields: {url: "http://localhost/hook", method: POST, data: {"@path": "$."}}
`

// While there are no access tokens events wait, as they do for an endpoint that fails; what is never sent for want of one says so.
func TestTokenEndpointIsDown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		down            time.Duration
		delivered, dead int
	}{{10 * time.Minute, 20, 0}, {25 * time.Minute, 0, 20}} {
		t.Run(c.down.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				defer r.close()
				var up atomic.Bool
				asked := r.tokens(&up)
				r.answer = func(q *http.Request) int {
					if !strings.HasPrefix(q.Header.Get("Authorization"), "Bearer token-") {
						return http.StatusUnauthorized
					}
					return http.StatusOK
				}
				cfg := r.config()
				cfg.Delivery.RetryWindow = 20 * time.Minute
				stop := r.start(cfg, oauthMapping)
				r.produce(track(0, 20)...)
				wait(c.down)
				if dead := len(r.topic("segment-webhooks.dlq")); c.dead == 0 && dead > 0 {
					t.Errorf("%d events were given up before their window had ended", dead)
				}
				before := asked.Load()
				up.Store(true)
				wait(6 * time.Minute)
				stop()
				if got := len(r.deliveries(http.StatusOK)); got != c.delivered {
					t.Errorf("%d events were delivered, want %d", got, c.delivered)
				}
				letters := r.topic("segment-webhooks.dlq")
				if len(letters) != c.dead {
					t.Errorf("%d dead letters, want %d", len(letters), c.dead)
				}
				for _, l := range letters {
					h := headers(l)
					if h["dlq.reason"] != "window_expired" || !strings.Contains(h["dlq.error"], "no access token from http://localhost:90/token: status 500") {
						t.Errorf("a dead letter says %v", h)
					}
				}
				if got := len(r.deliveries(http.StatusUnauthorized)); got > 0 {
					t.Errorf("%d requests went out without a token", got)
				}
				t.Logf("asked %d times for a token while there was none", before)
			})
		})
	}
}

// lines is a log that many write.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Credentials in URLs, queries, headers, secrets and tokens are in no log, no metric and no dead letter, whatever becomes of the
// requests.
func TestSecretsStayIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		log := &lines{}
		r.log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		var up atomic.Bool
		r.tokens(&up)
		r.answer = func(q *http.Request) int {
			switch q.URL.Path {
			case "/rejects":
				return http.StatusForbidden
			case "/fails":
				return http.StatusServiceUnavailable
			}
			return http.StatusOK
		}
		cfg := r.config()
		cfg.Delivery.RetryWindow, cfg.Delivery.RetryMax = 10*time.Minute, time.Minute
		cfg.Delivery.Signing = []string{"segment", "sha256", "standard"}
		stop := r.start(cfg, `
x-all: &fields {method: POST, headers: {X-Api-Key: hunter2-header, X-Other: "hunter2-other"}, data: {"@path": "$."}}
mappings:
  - {name: works, trigger: type = "track", secret: hunter2-secret, previous_secret: hunter2-previous, auth: {bearer: {token: hunter2-token}},
     fields: {<<: *fields, url: "http://localhost/works?key=hunter2-query"}}
  - {name: rejects, trigger: type = "track", auth: {basic: {username: ada, password: hunter2-password}},
     fields: {<<: *fields, url: "http://localhost/rejects?key=hunter2-query#hunter2-fragment"}}
  - {name: fails, trigger: type = "track", fields: {<<: *fields, url: "http://hunter2-user:hunter2-pass@localhost/fails?key=hunter2-query"}}
  - {name: refuses, trigger: type = "track", fields: {<<: *fields, url: "http://hunter2-user:hunter2-pass@localhost:81/?key=hunter2-query"}}
  - {name: no token, trigger: type = "track", auth: {oauth2: {token_url: "http://localhost:90/?k=hunter2-query", client_id: me, client_secret: hunter2-client}},
     fields: {<<: *fields, url: "http://localhost/hook"}}
  - {name: no request, trigger: type = "track", fields: {<<: *fields, url: {"@template": "http://localhost/{{ messageId }} ?k=hunter2-query"}}}
`)
		r.produce(track(0, 3)...)
		wait(30 * time.Minute)
		stop()
		if got := len(r.at("/works", http.StatusOK)); got != 3 {
			t.Errorf("%d were delivered, want 3", got)
		}
		letters := r.topic("segment-webhooks.dlq")
		if len(letters) != 15 {
			t.Errorf("%d dead letters, want 15", len(letters))
		}
		families, err := r.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		places := map[string]string{"the log": log.String(), "the metrics": fmt.Sprint(families)}
		for _, l := range letters {
			h := headers(l)
			places["the dead letter of "+h["dlq.mapping"]] += fmt.Sprint(h)
		}
		for place, text := range places {
			if i := strings.Index(text, "hunter2"); i >= 0 {
				t.Errorf("%s shows a secret: …%s…", place, text[max(0, i-200):min(len(text), i+60)])
			}
		}
		for _, want := range []string{"rejects", "fails", "no token"} {
			if !strings.Contains(places["the log"], want) {
				t.Errorf("the log does not mention %q: it is not the one that was searched", want)
			}
		}
	})
}

// elsewhere is a connection that leads to an address.
type elsewhere struct {
	net.Conn

	to net.Addr
}

func (e elsewhere) RemoteAddr() net.Addr { return e.to }

// Events whose URLs lead where no stranger may get are dead letters that say why, and nothing is sent.
func TestStrangersURLs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		set, _, err := mapping.LoadText("mappings.yaml", []byte(`
mappings:
  - name: to anywhere
    trigger: type = "track"
    fields: {url: {"@path": $.properties.url}, method: POST, headers: {X-Name: {"@path": $.properties.name}}, data: {"@path": "$."}}
`), noEnvironment, mapping.Options{AllowedHosts: []string{"*.example.com", "169.254.169.254", "127.0.0.1", "2130706433.example.com"}})
		if err != nil {
			t.Fatal(err)
		}
		addresses := map[string]string{"good.example.com:80": "93.184.215.14", "private.example.com:80": "10.0.0.1", "mapped.example.com:80": "::ffff:127.0.0.1", "nat64.example.com:80": "64:ff9b::a9fe:a9fe"}
		dial := func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := r.net.DialContext(ctx, network, "localhost:80")
			return elsewhere{conn, &net.TCPAddr{IP: net.ParseIP(addresses[address]), Port: 80}}, err
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- connector.Run(ctx, r.config(), set, connector.Options{DialKafka: r.net.DialContext, DialEndpoint: dial})
		}()
		want := map[string]string{ // what the dead letter says, by URL
			"http://private.example.com/":        "address 10.0.0.1 may not be dialled",
			"http://mapped.example.com/":         "may not be dialled",
			"http://nat64.example.com/":          "may not be dialled",
			"http://169.254.169.254/latest":      "the metadata service of a cloud",
			"http://[::ffff:169.254.169.254]/":   "the metadata service of a cloud",
			"http://[64:ff9b::a9fe:a9fe]/":       "the metadata service of a cloud",
			"http://10.0.0.1/":                   "not among the allowed hosts",
			"http://2130706433/":                 "is no IPv4 address",
			"http://0x7f000001/":                 "is no IPv4 address",
			"http://017700000001/":               "is no IPv4 address",
			"http://127.1/":                      "is no IPv4 address",
			"http://evil.example.org/":           "not among the allowed hosts",
			"http://good.example.com@evil.test/": "not among the allowed hosts",
			"gopher://good.example.com/":         "only http and https",
		}
		for url := range want {
			r.produce(fmt.Sprintf(`{"type":"track","properties":{"url":%q,"name":"n"}}`, url))
		}
		r.produce(`{"type":"track","properties":{"url":"http://good.example.com/","name":"n\r\nX-Evil: 1"}}`)
		r.produce(`{"type":"track","properties":{"url":"http://good.example.com/","name":"n"}}`)
		wait(time.Minute)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		letters := r.topic("segment-webhooks.dlq")
		if len(letters) != len(want)+1 {
			t.Errorf("%d dead letters, want %d", len(letters), len(want)+1)
		}
		for _, l := range letters {
			why := headers(l)["dlq.error"]
			if strings.Contains(string(l.Value), "X-Evil") {
				if !strings.Contains(why, "X-Name cannot be sent") {
					t.Errorf("a header with a line break: the dead letter says %q", why)
				}
				continue
			}
			for url, text := range want {
				if strings.Contains(string(l.Value), fmt.Sprintf("%q", url)) && !strings.Contains(why, text) {
					t.Errorf("%s: the dead letter says %q, want %q in it", url, why, text)
				}
			}
		}
		if got := len(r.deliveries(http.StatusOK)); got != 1 {
			t.Errorf("%d requests arrived, want that to the good address alone", got)
		}
	})
}
