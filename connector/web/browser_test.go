//go:build browser

package web_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector"
	"segment-webhooks/connector/config"
	"segment-webhooks/mapping"
)

var (
	packages    = flag.String("packages", "", "folder with the packages of testdata/browser/package.json")
	skipped     = flag.String("skip-checks", "", "leave out checks whose names hold this; screenshots take the longest")
	screenshots = flag.String("screenshots", "", "folder for screenshots; not kept where it is not given")
)

// The pages of a connector at work, in a browser: testdata/browser/overview.cjs has what is checked.
func TestBrowser(t *testing.T) {
	if *packages == "" {
		t.Fatal(`run "make browser", which fetches what this needs`)
	}
	w := newWorld(t)
	go w.produce()
	arguments, err := json.Marshal(map[string]string{
		"page": w.page, "control": w.control, "packages": absolute(t, *packages), "chromium": chromium(t), "screenshots": pictures(t), "skip": *skipped,
	})
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", "testdata/browser/overview.cjs", string(arguments))
	var faults bytes.Buffer
	node.Stderr = &faults
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var check struct {
			Name, Error, Note string
			MS                int
		}
		if err := json.Unmarshal(lines.Bytes(), &check); err != nil {
			t.Errorf("the script says %q", lines.Text())
			continue
		}
		if check.Note != "" {
			t.Log(check.Note)
			continue
		}
		checked++
		t.Run(check.Name, func(t *testing.T) {
			t.Logf("%d ms", check.MS)
			if check.Error != "" {
				t.Error(check.Error)
			}
		})
	}
	if err := node.Wait(); err != nil || checked == 0 {
		t.Errorf("the script made %d checks and ended: %v\n%s", checked, err, faults.String())
	}
}

func absolute(t *testing.T, folder string) string {
	t.Helper()
	path, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func pictures(t *testing.T) string {
	t.Helper()
	if *screenshots == "" {
		return t.TempDir()
	}
	return absolute(t, *screenshots)
}

// chromium finds the system's browser.
func chromium(t *testing.T) string {
	t.Helper()
	names := []string{"chromium", "chromium-browser", "google-chrome"}
	if own := os.Getenv("CHROMIUM"); own != "" {
		names = []string{own}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("none of %v is installed: install Debian's package chromium, or name one with CHROMIUM", names)
	return ""
}

// world is a broker, endpoints that can be made to fail, and the connector between them.
type world struct {
	t             *testing.T
	page, control string
	broker        string

	mu      sync.Mutex
	answers map[string]int // by path
}

const worldMappings = `
mappings:
  - name: Orders to ERP
    trigger: type = "track" and event = "Order Completed"
    fields:
      url: %[1]s/erp
      method: POST
      headers: {X-Api-Key: "${ERP_KEY}", X-Source: segment}
      data: {order: {"@path": $.properties.order_id}, total: {"@path": $.properties.total}}
  - name: Views to the data lake
    trigger: type = "page"
    fields: {url: "%[1]s/lake", method: POST, data: {"@path": "$."}, enable_batching: true}
  - name: Sign-ups to CRM
    trigger: type = "identify"
    fields: {url: "%[1]s/crm", method: PUT, data: {"@path": $.traits}}
`

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, answers: map[string]int{}}
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "events"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	w.broker = broker.ListenAddrs()[0]
	endpoints := httptest.NewServer(w)
	t.Cleanup(endpoints.Close)
	w.control = endpoints.URL

	cfg, err := config.Load([]string{
		"CONNECTOR_KAFKA_BROKERS=" + w.broker, "CONNECTOR_KAFKA_TOPICS=events", "CONNECTOR_KAFKA_GROUP=shop",
		"CONNECTOR_SHARED_SECRET=the-shared-secret", "CONNECTOR_RETRY_MIN=100ms", "CONNECTOR_RETRY_MAX=1s", "CONNECTOR_BATCH_LINGER=200ms",
		"CONNECTOR_SHUTDOWN_GRACE=2s", "CONNECTOR_UI_SAMPLES=on", "CONNECTOR_MAPPINGS=" + fmt.Sprintf(worldMappings, endpoints.URL),
	})
	if err != nil {
		t.Fatal(err)
	}
	env := func(name string) (string, bool) { return "the-key-of-erp", name == "ERP_KEY" }
	set, _, err := mapping.LoadText("mappings.yaml", []byte(cfg.Mappings.Inline), env, mapping.Options{})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.page = "http://" + listener.Addr().String() + "/"
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- connector.Run(ctx, cfg, set, connector.Options{Listener: listener}) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return w
}

// ServeHTTP is every endpoint, and steers them: POST /answer?path=…&status=… says what one answers from now on.
func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.URL.Path == "/answer" {
		status, err := strconv.Atoi(r.FormValue("status"))
		if err != nil {
			http.Error(out, err.Error(), http.StatusBadRequest)
			return
		}
		w.answers[r.FormValue("path")] = status
		return
	}
	if status := w.answers[r.URL.Path]; status != 0 && status != http.StatusOK {
		http.Error(out, `{"error":"out of order"}`, status)
	}
}

// produce writes events until the test ends.
func (w *world) produce() {
	client, err := kgo.NewClient(kgo.SeedBrokers(w.broker), kgo.DefaultProduceTopic("events"))
	if err != nil {
		w.t.Error(err)
		return
	}
	defer client.Close()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-w.t.Context().Done():
			return
		case <-tick.C:
		}
		event := fmt.Sprintf(`{"type":"track","event":"Order Completed","userId":"user-%[1]d","properties":{"order_id":"A-%[1]d","total":%[2]d.5},"messageId":"m-%[1]d"}`, n, n%90+10)
		switch {
		case n%25 == 0:
			event = fmt.Sprintf(`{"type":"identify","userId":"user-%[1]d","traits":{"email":"user%[1]d@example.com"},"messageId":"m-%[1]d"}`, n)
		case n%3 != 0:
			event = fmt.Sprintf(`{"type":"page","name":"Pricing","userId":"user-%[1]d","messageId":"m-%[1]d"}`, n)
		}
		client.Produce(w.t.Context(), &kgo.Record{Key: fmt.Appendf(nil, "user-%d", n), Value: []byte(event)}, nil)
	}
}
