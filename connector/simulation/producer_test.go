//go:build simulation && synctests

package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// producers write events until they are stopped: one in transactions, a fifth of which it aborts, one in batches of any size.
type producers struct {
	world  *world
	cancel context.CancelFunc
	ended  sync.WaitGroup
}

// produce starts the producers; every is the mean pause between two writes of each.
func (w *world) produce(every time.Duration) *producers {
	ctx, cancel := context.WithCancel(w.t.Context())
	p := &producers{world: w, cancel: cancel}
	transactions := w.newClient("transactions", kgo.TransactionalID("events"), kgo.MetadataMaxAge(noticed/2))
	p.run(ctx, transactions, "t", func(rnd *rand.Rand, g *generator) {
		if err := transactions.BeginTransaction(); err != nil {
			return
		}
		err := transactions.ProduceSync(context.WithoutCancel(ctx), w.batch(rnd, g, 1+rnd.IntN(8))...).FirstErr()
		commit := kgo.TransactionEndTry(err == nil && rnd.IntN(5) > 0)
		for transactions.EndTransaction(context.WithoutCancel(ctx), commit) != nil {
			time.Sleep(time.Second) //nolint:forbidigo // virtual time
		}
	}, every)
	plain := w.newClient("plain", kgo.MetadataMaxAge(noticed/2))
	p.run(ctx, plain, "p", func(rnd *rand.Rand, g *generator) {
		n := 1 + rnd.IntN(6)
		if rnd.IntN(40) == 0 {
			n = 60 // more than a slice holds
		}
		if err := plain.ProduceSync(context.WithoutCancel(ctx), w.batch(rnd, g, n)...).FirstErr(); err != nil {
			w.recorder.problem("the producer cannot write: %v", err)
		}
	}, every)
	return p
}

func (p *producers) run(ctx context.Context, c *kgo.Client, name string, write func(*rand.Rand, *generator), every time.Duration) {
	rnd := rand.New(rand.NewPCG(p.world.seed, uint64(name[0])))
	g := &generator{name: fmt.Sprint(name, p.world.seed), rnd: rnd}
	p.ended.Go(func() {
		defer c.Close()
		for ctx.Err() == nil {
			write(rnd, g)
			select {
			case <-ctx.Done():
			case <-time.After(time.Duration(float64(every) * 2 * rnd.Float64())):
			}
		}
	})
}

// noticed is how long after a new partition producers write to it.
const noticed = 20 * time.Second

// batch makes n records, for one partition or for any.
func (w *world) batch(rnd *rand.Rand, g *generator, n int) []*kgo.Record {
	partitions := int(w.writable.Load())
	one := rnd.IntN(partitions)
	together := rnd.IntN(2) == 0
	records := make([]*kgo.Record, n)
	for i := range records {
		records[i] = &kgo.Record{Partition: int32(one), Value: g.value()}
		if !together {
			records[i].Partition = int32(rnd.IntN(partitions))
		}
	}
	return records
}

func (p *producers) stop() {
	p.cancel()
	p.ended.Wait()
}
