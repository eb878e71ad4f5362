package sink

import "net/http"

// Class is what an answer means for the events that were sent. The zero value is no class, so
// that a forgotten answer never counts as delivered.
type Class uint8

// The classes, with the rule that leads to each in [Classify].
const (
	Delivered Class = iota + 1 // done
	Retry                      // may work later; the same request again
	Rejected                   // will never work; dead-letter
	Split                      // the batch holds a bad event: halve it and send the halves
)

// String is the class as a metric label.
func (c Class) String() string {
	switch c {
	case Delivered:
		return "delivered"
	case Retry:
		return "retry"
	case Rejected:
		return "rejected"
	case Split:
		return "split"
	default:
		return "unknown"
	}
}

// Classify says what an answer means. Status is the HTTP status, err what went wrong where no
// answer came; batch is true where the request carried more than one event.
//
//	2xx                                    Delivered, whatever the body says
//	3xx                                    Rejected: redirects are not followed
//	400, 413, 422 on a batch               Split
//	408, 423, 425, 429                     Retry
//	other 4xx                              Rejected
//	5xx                                    Retry
//	any other number, 1xx included         Retry: RFC 9110 §15 has them treated as 5xx
//	no answer                              Retry, but Rejected for an address that may not be dialled
func Classify(status int, err error, batch bool) Class {
	if err != nil {
		if KindOf(err) == KindBlocked {
			return Rejected
		}
		return Retry
	}
	switch {
	case 200 <= status && status <= 299:
		return Delivered
	case 300 <= status && status <= 399:
		return Rejected
	case status < 400 || status > 499:
		return Retry
	}
	switch status {
	case http.StatusRequestTimeout, http.StatusLocked, http.StatusTooEarly, http.StatusTooManyRequests:
		return Retry
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		if batch {
			return Split
		}
	}
	return Rejected
}
