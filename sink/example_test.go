package sink_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"segment-webhooks/sink"
)

// One signed webhook, and what to do with the answer.
func Example() {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Println(r.Method, r.URL, r.Header.Get("X-Signature"), string(body))
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer endpoint.Close()

	client, err := sink.NewClient(sink.Options{UserAgent: "Segment.io/1.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	payload := sink.Payload{URL: endpoint.URL + "/hooks", Method: "POST", Data: []byte(`{"a":1}`)}
	request, err := sink.Single(&payload, sink.NewSigner([]byte("s")), sink.Header{Name: "Idempotency-Key", Value: "orders/0/42"})
	if err != nil {
		fmt.Println(err) // can never be sent: a dead letter
		return
	}
	request.Reach = sink.ReachPrivate // the operator wrote this host

	answer := client.Send(context.Background(), request)
	wait := sink.Backoff{Min: time.Second, Max: 5 * time.Minute}.Delay(1, answer.RetryAfter, 4*time.Hour, 0)
	fmt.Println(answer.Class, answer.Status, "again in", wait)
	// Output:
	// POST /hooks fa90bbb46547f7bc6b4cad1f3b475ba08facfea6 {"a":1}
	// retry 429 again in 30s
}
