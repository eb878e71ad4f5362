package mapping

import (
	"bytes"

	"segment-webhooks/mapping/document"
)

// Mapping is one mapping of a destination: which events it takes and what request it makes of them. It is immutable
// and safe for concurrent use.
type Mapping struct {
	Name    string // as the definition gives it; names may repeat where IDs do not
	ID      string // identity: the definition's id, or the name where it has none; unique in a Set
	Number  int    // place among the mappings of the source, from 1; that of its faults
	Enabled bool   // true for every mapping of a Set
	Trigger string // the condition, as it was written

	Batch     bool // whether events travel in batches
	BatchSize int  // how many events a batch holds at most, 1 to 4000; 1000 where the definition does not say

	// Start is where a new mapping begins to read: "earliest", "latest", an RFC 3339 time, or "" for the default.
	Start string

	// Delivery is how its requests are to be sent.
	Delivery Delivery

	Signing Signing // how requests are signed
	Auth    *Auth   // how they prove who sends them; nil for not at all
	TLS     *TLS    // certificates for them alone; nil for none

	// Classic tells a mapping of a Webhooks (Classic) destination. There Number is the URL's place.
	Classic bool
	// Alternatives are the URLs of a Webhooks (Classic) destination for which a success at any of them is enough: each
	// is the mapping that sends to one, and is to be tried as often as the others. What Resolve gives is the first
	// one's. nil for every other mapping.
	Alternatives []*Mapping

	program      program
	confidential confidential
}

// String returns the mapping's name, and so keeps what its headers hold out of logs.
func (m *Mapping) String() string { return m.Name }

// Resolve returns the request's parts for one event. event is the event's canonical JSON, as Reader.Read returns it;
// Data may share its memory, so event must not change as long as the payload is in use. The error is a *ResolveError:
// this event cannot be mapped and never will be.
func (m *Mapping) Resolve(event []byte) (Payload, error) {
	return m.program.resolve(event)
}

// Endpoint returns scheme, host and port of the URL, such as "https://example.com:8443", and "" where they are not the
// same for all events, or where there are Alternatives. A port that is the scheme's own is left out, and so are user
// and password.
func (m *Mapping) Endpoint() string { return m.program.endpoint }

// HostFromEvent reports whether the URL's host is computed from the event, and therefore has to be one of
// Options.AllowedHosts.
func (m *Mapping) HostFromEvent() bool { return m.program.hosts != nil }

// program is what a mapping does with an event. What does not depend on the event is resolved when it is made.
type program struct {
	constant Payload // the constant fields; the others are empty
	endpoint string

	// What depends on the event; nil where it does not. whole excludes the others.
	whole   node // gives the object of all fields
	url     node
	method  node
	headers node
	data    node

	// plan is the quick way through url, method, headers and data; nil where there is none.
	plan *plan
	// partial reads what the nodes look at; nil where they may look at anything.
	partial *partial

	// passThrough is set where data is the event itself.
	passThrough bool
	// verbatim is set where it is so although the event holds a key that a mapping would leave out.
	verbatim bool
	// hosts is set where the URL's host comes from the event.
	hosts hostList
}

func (p *program) resolve(event []byte) (Payload, error) {
	payload := p.constant
	tree := p.whole != nil || p.url != nil || p.method != nil || p.headers != nil || p.data != nil
	if p.passThrough {
		if !p.verbatim && bytes.Contains(event, []byte(protoKey)) {
			tree = true
		} else {
			payload.Data = event
		}
	}
	if !tree {
		return payload, nil
	}
	if p.plan != nil && (!p.passThrough || payload.Data != nil) {
		if ok, err := p.plan.resolve(event, p, &payload); err != nil {
			return Payload{}, err
		} else if ok {
			return payload, nil
		}
	}
	in, err := p.read(event, p.passThrough && payload.Data == nil)
	if err != nil {
		return Payload{}, err
	}
	if p.passThrough && payload.Data == nil {
		payload.Data = compact(in).AppendJSON(make([]byte, 0, len(event)))
	}
	fields := *p
	if p.whole != nil {
		if fields, err = p.fieldsOf(in); err != nil {
			return Payload{}, err
		}
	}
	if err := fields.fill(&payload, in); err != nil {
		return Payload{}, err
	}
	return payload, nil
}

// read parses an event, or as much of it as is needed.
func (p *program) read(event []byte, whole bool) (document.Value, error) {
	if p.partial != nil && !whole {
		if in, err := p.partial.read(event); err == nil {
			return in, nil
		}
	}
	in, err := document.Parse(event)
	if err != nil {
		return in, &ResolveError{Reason: "the event is no JSON: " + err.Error()}
	}
	if in.Kind() != document.Object {
		return in, &ResolveError{Reason: "the event is " + describe(in) + "; only objects can be mapped"}
	}
	return in, nil
}

// fieldsOf resolves a mapping that is a directive as a whole.
func (p *program) fieldsOf(in document.Value) (program, error) {
	v, err := p.whole.eval(in)
	if err != nil {
		return program{}, err
	}
	if v.Kind() != document.Object {
		return program{}, &ResolveError{Reason: "the mapping gives " + describe(v) + "; it has to give an object of fields"}
	}
	return program{
		url:     constant{v.Get("url")},
		method:  constant{v.Get("method")},
		headers: constant{v.Get("headers")},
		data:    constant{v.Get("data")},
		hosts:   p.hosts,
	}, nil
}

// fill resolves the fields that depend on the event.
func (p *program) fill(payload *Payload, in document.Value) error {
	if p.url != nil {
		v, err := p.url.eval(in)
		if err != nil {
			return err
		}
		if payload.URL, err = p.checkedURL(v); err != nil {
			return err
		}
	}
	if p.method != nil {
		v, err := p.method.eval(in)
		if err != nil {
			return err
		}
		if payload.Method, err = methodOf(v); err != nil {
			return err
		}
	}
	if p.headers != nil {
		v, err := p.headers.eval(in)
		if err != nil {
			return err
		}
		if payload.Headers, err = headersOf(v); err != nil {
			return err
		}
	}
	if p.data != nil {
		v, err := p.data.eval(in)
		if err != nil {
			return err
		}
		if payload.Data, err = dataOf(v); err != nil {
			return err
		}
	}
	return nil
}

// checkedURL returns a URL that depends on the event, if it may be called.
func (p *program) checkedURL(v document.Value) (string, error) {
	text, err := urlOf(v)
	if err != nil {
		return "", err
	}
	u, err := parseURL(text)
	if err != nil {
		return "", &ResolveError{Path: "/url", Reason: err.Error()}
	}
	if what := forbiddenHost(u); what != "" {
		return "", &ResolveError{Path: "/url", Reason: "has the host " + u.Host + ", " + what}
	}
	if p.hosts != nil && !p.hosts.allows(u) {
		return "", &ResolveError{Path: "/url", Reason: "has the host " + u.Host + ", which is not among the allowed hosts"}
	}
	return text, nil
}
