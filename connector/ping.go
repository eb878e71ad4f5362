package connector

import (
	"context"
	"errors"
	"time"
)

// pingLoop finds out whether Kafka answers. The client tries again for ever, and a connector that has nothing to commit would otherwise
// not notice that it reads nothing because there is nobody to read from.
func (e *engine) pingLoop(ctx context.Context) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		began := time.Now()
		within, cancel := context.WithTimeoutCause(ctx, pingTimeout, errNoBroker)
		err := e.admin.Ping(within)
		if err != nil {
			err = errors.Join(err, context.Cause(within))
		}
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case !e.status.kafkaAnswers(err, began):
		case err != nil:
			e.log.Warn("no Kafka broker answers, trying again: what is in memory is still delivered", "error", err)
		default:
			e.log.Warn("Kafka answers again")
		}
	}
}

const (
	pingEvery   = 10 * time.Second
	pingTimeout = 10 * time.Second
)
