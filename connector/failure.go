package connector

import (
	"net/http"

	"segment-webhooks/sink"
)

// Why attempts fail, beside the kinds of package sink for answers that never came. All are labels of metrics, so their number is fixed: by
// statuses alone an endpoint could make hundreds.
const (
	failedRedirect     = "redirect"     // 3xx
	failedUnauthorized = "unauthorized" // 401, 403, 407
	failedNotFound     = "not_found"    // 404, 405, 410
	failedInvalid      = "invalid"      // 400, 422
	failedTooLarge     = "too_large"    // 413
	failedThrottled    = "throttled"    // 429
	failedServer       = "server_error" // 5xx
	failedOther        = "other"        // any other status
)

// rejections are why an endpoint refuses an event for good.
var rejections = []string{
	failedRedirect, failedUnauthorized, failedNotFound, failedInvalid, failedTooLarge, string(sink.KindBlocked), failedOther,
}

// failures are why an attempt delivers nothing.
var failures = append([]string{
	failedThrottled, failedServer,
	string(sink.KindTimeout), string(sink.KindCanceled), string(sink.KindDNS), string(sink.KindRefused), string(sink.KindReset),
	string(sink.KindUnreachable), string(sink.KindTLS), string(sink.KindProtocol), string(sink.KindProxy), string(sink.KindLocal),
	string(sink.KindAuth), string(sink.KindNetwork),
}, rejections...)

// failureReason says in one word why an answer delivered nothing. It is one of failures, and of rejections where the class is Rejected.
func failureReason(a sink.Answer) string {
	switch s := a.Status; {
	case s == 0 && a.Class == sink.Rejected:
		return string(sink.KindBlocked) // nothing else is refused before it is sent
	case s == 0:
		return string(sink.KindOf(a.Err))
	case 300 <= s && s <= 399:
		return failedRedirect
	case 500 <= s && s <= 599:
		return failedServer
	}
	switch a.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return failedUnauthorized
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone:
		return failedNotFound
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return failedInvalid
	case http.StatusRequestEntityTooLarge:
		return failedTooLarge
	case http.StatusTooManyRequests:
		return failedThrottled
	default:
		return failedOther
	}
}
