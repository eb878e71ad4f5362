package preview

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"segment-webhooks/mapping"
	"segment-webhooks/sink"
)

// Options say how a preview is made and shown.
type Options struct {
	// Output is "text", "json" or "curl".
	Output string
	// Exact shows bodies in text as the bytes that would be sent, not laid out for reading.
	Exact bool
	// Secret is the shared secret; empty for requests without signature. Sender takes its place.
	Secret []byte
	// Sender says how the requests of a mapping, or of one of its alternatives, are signed and prove who sends them;
	// nil for Segment's signature, of Secret, and nothing more. A token that would have to be asked for is shown as ***.
	Sender func(*mapping.Mapping) Sender
	// Now is when the requests would be sent, where a signature holds the time.
	Now time.Time
	// UserAgent is what the client would send where a mapping sets none.
	UserAgent string
	// Decode gives the event that a value holds, in JSON; nil where values are events.
	Decode func(value []byte) ([]byte, error)
	// Valid says why an event is refused though it is one; nil where none is.
	Valid func(event []byte) error
}

// Sender is how requests are signed, and how they prove who sends them; nil for not at all.
type Sender struct {
	Signer *sink.Signer
	Auth   *sink.Auth
}

// sender returns how requests of mappings are sent.
func (o Options) sender() func(*mapping.Mapping) Sender {
	if o.Sender != nil {
		return o.Sender
	}
	signer := sink.NewSigner(o.Secret)
	return func(*mapping.Mapping) Sender { return Sender{Signer: signer} }
}

// Outputs are the forms in which a preview can be shown.
func Outputs() []string { return []string{"text", "json", "curl"} }

// Invalid is a mapping that does not load, and all that is wrong with it; a fault may have several lines.
type Invalid struct {
	Mapping string
	Faults  []string
}

// outcome is what becomes of one event at one mapping: a request, or the reason why there is none.
type outcome struct {
	event   int
	mapping *mapping.Mapping
	matched bool
	reason  string        // why the mapping does not fire, unless matched
	err     error         // why it fires, but makes no request
	request *sink.Request // nil unless matched and without err

	alternatives int // how many requests there are of which one that succeeds is enough, this one included; 0 for none
}

// printer shows a preview piece by piece, in order.
type printer interface {
	invalid(Invalid) error
	event(number int, event []byte) error
	undecodable(number int, err error) error
	outcome(outcome) error
	end() error
}

// Run shows the mappings that do not load, and then for each event, in order, what each mapping of the set makes of
// it. Events and mappings that fail are part of the answer; an error means that it could not be written.
func Run(w io.Writer, set *mapping.Set, invalid []Invalid, events []Event, o Options) error {
	out := bufio.NewWriter(w)
	p, err := newPrinter(out, o)
	if err != nil {
		return err
	}
	err = show(p, set, invalid, events, o)
	if err = errors.Join(err, out.Flush()); err != nil {
		return fmt.Errorf("printing the preview: %w", err)
	}
	return nil
}

func newPrinter(w io.Writer, o Options) (printer, error) {
	switch o.Output {
	case "text":
		return &textPrinter{w: w, exact: o.Exact, signed: len(o.Secret) > 0 || o.Sender != nil}, nil
	case "json":
		return newJSONPrinter(w), nil
	case "curl":
		return &curlPrinter{w: w, userAgent: o.UserAgent}, nil
	}
	return nil, fmt.Errorf("output %q: use text, json or curl", o.Output)
}

func show(p printer, set *mapping.Set, invalid []Invalid, events []Event, options Options) error {
	for _, i := range invalid {
		if err := p.invalid(i); err != nil {
			return err
		}
	}
	reader, sender := set.NewReader(), options.sender()
	for _, e := range events {
		event, match, err := options.read(reader, e.Text)
		if err != nil {
			if err := p.undecodable(e.Number, err); err != nil {
				return err
			}
			continue
		}
		if err := p.event(e.Number, event); err != nil {
			return err
		}
		for i, m := range set.Mappings() {
			from := sender(m)
			for _, o := range outcomes(m, event, match&(1<<i) != 0, from.Signer) {
				o.event = e.Number
				if o.request != nil {
					o.request.ID, o.request.Auth = "preview-"+strconv.Itoa(e.Number), from.Auth
					o.request = o.request.Preview(options.Now)
				}
				if !o.matched {
					o.reason = reader.Explain(i)
				}
				if err := p.outcome(o); err != nil {
					return err
				}
			}
		}
	}
	return p.end()
}

// read makes an event of a value, as the connector does.
func (o *Options) read(reader *mapping.Reader, value []byte) (event []byte, match uint64, err error) {
	if o.Decode != nil {
		if value, err = o.Decode(value); err != nil {
			return nil, 0, err
		}
	}
	event, match, err = reader.Read(value)
	if err == nil && o.Valid != nil {
		err = o.Valid(event)
	}
	return event, match, err
}

// outcomes are what one mapping makes of an event: one, or one for each of its alternatives.
func outcomes(m *mapping.Mapping, event []byte, matched bool, signer *sink.Signer) []outcome {
	if !matched {
		return []outcome{{mapping: m}}
	}
	targets := m.Alternatives
	if targets == nil {
		targets = []*mapping.Mapping{m}
	}
	all := make([]outcome, len(targets))
	for i, target := range targets {
		all[i] = outcome{mapping: target, matched: true, alternatives: len(m.Alternatives)}
		all[i].request, all[i].err = build(target, event, signer)
	}
	return all
}

// build makes the request that delivery would send for this event alone.
func build(m *mapping.Mapping, event []byte, signer *sink.Signer) (*sink.Request, error) {
	resolved, err := m.Resolve(event)
	if err != nil {
		return nil, err
	}
	payload := sink.Payload{URL: resolved.URL, Method: resolved.Method, Data: resolved.Data}
	for _, h := range resolved.Headers {
		payload.Headers = append(payload.Headers, sink.Header(h))
	}
	if m.Batch {
		return sink.Batch([]sink.Payload{payload}, signer)
	}
	return sink.Single(&payload, signer)
}
