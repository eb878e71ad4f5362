package connector_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"segment-webhooks/connector"
	"segment-webhooks/connector/config"
	"segment-webhooks/mapping"
)

// withPage runs the connector with its pages; get reads one of them.
func (r *rig) withPage(cfg *config.Config, set *mapping.Set) (get func(path string) (status int, page string), stop func()) {
	r.t.Helper()
	l, err := r.net.Listen("tcp", "localhost:8080")
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan error, 1)
	go func() {
		done <- connector.Run(ctx, cfg, set, connector.Options{Listener: l, DialKafka: r.net.DialContext, DialEndpoint: r.net.DialContext})
	}()
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return r.net.DialContext(ctx, network, "localhost:8080")
		},
	}}
	get = func(path string) (int, string) {
		answer, err := client.Get("http://localhost:8080" + path)
		if err != nil {
			r.t.Fatal(err)
		}
		defer answer.Body.Close()
		page, err := io.ReadAll(answer.Body)
		if err != nil {
			r.t.Fatal(err)
		}
		return answer.StatusCode, string(page)
	}
	return get, func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Errorf("Run: %v", err)
		}
	}
}

func compiled(t *testing.T, text string, o mapping.Options) *mapping.Set {
	t.Helper()
	set, _, err := mapping.LoadText("mappings.yaml", []byte(text), noEnvironment, o)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func expect(t *testing.T, page string, parts ...string) {
	t.Helper()
	_, main, _ := strings.Cut(page, "<main")
	main, _, _ = strings.Cut(main, "</main>")
	for _, part := range parts {
		if !strings.Contains(main, part) {
			t.Errorf("the page does not hold %q:\n%s", part, main)
		}
	}
}

// What the page says of a mapping whose endpoint fails for hours, recovers, and of what was given up meanwhile.
func TestPageTellsOfFailureAndRecovery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		r.also("localhost:81")
		sick := true
		r.answer = func(q *http.Request) int {
			if q.URL.Path == "/sick" && sick {
				return http.StatusServiceUnavailable
			}
			return http.StatusOK
		}
		get, stop := r.withPage(r.config(), compiled(t, twoMappings, mapping.Options{}))
		defer stop()
		r.produce(track(0, 20)...)
		r.produce("no event at all")
		wait := func(d time.Duration) {
			time.Sleep(d) //nolint:forbidigo // virtual time
		}
		wait(3*time.Minute + 10*time.Second)
		status, page := get("/")
		if status != http.StatusOK {
			t.Fatalf("answered %d", status)
		}
		expect(t, page, "1 of 2 mappings is failing", "sick: nothing has got through for 3 min", "http://localhost:81",
			"503 Service Unavailable", "tried again", "No Segment event", "any mapping", "events / 0 / 20", "3 h 56 min")
		if strings.Contains(page, "messageId") || strings.Contains(page, "no event at all") {
			t.Error("the page shows bodies without leave")
		}

		wait(4*time.Hour + time.Minute)
		_, page = get("/")
		expect(t, page, "The retry window ended, 503 Service Unavailable", "given up")

		sick = false
		r.produce(track(20, 1)...)
		wait(time.Minute)
		_, page = get("/?span=24h")
		expect(t, page, "Delivering, and some events were given up", "21 events in")
		if strings.Contains(page, "is failing") {
			t.Error("the mapping is still said to fail")
		}
	})
}

// Paths of a Classic destination's URLs are secrets more often than not: the page shows none, whatever an answer is.
func TestPageHidesClassicURLs(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{false, true} {
		t.Run(fmt.Sprintf("all %v", all), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				defer r.close()
				r.answer = func(*http.Request) int { return http.StatusForbidden }
				cfg := r.config()
				cfg.UISamples = "on"
				get, stop := r.withPage(cfg, compiled(t, "[]", mapping.Options{Classic: mapping.Classic{
					URLs: "http://localhost/secret,http://localhost/secret/more", All: all,
				}}))
				defer stop()
				r.produce(`{"type":"track","event":"Order Completed"}`)
				time.Sleep(time.Minute) //nolint:forbidigo // virtual time
				_, page := get("/")
				expect(t, page, "403 Forbidden", "Order Completed", "http://localhost/…")
				if strings.Contains(page, "secret") {
					t.Errorf("the page shows a URL:\n%s", page)
				}
			})
		})
	}
}

func TestPageCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		defer r.close()
		cfg := r.config()
		cfg.UI = "off"
		get, stop := r.withPage(cfg, compiled(t, oneMapping, mapping.Options{}))
		defer stop()
		r.produce(`{"type":"track"}`)
		time.Sleep(time.Second) //nolint:forbidigo // virtual time
		for path, want := range map[string]int{"/": http.StatusNotFound, "/tester": http.StatusNotFound, "/metrics": http.StatusOK, "/readyz": http.StatusOK} {
			if status, _ := get(path); status != want {
				t.Errorf("%s is answered %d, want %d", path, status, want)
			}
		}
		if n := len(r.deliveries(http.StatusOK)); n != 1 {
			t.Errorf("%d deliveries, want 1", n)
		}
	})
}
