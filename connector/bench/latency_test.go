//go:build bench && linux

package bench

import (
	"bytes"
	"context"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// latency produces at half of the rate that the scenario beside it has just reached, and sees when the events arrive.
func (b *bench) latency(s scenario) result {
	b.t.Helper()
	before := b.results[s.beside]
	rate := before[len(before)-1].rate / 2
	topic := b.kafka.Topic(b.t, 8, nil)
	p := b.start(s, topic)
	defer p.stop()
	producer := b.producer(topic, kgo.ProducerLinger(0))
	values, _ := events(b.t, s.style)
	place := make([]int, distinct)
	for i, v := range values {
		place[i] = bytes.Index(v, []byte(stamp))
	}
	b.receiver.timing.Store(true)
	defer b.receiver.timing.Store(false)

	// The group forms first, and connections are opened.
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	const first = 200
	for i := range first {
		producer.Produce(b.t.Context(), &kgo.Record{Value: values[i]}, nil)
	}
	b.await(s, p, expected(b.t, s.style, first), tick)

	// The events of the first quarter of the time are not timed.
	produced := first
	begin := time.Now()
	for now := range tick.C {
		since := now.Sub(begin)
		if since > *timed {
			break
		}
		for due := first + int(rate*since.Seconds()); produced < due; produced++ {
			i := produced % distinct
			value := bytes.Clone(values[i])
			if since > *timed/4 {
				copy(value[place[i]:], strconv.FormatInt(time.Now().UnixNano(), 10))
			}
			producer.Produce(b.t.Context(), &kgo.Record{Value: value}, nil)
		}
	}
	check(b.t, producer.Flush(b.t.Context()))
	b.await(s, p, expected(b.t, s.style, produced), tick)
	_, _ = p.cpu()
	return result{
		rate: rate, memory: p.memory, p50: b.receiver.late.quantile(0.5), p99: b.receiver.late.quantile(0.99), samples: b.receiver.late.n,
	}
}

// await waits until that many events have arrived.
func (b *bench) await(s scenario, p *process, want int, tick *time.Ticker) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 30*time.Second)
	defer cancel()
	for int(b.receiver.events.Load()) < want {
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.t.Fatalf("%s: %d of %d events arrived\n%s", s.name, b.receiver.events.Load(), want, &p.output)
		}
	}
}
