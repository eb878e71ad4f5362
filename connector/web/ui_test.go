package web_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"segment-webhooks/connector/overview"
	"segment-webhooks/connector/preview"
	"segment-webhooks/connector/web"
)

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// hostile is what event data and names may hold.
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>`

// stand is a UI over a book of two mappings and the lane of what is no event.
func stand(change func(*web.Now)) (*web.UI, *overview.Book, []*overview.Account) {
	book := overview.New(true, begin)
	accounts := book.Use([]string{"orders", "views", ""}, begin)
	return &web.UI{
		Report: book.Report,
		Now: func() web.Now {
			n := web.Now{
				Name: "shop", Started: begin, At: begin.Add(time.Minute), Window: 4 * time.Hour, DeadLetters: "shop.dlq",
				MemoryUsed: 1 << 20, MemoryBudget: 256 << 20,
				Mappings: []web.Mapping{
					{ID: "orders", Name: "Orders", Trigger: `type = "track"`, Endpoint: "https://erp.example.com"},
					{ID: "views", Name: "Views", Trigger: `type = "page"`, Batched: true},
					{},
				},
				Partitions: []web.Partition{{Topic: "events", Number: 3, Head: 120}},
			}
			if change != nil {
				change(&n)
			}
			return n
		},
		Try: func(event []byte) preview.Trial {
			return preview.Trial{Title: "tried " + string(event), Results: []preview.Result{{Mapping: "Orders", Reason: "it is " + string(event)}}}
		},
	}, book, accounts
}

func serve(t *testing.T, ui *web.UI) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(web.Handler(web.Endpoints{Ready: func() error { return nil }, Metrics: http.NotFoundHandler(), UI: ui}))
	t.Cleanup(s.Close)
	return s
}

// got is an answer that was read to its end.
type got struct {
	status int
	header http.Header
	page   string
}

func get(t *testing.T, address string) got {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got{answer.StatusCode, answer.Header, string(body)}
}

func holds(t *testing.T, page string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(page, part) {
			t.Errorf("the page does not hold %q:\n%s", part, page[strings.Index(page, "<main"):])
		}
	}
}

func TestOverviewSaysHowThingsStand(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*web.Now)
		fail   *overview.Reason
		want   []string
	}{
		{"all well", nil, nil, []string{"Everything is being delivered", "No event failed in the 1 min since the start", "https://erp.example.com", "several URLs, in batches"}},
		{"one fails", func(n *web.Now) {
			n.Mappings[0].Failing, n.Mappings[0].Since = true, begin.Add(-11*time.Minute)
			n.Mappings[0].Oldest, n.Mappings[0].Lag = begin.Add(-11*time.Minute), 1234
		}, nil, []string{"1 of 2 mappings is failing", "Orders: nothing has got through for 12 min", "since 11:49:00", "3 h 48 min", "1,234"}},
		{"both fail", func(n *web.Now) {
			n.Mappings[0].Failing, n.Mappings[1].Failing = true, true
		}, nil, []string{"2 of 2 mappings are failing"}},
		{"near the end", func(n *web.Now) { n.Mappings[0].Oldest = begin.Add(-4 * time.Hour) }, nil, []string{`class="n bad" data-label="Expires in"><b>over`}},
		{"not ready", func(n *web.Now) {
			n.Problems = []string{"the dead-letter topic cannot be written: no"}
		}, nil, []string{"Needs attention", "the dead-letter topic cannot be written: no"}},
		{"no partition", func(n *web.Now) { n.Partitions = nil }, nil, []string{"Nothing to read yet", "No partition is assigned"}},
		{"paused", func(n *web.Now) { n.Partitions[0].Paused = true }, nil, []string{"Paused for want of memory"}},
		{"given up", nil, &overview.Reason{GivenUp: true, Why: "rejected", Status: 401}, []string{
			"Delivering, and some events were given up", "shop.dlq", "Refused by the webhook, 401 Unauthorized", "given up", "1 sample<", "events / 3 / 77",
		}},
		{"tried again", nil, &overview.Reason{Why: "dns"}, []string{"The host name does not resolve", "tried again"}},
		{"unknown reason", nil, &overview.Reason{GivenUp: true, Why: "too_late"}, []string{"too late"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ui, _, accounts := stand(c.change)
			if c.fail != nil {
				accounts[0].Failed(*c.fail, 1, overview.Answer{At: begin, Status: c.fail.Status}, func() overview.Sample {
					return overview.Sample{At: begin, Topic: "events", Partition: 3, Offset: 77, Timestamp: begin}
				})
			}
			holds(t, get(t, serve(t, ui).URL+"/").page, c.want...)
		})
	}
}

func TestSpans(t *testing.T) {
	ui, book, _ := stand(func(n *web.Now) { n.At = begin.Add(2 * time.Hour) })
	book.Read(begin.Add(90*time.Minute), 4321, 0, []int{4000, 0})
	s := serve(t, ui)
	for span, shown := range map[string]bool{"": false, "?span=10m": false, "?span=1h": true, "?span=24h": true, "?span=nonsense": false} {
		if strings.Contains(get(t, s.URL+"/"+span).page, "4,321") != shown {
			t.Errorf("%q shows what was read half an hour ago: %v, want %v", span, !shown, shown)
		}
	}
}

// Whatever names and event data hold, it is text.
func TestNothingRuns(t *testing.T) {
	ui, _, accounts := stand(func(n *web.Now) {
		n.Name, n.Problems = hostile, []string{hostile}
		n.Mappings[0] = web.Mapping{ID: "orders", Name: hostile, Trigger: hostile, Endpoint: hostile, Failing: true}
		n.Partitions[0].Topic = hostile
	})
	accounts[0].Failed(overview.Reason{Status: 500}, 1, overview.Answer{At: begin, Error: hostile}, func() overview.Sample {
		body := overview.Clip([]byte(hostile))
		return overview.Sample{At: begin, Topic: hostile, Error: hostile, Bodies: &overview.Bodies{URL: hostile, Read: body, Sent: body, Answered: body}}
	})
	s := serve(t, ui)
	page := get(t, s.URL+"/").page
	answer, err := http.PostForm(s.URL+"/tester", url.Values{"event": {hostile}})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	tested, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{page, string(tested)} {
		if strings.Contains(text, "<script>alert") || strings.Contains(text, "<img") {
			t.Errorf("the page runs what it shows:\n%s", text)
		}
		holds(t, text, "&lt;script&gt;alert(1)")
	}
}

func TestBrowsersAreToldWhatTheyMayDo(t *testing.T) {
	ui, _, _ := stand(nil)
	s := serve(t, ui)
	nonces := map[string]bool{}
	for _, path := range []string{"/", "/", "/tester"} {
		answer := get(t, s.URL+path)
		page, policy := answer.page, answer.header.Get("Content-Security-Policy")
		_, nonce, _ := strings.Cut(policy, "style-src 'nonce-")
		nonce, _, _ = strings.Cut(nonce, "'")
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") || len(nonce) < 20 || nonces[nonce] {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		nonces[nonce] = true
		if strings.Count(page, "<style nonce=") != strings.Count(page, "<style") || strings.Count(page, "<script nonce=") != strings.Count(page, "<script") || strings.Contains(page, "style=") {
			t.Errorf("%s holds a script or a style that the policy forbids", path)
		}
		for name, want := range map[string]string{
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
			"Cross-Origin-Resource-Policy": "same-origin", "Referrer-Policy": "no-referrer",
		} {
			if got := answer.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

func TestTesterRefuses(t *testing.T) {
	var tried atomic.Int32
	ui, _, _ := stand(nil)
	ui.Try = func([]byte) preview.Trial {
		tried.Add(1)
		return preview.Trial{}
	}
	s := serve(t, ui)
	for _, c := range []struct {
		name, body, site string
		want             int
	}{
		{"another site's form", "event=%7B%7D", "cross-site", http.StatusForbidden},
		{"a neighbour's form", "event=%7B%7D", "same-site", http.StatusForbidden},
		{"nothing", "", "same-origin", http.StatusBadRequest},
		{"blanks", "event=+%0A", "same-origin", http.StatusBadRequest},
		{"no form", "event=%zz", "same-origin", http.StatusBadRequest},
		{"a large event", "event=" + strings.Repeat("x", 300<<10), "same-origin", http.StatusRequestEntityTooLarge},
		{"a large form", "event=" + strings.Repeat("x", 2<<20), "same-origin", http.StatusRequestEntityTooLarge},
	} {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/tester", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.Header.Set("Sec-Fetch-Site", c.site)
		answer, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != c.want {
			t.Errorf("%s: answered %d, want %d", c.name, answer.StatusCode, c.want)
		}
	}
	if n := tried.Load(); n != 0 {
		t.Errorf("%d of them were tried", n)
	}
}

// stream reads the events of /live.
func stream(t *testing.T, ctx context.Context, address string) (status int, next func() string) { //nolint:revive // t first, as everywhere
	t.Helper()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	lines := bufio.NewScanner(answer.Body)
	return answer.StatusCode, func() string {
		var b strings.Builder
		for lines.Scan() && lines.Text() != "" {
			b.WriteString(lines.Text() + "\n")
		}
		return b.String()
	}
}

func TestLive(t *testing.T) {
	var moment atomic.Int64
	ui, _, _ := stand(func(n *web.Now) { n.Name = fmt.Sprintf("moment-%d", moment.Add(1)) })
	status, next := stream(t, t.Context(), serve(t, ui).URL)
	first, second := next(), next()
	if status != http.StatusOK || !strings.HasPrefix(first, "event: overview\ndata: <section") {
		t.Errorf("answered %d and began with %q", status, first[:min(len(first), 80)])
	}
	for line := range strings.Lines(second) {
		if !strings.HasPrefix(line, "event: ") && !strings.HasPrefix(line, "data: ") {
			t.Errorf("the line %q belongs to no event", line)
		}
	}
	if !strings.Contains(first, "moment-1<") || !strings.Contains(second, "moment-2<") {
		t.Error("the second event does not tell anything new")
	}
}

// However many pages are open, those that are kept up to date are bounded, and a place is free again when one is closed.
func TestViewersAreBounded(t *testing.T) {
	ui, _, _ := stand(nil)
	s := serve(t, ui)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	for range 32 {
		if status, _ := stream(t, ctx, s.URL); status != http.StatusOK {
			t.Fatalf("answered %d", status)
		}
	}
	if status, _ := stream(t, t.Context(), s.URL); status != http.StatusServiceUnavailable {
		t.Errorf("the page beyond the limit is answered %d", status)
	}
	leave()
	for {
		if status, _ := stream(t, t.Context(), s.URL); status == http.StatusOK {
			return
		}
	}
}

func TestWithoutUI(t *testing.T) {
	s := serve(t, nil)
	for _, path := range []string{"/", "/tester", "/live"} {
		if answer := get(t, s.URL+path); answer.status != http.StatusNotFound {
			t.Errorf("%s is answered %d", path, answer.status)
		}
	}
	if answer := get(t, s.URL+"/healthz"); answer.status != http.StatusOK {
		t.Errorf("/healthz is answered %d", answer.status)
	}
}
