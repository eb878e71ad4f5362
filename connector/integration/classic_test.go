//go:build integration

package integration

import (
	"bytes"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"segment-webhooks/connector/kafkatest"
)

// classic runs the command with nothing but a Classic destination.
func (s *system) classic(t *testing.T, urls []string, more ...string) {
	t.Helper()
	p := s.spawn("", append([]string{"CONNECTOR_WEBHOOK_URLS=" + strings.Join(urls, ","), "CONNECTOR_COMMIT_INTERVAL=100ms"}, more...)...)
	t.Cleanup(func() {
		stopGracefully(t, p)
		if t.Failed() {
			t.Logf("the connector's output:\n%s", p.output)
		}
	})
}

// awaitCommit waits until all offsets are committed.
func (s *system) awaitCommit(t *testing.T, r *receiver) {
	t.Helper()
	r.await(t, "the commit of all offsets", time.Minute, func() bool {
		committed, end := s.committed()
		return committed == end
	})
}

// stories are the headers of the dead letters, those that say why.
func (s *system) stories() (all []map[string]string) {
	s.t.Helper()
	for _, l := range s.letters() {
		story := map[string]string{}
		for _, h := range l.Headers {
			story[h.Key] = string(h.Value)
		}
		all = append(all, story)
	}
	return all
}

// The events of Segment's page about Webhooks (Classic) arrive as that page shows them, signed as it says.
func TestClassicExamplesArrive(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 1)
	r := newReceiver(t)
	r.withNode(t)
	var mu sync.Mutex
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		mu.Lock()
		got = append(got, strings.Join([]string{q.Method, q.Header.Get("User-Agent"), q.Header.Get("Content-Type"), string(body)}, " "))
		mu.Unlock()
		q.Body = io.NopCloser(bytes.NewReader(body))
		r.ServeHTTP(w, q)
	}))
	t.Cleanup(server.Close)
	files, err := filepath.Glob("../testdata/classic/*.json")
	if err != nil || len(files) != 7 {
		t.Fatalf("%d events, want the seven of the page (%v)", len(files), err)
	}
	var want []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s.produce(string(text))
		node := exec.CommandContext(t.Context(), "node", "-e", `process.stdout.write(JSON.stringify(JSON.parse(require("fs").readFileSync(0, "utf8"))))`)
		node.Stdin = bytes.NewReader(text)
		body, err := node.Output()
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, "POST Segment.io/1.0 application/json "+string(body))
	}
	s.classic(t, []string{server.URL + "/x"})
	s.awaitCommit(t, r)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("requests\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if r.unsigned > 0 {
		t.Errorf("%d requests had a signature that Node does not accept", r.unsigned)
	}
}

// One of three URLs is up: it gets every event, and the others get each once, whatever became of that.
func TestClassicOneOfThreeIsUp(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 2)
	r := newReceiver(t)
	r.answer("/busy", http.StatusServiceUnavailable)
	const n = 700
	s.produce(all(n)...)
	s.classic(t, []string{r.url + "/busy", r.url + "/up", "http://127.0.0.1:1/nobody"})
	s.awaitCommit(t, r)
	if got := r.distinct("/up"); got != n {
		t.Errorf("%d of %d events arrived", got, n)
	}
	for _, path := range []string{"/busy", "/up"} {
		if got := r.asked(path); got != n {
			t.Errorf("%s got %d requests, want one for each of %d events", path, got, n)
		}
	}
	if got := s.stories(); len(got) > 0 {
		t.Errorf("dead letters %v, want none", got)
	}
}

// All URLs are down: all are asked again and again, and the event is dead-lettered when its window ends.
func TestClassicAllAreDown(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 1)
	r := newReceiver(t)
	r.answer("/busy", http.StatusServiceUnavailable)
	r.answer("/broken", http.StatusInternalServerError)
	s.produce(event(0))
	begin := time.Now()
	s.classic(t, []string{r.url + "/busy?token=hidden", r.url + "/broken?token=hidden"},
		"CONNECTOR_RETRY_WINDOW=4s", "CONNECTOR_RETRY_MIN=200ms", "CONNECTOR_RETRY_MAX=500ms")
	s.awaitCommit(t, r)
	if waited := time.Since(begin); waited < 4*time.Second {
		t.Errorf("given up after %v, the window is 4 s", waited)
	}
	busy, broken := r.asked("/busy"), r.asked("/broken")
	if busy != broken || busy < 3 {
		t.Errorf("%d and %d requests, want as many to one as to the other, and some more than one", busy, broken)
	}
	all := s.stories()
	if len(all) != 1 {
		t.Fatalf("%d dead letters, want one", len(all))
	}
	story := all[0]
	deciding := map[string]string{r.url + "/busy": "503", r.url + "/broken": "500"}
	if status := deciding[story["dlq.url"]]; status == "" || status != story["dlq.status"] {
		t.Errorf("url %q and status %q are not of one answer", story["dlq.url"], story["dlq.status"])
	}
	for key, want := range map[string]string{
		"dlq.mapping": "classic", "dlq.reason": "window_expired", "dlq.attempts": strconv.Itoa(busy + broken), "dlq.method": "POST",
		"dlq.error": r.url + "/busy: status 503; " + r.url + "/broken: status 500", "dlq.response": "answer of the receiver",
	} {
		if story[key] != want {
			t.Errorf("header %s is %q, want %q", key, story[key], want)
		}
	}
}

// With "all" each URL gets every event as its own health allows: one that is down gets them when it is back, one that is dead has them
// dead-lettered, and neither keeps the third waiting. A mapping runs beside them.
func TestClassicEachOnItsOwn(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 2)
	r := newReceiver(t)
	r.answer("/down", http.StatusServiceUnavailable)
	const n = 700
	s.produce(all(n)...)
	s.classic(t, []string{r.url + "/well", r.url + "/down", "http://127.0.0.1:1/dead"},
		"CONNECTOR_CLASSIC_DELIVER_TO=all", "CONNECTOR_MAPPINGS="+single(r.url),
		"CONNECTOR_RETRY_WINDOW=20s", "CONNECTOR_RETRY_MIN=200ms", "CONNECTOR_RETRY_MAX=1s")
	begin := time.Now()
	r.await(t, "all events at the URL that is well", 20*time.Second, func() bool { return r.distinct("/well") == n })
	if got := r.distinct("/down"); got != 0 {
		t.Errorf("the URL that is down took %d events", got)
	}
	r.answer("/down", http.StatusOK)
	r.await(t, "all events at the URL that is back", 20*time.Second, func() bool { return r.distinct("/down") == n })
	t.Logf("all events were at both after %v", time.Since(begin).Round(time.Millisecond))
	s.awaitCommit(t, r)
	for _, path := range []string{"/well", "/down"} {
		ids := make([]string, n)
		for i := range ids {
			ids[i] = id(i)
		}
		if missing, duplicates := r.missing(path, ids); len(missing) > 0 || duplicates > 0 {
			t.Errorf("%s: %d missing, %d duplicates", path, len(missing), duplicates)
		}
	}
	if got := r.asked("/well"); got != n {
		t.Errorf("the URL that is well got %d requests, want one for each of %d events", got, n)
	}
	if got := r.distinct("/orders"); got != n/7 {
		t.Errorf("the mapping delivered %d events, want %d", got, n/7)
	}
	dead := map[string]int{}
	for _, story := range s.stories() {
		dead[story["dlq.mapping"]+" "+story["dlq.reason"]]++
	}
	if dead["classic-3 window_expired"] != n || len(dead) != 1 {
		t.Errorf("dead letters %v, want %d of classic-3", dead, n)
	}
}

// A server whose certificate nobody vouches for gets no request, and the dead letter says why; with its authority configured it gets all.
func TestClassicSelfSignedCertificate(t *testing.T) {
	r := newReceiver(t)
	server := httptest.NewUnstartedServer(r)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains about the handshakes
	server.StartTLS()
	t.Cleanup(server.Close)
	cluster := kafkatest.Start(t)

	t.Run("unknown", func(t *testing.T) {
		s := newSystem(t, cluster, 1)
		s.produce(event(0))
		s.classic(t, []string{server.URL + "/tls"}, "CONNECTOR_RETRY_WINDOW=2s", "CONNECTOR_RETRY_MIN=200ms")
		s.awaitCommit(t, r)
		if got := r.asked("/tls"); got != 0 {
			t.Errorf("the server got %d requests, want none", got)
		}
		all := s.stories()
		if len(all) != 1 || !strings.Contains(all[0]["dlq.error"], "certificate signed by unknown authority") || all[0]["dlq.mapping"] != "classic" {
			t.Errorf("dead letters %v, want one that names the certificate", all)
		}
	})
	t.Run("known", func(t *testing.T) {
		s := newSystem(t, cluster, 1)
		authority := filepath.Join(t.TempDir(), "ca.pem")
		block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		if err := os.WriteFile(authority, block, 0o600); err != nil {
			t.Fatal(err)
		}
		s.produce(event(0), event(1))
		s.classic(t, []string{server.URL + "/tls"}, "CONNECTOR_ENDPOINT_CA_FILE="+authority)
		s.awaitCommit(t, r)
		if asked, arrived := r.asked("/tls"), r.distinct("/tls"); asked != 2 || arrived != 2 {
			t.Errorf("%d requests and %d events, want two", asked, arrived)
		}
		if got := s.stories(); len(got) > 0 {
			t.Errorf("dead letters %v, want none", got)
		}
	})
}
