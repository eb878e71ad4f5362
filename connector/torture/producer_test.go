//go:build torture && linux

package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"segment-webhooks/connector/kafkatest"
)

// source produces to one topic, and tells the ledger.
type source struct {
	t       testing.TB
	cluster *kafkatest.Cluster
	ledger  *ledger
	topic   string
	numbers *atomic.Int64 // of all sources
	random  *rand.Rand
}

// event makes the next event, in the bytes that JSON.stringify would print.
func (s *source) event() (id string, p *produced) {
	n := int(s.numbers.Add(1))
	id = fmt.Sprintf("m-%07d", n)
	kind := s.random.IntN(kinds)
	pad := strings.Repeat("x", s.random.IntN(400))
	return id, &produced{fate: may, at: time.Now(), kind: kind, topic: s.topic, body: fmt.Sprintf(
		`{"type":"track","messageId":%q,"number":%d,"event":"kind %d","properties":{"city":"Zürich","pad":%q}}`, id, n, kind, pad)}
}

// each calls f at a rate until the context ends.
func each(ctx context.Context, perSecond int, f func()) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	begin, done := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for ; float64(done) < now.Sub(begin).Seconds()*float64(perSecond); done++ {
				f()
			}
		}
	}
}

// plain produces events that Kafka acknowledges one by one.
func (s *source) plain(ctx context.Context, perSecond int) {
	client := s.cluster.Client(s.t, kgo.DefaultProduceTopic(s.topic), kgo.ProducerLinger(5*time.Millisecond), kgo.MaxBufferedRecords(100_000))
	whole := context.WithoutCancel(ctx)
	each(ctx, perSecond, func() { s.send(whole, client, "", must) })
	s.flush(client)
}

// keyed produces to a compacted topic. Every fifth key has two events, of which the first may go when the topic is compacted.
func (s *source) keyed(ctx context.Context, perSecond int) {
	client := s.cluster.Client(s.t, kgo.DefaultProduceTopic(s.topic), kgo.ProducerLinger(5*time.Millisecond))
	whole := context.WithoutCancel(ctx)
	n := 0
	each(ctx, perSecond, func() {
		key := fmt.Sprintf("key-%d", n)
		if n++; n%5 == 0 {
			s.send(whole, client, key, may)
		}
		s.send(whole, client, key, must)
	})
	s.flush(client)
}

func (s *source) flush(client *kgo.Client) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), time.Minute)
	defer cancel()
	if err := client.Flush(ctx); err != nil {
		s.t.Errorf("flushing the producer of %s: %v", s.topic, err)
	}
}

// send produces an event, whose fate is f once Kafka has it.
func (s *source) send(ctx context.Context, client *kgo.Client, key string, f fate) {
	id, p := s.event()
	s.ledger.produce(id, p)
	r := &kgo.Record{Value: []byte(p.body)}
	if key != "" {
		r.Key = []byte(key)
	}
	client.Produce(ctx, r, func(r *kgo.Record, err error) {
		if err == nil {
			s.ledger.decide(f, id)
			s.ledger.place(id, r.Partition, r.Offset)
		}
	})
}

// transactions produces in transactions, of which one in three is aborted.
func (s *source) transactions(ctx context.Context, perSecond int) {
	whole := context.WithoutCancel(ctx)
	for round := 0; ctx.Err() == nil; round++ {
		client, err := kgo.NewClient(kgo.SeedBrokers(s.cluster.Brokers()...), kgo.DefaultProduceTopic(s.topic),
			kgo.TransactionalID(fmt.Sprintf("%s-%d", s.topic, round)), kgo.TransactionTimeout(10*time.Second))
		if err != nil {
			s.t.Error(err)
			return
		}
		for ctx.Err() == nil && s.transaction(whole, client, perSecond) == nil {
		}
		client.CloseAllowingRebalance()
	}
}

// transaction is one transaction of half a second. After an error the client has to be replaced.
func (s *source) transaction(ctx context.Context, client *kgo.Client, perSecond int) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := client.BeginTransaction(); err != nil {
		return err
	}
	var ids []string
	lost := kgo.AbortingFirstErrPromise(client)
	half, stop := context.WithTimeout(ctx, 500*time.Millisecond)
	defer stop()
	each(half, perSecond, func() {
		id, p := s.event()
		s.ledger.produce(id, p)
		ids = append(ids, id)
		promise := lost.Promise()
		client.Produce(ctx, &kgo.Record{Value: []byte(p.body)}, func(r *kgo.Record, err error) {
			if err == nil {
				s.ledger.place(id, r.Partition, r.Offset)
			}
			promise(r, err)
		})
	})
	commit := kgo.TransactionEndTry(s.random.IntN(3) > 0)
	failed := lost.Err()
	if failed != nil {
		commit = kgo.TryAbort
	}
	err := client.EndTransaction(ctx, commit)
	switch {
	case err != nil: // nobody knows: they stay what they are
	case commit == kgo.TryCommit:
		s.ledger.decide(must, ids...)
	default:
		s.ledger.decide(never, ids...)
	}
	return errors.Join(failed, err)
}
