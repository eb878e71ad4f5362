package sink

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
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

	method  string
	url     *url.URL // without user information and fragment
	host    string   // the mapped Host, "" for the URL's own
	headers headerSet
	body    []byte // nil for none
	events  int
}

// Single builds the request for one event. A payload without data has no body, no Content-Type
// and no signature.
//
// Of the headers, those that the mapping names win over the signature, over extra (headers of
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
// Headers and errors are as for [Single].
func Batch(ps []Payload, signer *Signer) (*Request, error) {
	if len(ps) == 0 {
		return nil, errors.New("batch holds no event")
	}
	size := BatchOverhead
	for i := range ps {
		size += ElementSize(ps[i].Data)
	}
	body := make([]byte, 0, size)
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
	return build(&ps[0], body, body[1:1+len(ps[0].Data)], len(ps), signer, nil)
}

// build makes the request that carries body; signed is the part that the signature covers.
func build(p *Payload, body, signed []byte, events int, signer *Signer, extra []Header) (*Request, error) {
	target, credentials, urlErr := parseURL(p.URL)
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

	if _, mapped := headers.find("X-Signature"); !mapped {
		if signature := signer.Sign(signed); signature != "" {
			headers = headers.add("X-Signature", signature)
		}
	}
	for _, h := range extra {
		headers = headers.add(textproto.CanonicalMIMEHeaderKey(h.Name), h.Value)
	}
	headers = removeUndefined(headers)
	if credentials != "" {
		headers = headers.add("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credentials)))
	}
	if body != nil {
		headers = headers.set("Content-Type", "application/json")
	}
	for _, framing := range [...]string{"Content-Length", "Transfer-Encoding", "Trailer"} {
		headers, _ = headers.take(framing)
	}
	headers, host := headers.take("Host")
	return &Request{
		method: p.Method, url: target, host: strings.TrimSpace(host), headers: headers, body: body, events: events,
	}, nil
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
// (User-Agent, Accept, Content-Length, the URL's own Host) is not.
func (r *Request) Headers() []Header {
	list := make(headerSet, len(r.headers), len(r.headers)+1)
	copy(list, r.headers)
	if r.host != "" {
		list = list.add("Host", r.host)
	}
	return list
}

// Body is exactly what is sent, nil for none. It is shared: do not change it.
func (r *Request) Body() []byte { return r.body }

// Events is how many events the request carries; it is 1 for a single request.
func (r *Request) Events() int { return r.events }

// String is safe to log: the method and the URL as [RedactURL] shows it.
func (r *Request) String() string { return r.method + " " + redact(r.url) }

// GoString is [Request.String], so that %#v shows no header.
func (r *Request) GoString() string { return r.String() }
