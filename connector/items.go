package connector

import (
	"cmp"
	"net/http"
	"strconv"

	"segment-webhooks/connector/lane"
	"segment-webhooks/sink"
)

// itemError is what an endpoint says was wrong with one event of a batch.
type itemError struct{ item *sink.Item }

func (e itemError) Error() string {
	return "the batch was answered with 207, this event with " + strconv.Itoa(e.item.Status) + ": " +
		cmp.Or(e.item.Error, http.StatusText(e.item.Status), "no reason")
}

// concludeItems does with each event of a batch what the answer says about it.
func (c *courier) concludeItems(events []*lane.Event, a sink.Answer) {
	var delivered, again []*lane.Event
	var last sink.Answer // why some are tried again
	for i, ev := range events {
		item := &a.Items[i]
		one := a
		one.Status, one.Body, one.Err = item.Status, item.Body, itemError{item}
		switch item.Class {
		case sink.Delivered:
			delivered = append(delivered, ev)
		case sink.Retry:
			again, last = append(again, ev), one
			ev.Last = failure(one)
		default:
			c.metrics.refused(1, one)
			c.bury([]*lane.Event{ev}, reasonRejected, failure(one))
		}
	}
	if len(delivered) > 0 {
		c.metrics.settled(delivered, a.End)
		c.e.settle(delivered)
	}
	if len(again) > 0 {
		c.retry(again, last)
	}
}
