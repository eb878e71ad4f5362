package limit

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Options say what to read and where to send it.
type Options struct {
	Brokers []string
	Topic   string
	Group   string
	Addr    string      // host:port of the endpoint
	Path    string      // of its URL
	Secure  *tls.Config // nil: plain HTTP
	Secret  string
	Batch   int // events in a request; 1 sends them as they are, more in a list
}

// connections is how many requests are under way at a time: the connector's default of CONNECTOR_MAX_IN_FLIGHT.
const connections = 64

// Run delivers every event of type track until the context ends or something fails: a failure is not retried.
func Run(ctx context.Context, o Options) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(o.Brokers...), kgo.ConsumeTopics(o.Topic), kgo.ConsumerGroup(o.Group), kgo.DisableAutoCommit(),
		kgo.FetchMaxBytes(8<<20), kgo.FetchMaxPartitionBytes(1<<20), kgo.FetchMaxWait(200*time.Millisecond),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer client.Close()
	workers := make([]*worker, connections)
	for i := range workers {
		c, err := dial(ctx, o.Addr, o.Path, o.Secure)
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }()
		workers[i] = newWorker(c, o.Secret)
	}
	var records []*kgo.Record
	for {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return err
		}
		records = records[:0]
		fetches.EachRecord(func(r *kgo.Record) { records = append(records, r) })
		if len(records) == 0 {
			continue
		}
		if err := deliver(workers, records, o.Batch); err != nil {
			return err
		}
		if err := client.CommitUncommittedOffsets(ctx); err != nil {
			return fmt.Errorf("committing: %w", err)
		}
	}
}

// deliver lets the workers share the records of one poll, and returns when all are delivered.
func deliver(workers []*worker, records []*kgo.Record, batch int) error {
	step, send := batch, (*worker).batch
	if batch == 1 {
		step, send = 16, (*worker).singles
	}
	var next atomic.Int64
	var all sync.WaitGroup
	errs := make([]error, len(workers))
	for i, w := range workers[:min(len(workers), (len(records)+step-1)/step)] {
		all.Go(func() {
			for errs[i] == nil {
				high := int(next.Add(int64(step)))
				low := high - step
				if low >= len(records) {
					return
				}
				errs[i] = send(w, records[low:min(high, len(records))])
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
