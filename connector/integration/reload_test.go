//go:build integration

package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"segment-webhooks/connector/kafkatest"
)

// While events flow, the mappings file is replaced twenty times, every fifth time by one with a fault: mappings change places, others
// come and go beside them, one is edited, one fails. Every event arrives, and since the process goes on nothing is repeated.
func TestReloadsUnderLoad(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 6)
	r := newReceiver(t)
	r.answer("/sick", 503)
	file := filepath.Join(t.TempDir(), "mappings.yaml")
	write := func(text string) {
		t.Helper()
		next := file + ".next"
		if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, file); err != nil {
			t.Fatal(err)
		}
	}
	versions := func(i int) string {
		orders := fmt.Sprintf("  - {name: orders, trigger: 'type = \"track\" and event = \"Order Completed\"', fields: {url: %q, method: POST, headers: {X-Version: \"%d\"}, data: {\"@path\": \"$.\"}}}\n", r.url+"/orders", i)
		lake := fmt.Sprintf("  - {name: lake, trigger: 'type != \"delete\"', fields: {url: %q, method: POST, data: {\"@path\": \"$.\"}, enable_batching: true, batch_size: 1000}}\n", r.url+"/lake")
		sick := fmt.Sprintf("  - {name: sick, trigger: 'type = \"track\"', fields: {url: %q, method: POST, data: {\"@path\": \"$.\"}}}\n", r.url+"/sick")
		guest := fmt.Sprintf("  - {name: guest%d, trigger: 'type = \"page\"', start: earliest, fields: {url: %q, method: POST, data: {\"@path\": \"$.\"}}}\n", i, fmt.Sprint(r.url, "/guest", i))
		if i%5 == 4 {
			return "mappings:\n" + orders + strings.Replace(lake, "trigger", "triger", 1)
		}
		return "mappings:\n" + []string{orders + lake + sick, sick + guest + lake + orders, lake + sick + orders + guest}[i%3]
	}
	write(versions(0))
	p := s.spawn("", "CONNECTOR_MAPPINGS=", "CONNECTOR_MAPPINGS_FILE="+file, "CONNECTOR_LOG_LEVEL=info", "CONNECTOR_ORPHAN_GRACE=1s", "CONNECTOR_RETRY_MAX=2s")
	defer p.kill()
	const n = 60_000
	produced := make(chan error, 1)
	go func() { produced <- s.trickle(t.Context(), n, 40*time.Second) }()
	for i := 1; i <= 20; i++ {
		before := r.distinct("/lake")
		r.await(t, "deliveries between two reloads", time.Minute, func() bool { return r.distinct("/lake") > before+n/40 })
		write(versions(i))
		if err := p.command.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	r.answer("/sick", 200)
	if err := <-produced; err != nil {
		t.Fatal(err)
	}
	orders, lake := wanted(n)
	r.await(t, "all events", 2*time.Minute, func() bool { return r.distinct("/orders") >= len(orders) && r.distinct("/lake") >= len(lake) })
	stopGracefully(t, p)
	for path, want := range map[string][]string{"/orders": orders, "/lake": lake} {
		missing, duplicates := r.missing(path, want)
		t.Logf("%s: %d events, %d missing, %d duplicates", path, len(want), len(missing), duplicates)
		if len(missing) > 0 || duplicates > 0 {
			t.Errorf("%s: %d missing and %d duplicates, want none", path, len(missing), duplicates)
		}
	}
	log := p.output.String()
	if done, refused := strings.Count(log, "the mappings were replaced"), strings.Count(log, "the mappings were not replaced"); done < 10 || refused < 4 {
		t.Errorf("%d times the mappings were replaced and %d times refused, want at least 10 and 4\n%s", done, refused, log)
	}
	if r.distinct("/guest1") == 0 {
		t.Error("a mapping that was added while running has got nothing, although it starts with the oldest event")
	}
}
