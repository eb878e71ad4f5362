//go:build integration

package integration

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"segment-webhooks/connector/kafkatest"
)

// What Kafka deletes before it is delivered is lost. That is said, and the rest is delivered.
func TestDeletedRecordsAreReportedAsLost(t *testing.T) {
	s := newSystem(t, kafkatest.Start(t), 1)
	r := newReceiver(t)
	r.answer("/orders", http.StatusServiceUnavailable)
	stop := s.start(single(r.url), "CONNECTOR_RETRY_MIN=200ms", "CONNECTOR_RETRY_MAX=1s")
	for n := range 10 {
		s.produce(event(7 * n))
	}
	r.await(t, "an attempt at each event", time.Minute, func() bool { return r.asked("/orders") >= 10 })
	stop()

	deleted := kadm.Offsets{}
	deleted.AddOffset(s.topic, 0, 9, -1)
	answer, err := s.admin.DeleteRecords(t.Context(), deleted)
	if err != nil || answer.Error() != nil {
		t.Fatalf("deleting records: %v, %v", err, answer.Error())
	}
	r.answer("/orders", http.StatusOK)
	address := freeAddress(t)
	s.start(single(r.url), "CONNECTOR_COMMIT_INTERVAL=100ms", "CONNECTOR_HTTP_ADDR="+address)
	r.await(t, "the commit", time.Minute, func() bool {
		committed, end := s.committed()
		return committed == end
	})
	if got := r.distinct("/orders"); got != 1 {
		t.Errorf("%d events arrived, want the one that Kafka still had", got)
	}
	status, said := get(t, "http://"+address+"/readyz")
	if want := "9 offsets were deleted"; status != http.StatusServiceUnavailable || !strings.Contains(said, want) {
		t.Errorf("readiness is %d %q, want 503 and %q", status, said, want)
	}
}

// freeAddress is one that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}
