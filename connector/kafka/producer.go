package kafka

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
)

// maxDeadLetterBytes bounds one batch of dead letters, and so one dead letter.
const maxDeadLetterBytes = 16 << 20

// Produce writes records and waits until all in-sync replicas have them (acks=all, idempotent). It returns the first error; then some of the records
// may have been written. When ctx ends it stops waiting, but a record once handed over is never cancelled: see the package's
// story. So ctx ending means "unknown".
func (a *Admin) Produce(ctx context.Context, records ...*Record) error {
	errs := make(chan error, len(records))
	for _, r := range records {
		a.client.Produce(context.WithoutCancel(ctx), r, func(_ *Record, err error) { errs <- err })
	}
	var first error
	for range records {
		select {
		case err := <-errs:
			if first == nil {
				first = err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return first
}

// IsTooLarge says that a record is larger than the client or the topic (max.message.bytes) allows. Trying again does not help.
func IsTooLarge(err error) bool {
	return errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.RecordListTooLarge)
}
