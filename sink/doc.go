// Package sink sends webhooks: it turns one payload, or a batch of payloads that share a target, into one HTTP
// request, signs it, sends it, says what the answer means and when to try again.
//
// What it promises:
//
//   - A [Request] is immutable. It can be sent any number of times, from any goroutine, and carries the same bytes
//     each time. It shares the payload's data instead of copying it, so that data must never change, not even after
//     [Client.Send] has returned: a server may answer before it has read everything, and net/http may still be
//     writing then. (Over the fast wire nothing is in use any more: see [Request.Recycle].)
//   - Segment's signature covers exactly the bytes sent: the whole body of a single request, the first element of a batch
//     as it stands in the array. The other [Schemes] cover the whole body always.
//   - Headers that hold the time of an attempt, and those that prove who sends it ([Auth]), are made for each try.
//   - [Client.Send] always returns an [Answer] with a [Class]; there is no other way to fail. It takes at most
//     Options.Timeout a try, as much again where an access token has to be asked for, and Options.Burst quick retries
//     after the first.
//   - What speaks HTTP, net/http or this package ([Transport]), changes the cost and nothing else.
//   - Redirects are never followed: that would carry credentials and a signed body elsewhere.
//   - TLS certificates are always verified. A private authority can be added, nothing can be switched off.
//   - Which addresses a request may reach is checked on the address actually dialled ([Reach]).
//   - No error text holds a query string, a credential, a header value or any of the endpoint's answer. The kept
//     start of the answer's body (Answer.Body) is the endpoint's own words.
//
// The package owns no queue and no clock: when an attempt is due, and how long an event may be retried, is the
// caller's to decide with the help of [Backoff]. No goroutine of its own outlives a Send, but for those that, when a context ends,
// tell the idle connections that were last used under it.
//
// How a request travels: [Client.Send] tries once through a wire, of which there are two, fast (by itself) and
// standard (over net/http), and leaves a burst of quick retries to go-retryablehttp. Both wires hand back the same
// reply or an error, which Send names and classifies in one place.
package sink
