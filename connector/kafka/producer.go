package kafka

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// maxDeadLetterBytes bounds one batch of dead letters, and so one dead letter.
const maxDeadLetterBytes = 16 << 20

// Produce writes records and waits until all in-sync replicas have them (acks=all, idempotent). It returns an error for each, in the same
// order, nil for those that are safe. When ctx ends it stops waiting, but a record once handed over is never cancelled: see
// the package's story. So the context's error means "unknown".
func (a *Admin) Produce(ctx context.Context, records ...*Record) []error {
	return produce(ctx, a.client, records)
}

func produce(ctx context.Context, client *kgo.Client, records []*Record) []error {
	type outcome struct {
		index int
		err   error
	}
	outcomes := make(chan outcome, len(records))
	errs := make([]error, len(records))
	for i, r := range records {
		errs[i] = errUnknown
		client.Produce(context.WithoutCancel(ctx), r, func(_ *Record, err error) { outcomes <- outcome{i, err} })
	}
	created := map[string]bool{} // topics that were deleted and created again
	for range records {
		select {
		case o := <-outcomes:
			errs[o.index] = o.err
			if errors.Is(o.err, kerr.UnknownTopicID) {
				created[records[o.index].Topic] = true
			}
		case <-ctx.Done():
			return errs
		}
	}
	for topic := range created {
		client.PurgeTopicsFromProducing(topic) // or the client would not write to it ever again
	}
	return errs
}

var errUnknown = errors.New("stopped before the brokers acknowledged")

// IsTooLarge says that a record is larger than the client or the topic (max.message.bytes) allows. Trying again does not help.
func IsTooLarge(err error) bool {
	return errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.RecordListTooLarge)
}
