package sink

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"
)

// BatchOverhead and [ElementSize] give the exact size of a batch's body before it is built:
// BatchOverhead plus the ElementSize of every event, in bytes.
const BatchOverhead = 1

// null stands in a batch for an event without data.
const null = "null"

// ElementSize is what an event adds to the body of a batch, in bytes, its separator included.
func ElementSize(data []byte) int {
	if len(data) == 0 {
		return len(null) + 1
	}
	return len(data) + 1
}

// Request is one signed HTTP request, ready to be sent and sent again. It is made by [Single]
// and [Batch].
type Request struct {
	// Reach says which addresses may be dialled; set it before the first Send. The zero value
	// is the narrow one, [ReachPublic].
	Reach Reach
	// Once asks for a single try, without quick retries after it. Set it before the first Send.
	Once bool
	// ID is the webhook-id of Standard Webhooks: the same for every attempt at the same events.
	// "" stands for a hash of the body. Set it before the first Send.
	ID string
	// Auth proves who sends the request; nil for nothing. Its Authorization header wins over
	// every other. Set it before the first Send.
	Auth *Auth
	// TLS is how the request speaks TLS; nil for the client's way. Set it before the first Send.
	TLS *TLS

	method  string
	url     *url.URL // without user information and fragment; shared with other requests
	uri     string   // its path and query
	host    string   // the mapped Host, "" for the URL's own
	headers headerSet
	body    []byte // nil for none
	loan    *loan  // its memory, of a batch
	encoded []byte // what is sent in its place; nil for itself
	events  int
	dated   *Signer // signs each try, nil for nobody
	array   bool    // of events, even of one
}

// Single builds the request for one event. A payload without data has no body, no Content-Type
// and no signature.
//
// Of the headers, those that the mapping names win over the signatures (but for those of Standard
// Webhooks, which would not hold), over extra (headers of
// the connector such as Idempotency-Key) and over the URL's credentials; a mapped value that is
// the word "undefined" removes the header. Content-Type is always application/json where there
// is a body, and Content-Length, Transfer-Encoding and Trailer are never taken from a mapping.
// The error joins every fault found, quotes no value, and means that this payload can never be
// sent.
func Single(p *Payload, signer *Signer, extra ...Header) (*Request, error) {
	var body []byte
	if len(p.Data) > 0 {
		body = p.Data
	}
	return build(p, body, body, 1, signer, extra)
}

// Batch builds one request for several events: an array of their data in order, null for an
// event without data, signed by the first event's bytes alone and not signed where that has
// none. URL, method and headers are the first payload's; the caller groups by [Payload.Key].
// Headers, those in extra among them, and errors are as for [Single].
func Batch(ps []Payload, signer *Signer, extra ...Header) (*Request, error) {
	if len(ps) == 0 {
		return nil, errors.New("batch holds no event")
	}
	size := BatchOverhead
	for i := range ps {
		size += ElementSize(ps[i].Data)
	}
	memory, body := borrow(size)
	for i := range ps {
		if i == 0 {
			body = append(body, '[')
		} else {
			body = append(body, ',')
		}
		if len(ps[i].Data) == 0 {
			body = append(body, null...)
		} else {
			body = append(body, ps[i].Data...)
		}
	}
	body = append(body, ']')
	r, err := build(&ps[0], body, body[1:1+len(ps[0].Data)], len(ps), signer, extra)
	if err != nil {
		return nil, err
	}
	r.array, r.loan = true, memory
	return r, nil
}

// build makes the request that carries body; signed is the part that the signature covers.
func build(p *Payload, body, signed []byte, events int, signer *Signer, extra []Header) (*Request, error) {
	to, urlErr := destinationOf(p.URL)
	var methodErr error
	if p.Method != http.MethodPost && p.Method != http.MethodPut && p.Method != http.MethodPatch {
		methodErr = fmt.Errorf("method is %q: use POST, PUT or PATCH", p.Method)
	}
	headers, headerErr := newHeaderSet(p.Headers, len(extra)+3)
	var extraErr error
	for _, h := range extra {
		extraErr = errors.Join(extraErr, checkHeader(h))
	}
	if err := errors.Join(urlErr, methodErr, headerErr, extraErr); err != nil {
		return nil, err
	}

	headers = signer.sign(headers, signed, body)
	for _, h := range extra {
		headers = headers.add(textproto.CanonicalMIMEHeaderKey(h.Name), h.Value)
	}
	headers = removeUndefined(headers)
	if to.credentials != "" {
		headers = headers.add("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(to.credentials)))
	}
	if body != nil {
		headers = headers.set("Content-Type", "application/json")
	}
	for _, framing := range [...]string{"Content-Length", "Transfer-Encoding", "Trailer"} {
		headers, _ = headers.take(framing)
	}
	headers, host := headers.take("Host")
	r := &Request{
		method: p.Method, url: to.url, uri: to.requestURI, host: strings.TrimSpace(host), headers: headers, body: body, events: events,
	}
	if signer.Names() {
		r.dated = signer
	}
	return r, nil
}

// dressed is the request as one try sends it, with the headers that hold the time and those that
// prove who sends it: r itself where there are none. proof is the Authorization header's value.
func (r *Request) dressed(now time.Time, proof string) *Request {
	if r.dated == nil && proof == "" {
		return r
	}
	try := *r
	try.headers = slices.Grow(slices.Clone(r.headers), 4)
	if r.dated != nil {
		try.headers = r.dated.signAt(try.headers, r.webhookID(), r.body, now)
	}
	if proof != "" {
		try.headers = try.headers.set("Authorization", proof)
	}
	return &try
}

func (r *Request) webhookID() string {
	if r.ID != "" {
		return r.ID
	}
	sum := sha256.Sum256(r.body)
	return "body-" + hex.EncodeToString(sum[:16])
}

// Preview is the request as a try at a time would send it, for a look at its headers. An access
// token is not asked for: *** stands for it.
func (r *Request) Preview(now time.Time) *Request {
	proof := ""
	if r.Auth != nil {
		proof = r.Auth.shown()
	}
	return r.dressed(now, proof)
}

// removeUndefined takes out the headers whose value is "undefined". They stood until now to keep
// the connector's own headers of the same name away, which is what that word means to Segment.
func removeUndefined(headers headerSet) headerSet {
	kept := headers[:0]
	for _, h := range headers {
		if h.Value != "undefined" {
			kept = append(kept, h)
		}
	}
	return kept
}

// Method is the HTTP method.
func (r *Request) Method() string { return r.method }

// URL is what is requested, query included, without user information and fragment. It may hold
// secrets; see [RedactURL].
func (r *Request) URL() string { return r.url.String() }

// Host is the host that will be dialled, in lower case, with its port unless that is the
// scheme's own. A mapped Host header does not change it.
func (r *Request) Host() string { return r.url.Host }

// Headers are those that the mapping, the signature, the URL's credentials and the body cause,
// sorted by canonical name, a mapped Host among them. What the client adds to every request
// (User-Agent, Accept, Content-Length, the URL's own Host) is not; nor are those that each try
// makes anew (Standard Webhooks, Auth), which [Request.Preview] has.
func (r *Request) Headers() []Header {
	list := make(headerSet, len(r.headers), len(r.headers)+1)
	copy(list, r.headers)
	if r.host != "" {
		list = list.add("Host", r.host)
	}
	return list
}

// Body is exactly what is sent, nil for none, but for [Request.Compress]. It is shared: do not change it.
func (r *Request) Body() []byte { return r.body }

// Events is how many events the request carries; it is 1 for a single request.
func (r *Request) Events() int { return r.events }

// String is safe to log: the method and the URL as [RedactURL] shows it.
func (r *Request) String() string { return r.method + " " + redact(r.url) }

// GoString is [Request.String], so that %#v shows no header.
func (r *Request) GoString() string { return r.String() }
