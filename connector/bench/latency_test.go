//go:build bench && linux

package bench

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// latency produces at half of the load that all can carry together, or at the rate of the scenario beside it, and sees when the events arrive. The
// broker notes when it appends a record (message.timestamp.type), to the millisecond; that is read from the topic afterwards.
func (b *bench) latency(s scenario) result {
	b.t.Helper()
	topic := b.kafka.Topic(b.t, 8, map[string]string{"message.timestamp.type": "LogAppendTime"})
	p := b.start(s, topic)
	defer p.stop()
	producer := b.producer(topic, kgo.ProducerLinger(5*time.Millisecond))
	values, tracks := events(b.t, s.style)
	place := make([]int, distinct)
	for i, v := range values {
		place[i] = bytes.Index(v, []byte(stamp))
	}

	// The group forms first, and connections are opened.
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	const first = 200
	for i := range first {
		producer.Produce(b.t.Context(), &kgo.Record{Value: values[i]}, nil)
	}
	b.await(s, p, expected(b.t, s.style, first), tick)

	n := first
	var rate float64
	if before := b.results[s.beside]; s.half {
		n, rate = b.full(s, p, producer, values, n, tick)
		rate /= 2
	} else {
		rate = before[len(before)-1].rate
	}

	// Each event has its number in place of the stamp. Those of the first quarter of the time are not timed.
	start := n
	most := start + int(rate*timed.Seconds()) + 1
	produced := make([]time.Time, most)
	b.receiver.arrived = make([]time.Time, most)
	b.receiver.timing.Store(true)
	defer b.receiver.timing.Store(false)
	begin := time.Now()
	for now := range tick.C {
		since := now.Sub(begin)
		if since > *timed {
			break
		}
		for due := min(most, start+int(rate*since.Seconds())); n < due; n++ {
			value := bytes.Clone(values[n%distinct])
			copy(value[place[n%distinct]:], fmt.Sprintf("%0*d", len(stamp), n))
			produced[n] = time.Now()
			producer.Produce(b.t.Context(), &kgo.Record{Value: value}, nil)
		}
	}
	check(b.t, producer.Flush(b.t.Context()))
	b.await(s, p, expected(b.t, s.style, n), tick)
	_, _ = p.cpu()
	b.receiver.timing.Store(false)

	var appended, given histogram
	for i, at := range b.appends(topic, n) {
		if i >= start && tracks[i%distinct] && produced[i].Sub(begin) > *timed/4 {
			appended.add(b.receiver.arrived[i].Sub(at))
			given.add(b.receiver.arrived[i].Sub(produced[i]))
		}
	}
	return result{
		rate: rate, memory: p.memory, p50: appended.quantile(0.5), p99: appended.quantile(0.99), given50: given.quantile(0.5), given99: given.quantile(0.99), samples: appended.n,
	}
}

// full produces as much as arrives, for a third of the time that is measured, with no more than a moment's events under way, and returns how many
// it has produced in all and how many events a second that were.
func (b *bench) full(s scenario, p *process, producer *kgo.Client, values [][]byte, n int, tick *time.Ticker) (produced int, rate float64) {
	b.t.Helper()
	const underWay = 10_000
	begin, first := time.Now(), n
	share := float64(expected(b.t, s.style, distinct)) / distinct
	for now := range tick.C {
		if now.Sub(begin) > *timed/3 {
			break
		}
		for arrived := float64(b.receiver.events.Load()) / share; float64(n) < arrived+underWay; n++ {
			producer.Produce(b.t.Context(), &kgo.Record{Value: values[n%distinct]}, nil)
		}
	}
	check(b.t, producer.Flush(b.t.Context()))
	b.await(s, p, expected(b.t, s.style, n), tick)
	return n, float64(n-first) / time.Since(begin).Seconds()
}

// appends says when the broker appended each of the n events of a topic, by their numbers.
func (b *bench) appends(topic string, n int) map[int]time.Time {
	b.t.Helper()
	client := b.kafka.Client(b.t, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer client.Close()
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	at := make(map[int]time.Time, n)
	for read := 0; read < n; {
		fetches := client.PollFetches(ctx)
		check(b.t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			read++
			k := bytes.Index(r.Value, marker)
			number, err := strconv.Atoi(string(r.Value[k+len(marker):][:len(stamp)]))
			check(b.t, err)
			if number > 0 {
				at[number] = r.Timestamp
			}
		})
	}
	return at
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
