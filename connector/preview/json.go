package preview

import (
	"encoding/json"
	"io"
	"strings"
)

// jsonPrinter shows one JSON object a line.
type jsonPrinter struct{ encoder *json.Encoder }

func newJSONPrinter(w io.Writer) *jsonPrinter {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return &jsonPrinter{encoder}
}

type jsonRequest struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    *string           `json:"body"`
}

type jsonOutcome struct {
	Event   int          `json:"event"`
	Mapping string       `json:"mapping"`
	Matched bool         `json:"matched"`
	Request *jsonRequest `json:"request,omitempty"`
	Reason  string       `json:"reason,omitempty"`
	Error   string       `json:"error,omitempty"`
}

func (p *jsonPrinter) invalid(i Invalid) error {
	return p.encoder.Encode(struct {
		Mapping string `json:"mapping"`
		Invalid string `json:"invalid"`
	}{i.Mapping, strings.Join(i.Faults, "\n")})
}

func (p *jsonPrinter) event(int, []byte) error { return nil }

func (p *jsonPrinter) undecodable(number int, err error) error {
	return p.encoder.Encode(struct {
		Event int    `json:"event"`
		Error string `json:"error"`
	}{number, err.Error()})
}

func (p *jsonPrinter) outcome(o outcome) error {
	line := jsonOutcome{Event: o.event, Mapping: o.mapping.Name, Matched: o.matched, Reason: o.reason}
	if o.err != nil {
		line.Error = o.err.Error()
	}
	if r := o.request; r != nil {
		line.Request = &jsonRequest{Method: r.Method(), URL: r.URL(), Headers: make(map[string]string)}
		for _, h := range r.Headers() {
			line.Request.Headers[h.Name] = h.Value
		}
		if body := r.Body(); body != nil {
			text := string(body)
			line.Request.Body = &text
		}
	}
	return p.encoder.Encode(line)
}

func (p *jsonPrinter) end() error { return nil }
