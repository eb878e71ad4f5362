package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// samples are one event of each of Segment's types; %[1]d is a running number, %[2]s the time.
func samples() []string {
	return []string{
		`{"type":"identify","userId":"user-%[1]d","traits":{"email":"user%[1]d@example.com","plan":"pro"},"messageId":"demo-%[1]d","timestamp":"%[2]s"}`,
		`{"type":"page","userId":"user-%[1]d","name":"Pricing","properties":{"url":"https://shop.example.com/pricing"},"messageId":"demo-%[1]d","timestamp":"%[2]s"}`,
		`{"type":"track","event":"Order Completed","userId":"user-%[1]d","properties":{"order_id":"A-%[1]d","total":99.5},"messageId":"demo-%[1]d","timestamp":"%[2]s"}`,
		`{"type":"screen","anonymousId":"phone-%[1]d","name":"Basket","messageId":"demo-%[1]d","timestamp":"%[2]s"}`,
		`{"type":"group","userId":"user-%[1]d","groupId":"team-7","traits":{"name":"Engines & Söhne"},"messageId":"demo-%[1]d","timestamp":"%[2]s"}`,
		`{"type":"alias","userId":"user-%[1]d","previousId":"phone-%[1]d","messageId":"demo-%[1]d","timestamp":"%[2]s"}`,
		`{"type":"track","event":"Product Viewed","userId":"user-%[1]d","properties":{"sku":"engine"},"messageId":"demo-%[1]d","timestamp":"%[2]s"}`,
		`{"type":"delete","userId":"user-%[1]d","messageId":"demo-%[1]d","timestamp":"%[2]s"}`,
	}
}

// pace is the time between two events: slow enough to read along.
const pace = 250 * time.Millisecond

// produce writes sample events until ctx ends, and returns how many.
func produce(ctx context.Context, broker string) (int, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(broker), kgo.DefaultProduceTopic(topic))
	if err != nil {
		return 0, fmt.Errorf("creating the demo's producer: %w", err)
	}
	defer client.Close()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	all := samples()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return n, nil
		case now := <-tick.C:
			event := fmt.Sprintf(all[n%len(all)], n+1, now.UTC().Format("2006-01-02T15:04:05.000Z"))
			r := &kgo.Record{Key: fmt.Appendf(nil, "user-%d", n+1), Value: []byte(event)}
			if err := client.ProduceSync(context.WithoutCancel(ctx), r).FirstErr(); err != nil {
				return n, fmt.Errorf("producing an event: %w", err)
			}
		}
	}
}
