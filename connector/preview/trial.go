package preview

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"segment-webhooks/mapping"
	"segment-webhooks/sink"
)

// Trial is what the mappings would make of one event, fit for eyes that may see the event and no secret: what the environment had a share
// in, header values and parts of URLs whose names sound like secrets, and signatures are replaced by words. A page that signed whatever is
// pasted into it would sign for anybody.
type Trial struct {
	Title   string // which event it is, in a few words
	Fault   string // why it is no event; then there are no results
	Results []Result
}

// Result is what one mapping would make of the event.
type Result struct {
	Mapping string
	Trigger string
	Matched bool
	Reason  string // why it does not fire, unless matched
	Fault   string // why it fires and makes no request: the event would become a dead letter
	Note    string // about the request, such as that it is a batch

	Method, URL string
	Headers     []sink.Header
	HasBody     bool
	Body        string // laid out for reading
	BodyBytes   int    // of what would be sent
	Clipped     bool   // Body is only the beginning
	Curl        string // a command for a POSIX shell, "" where the body is too long for one
}

// TrialOptions say what the requests are like that are not made by the mapping alone.
type TrialOptions struct {
	Signed    func(*mapping.Mapping) []string // the schemes that a mapping's requests are signed with; nil: no request is signed
	UserAgent string                          // sent where a mapping sets none
	Valid     func(event []byte) error        // why an event is refused though it is one; nil where none is
	Now       time.Time                       // when the requests would be sent, where a signature holds the time
}

const (
	shownBody = 64 << 10 // bytes of a body that are shown
	hidden    = "(hidden)"
	signed    = "(signed with the shared secret)"
)

// trialSecret is what trials are signed with, to find out where a signature belongs.
const trialSecret = "not the shared secret"

// Try shows what the mappings of a set would make of an event.
func Try(set *mapping.Set, text []byte, o TrialOptions) Trial {
	reader := set.NewReader()
	event, match, err := (&Options{Valid: o.Valid}).read(reader, text)
	if err != nil {
		return Trial{Title: "not an event", Fault: plain(err.Error())}
	}
	t := Trial{Title: plain(title(event))}
	for i, m := range set.Mappings() {
		from := o.sender(m)
		for _, out := range outcomes(m, event, match&(1<<i) != 0, from.Signer) {
			if !out.matched {
				out.reason = reader.Explain(i)
			}
			if out.request != nil {
				out.request.ID, out.request.Auth = "preview", from.Auth
				out.request = out.request.Preview(o.Now)
			}
			t.Results = append(t.Results, resultOf(out, o))
		}
	}
	return t
}

// sender signs and proves as a mapping's sender does, with secrets of its own: where headers belong is seen, and what they hold is worth nothing.
func (o *TrialOptions) sender(m *mapping.Mapping) Sender {
	var s Sender
	secret := sink.Secret{Text: trialSecret}
	if o.Signed != nil {
		signing := sink.Signing{Secret: secret}
		for _, scheme := range o.Signed(m) {
			signing.Schemes = append(signing.Schemes, sink.Scheme(scheme))
		}
		s.Signer, _ = signing.NewSigner() // the schemes were checked when the mappings were loaded
	}
	if m.Auth != nil {
		s.Auth, _ = sink.NewBearer(secret, nil) // it has no file that could not be read
	}
	return s
}

func resultOf(o outcome, options TrialOptions) Result {
	m := o.mapping
	r := Result{Mapping: m.Name, Trigger: m.Trigger, Matched: o.matched, Reason: plain(o.reason)}
	if o.err != nil {
		r.Fault = plain(o.err.Error())
	}
	if o.request == nil {
		return r
	}
	switch {
	case o.alternatives > 0:
		r.Note = fmt.Sprintf("URL %d; one of %d that takes it is enough", m.Number, o.alternatives)
	case m.Batch:
		r.Note = fmt.Sprintf("in batches of up to %d; here a batch of one", m.BatchSize)
	}
	r.Method, r.URL = o.request.Method(), maskURL(m, o.request.URL())
	for _, h := range o.request.Headers() {
		r.Headers = append(r.Headers, sink.Header{Name: h.Name, Value: maskHeader(m, h)})
	}
	body := o.request.Body()
	r.HasBody, r.BodyBytes = body != nil, len(body)
	r.Body = strings.TrimPrefix((&textPrinter{}).body(body), indent)
	r.Body = strings.ReplaceAll(r.Body, "\n"+indent, "\n")
	if len(r.Body) > shownBody {
		r.Body, r.Clipped = strings.ToValidUTF8(r.Body[:shownBody], ""), true
	}
	if len(body) <= shownBody {
		r.Curl = curlCommand(r.Method, r.URL, r.Headers, body, options.UserAgent, nil)
	}
	return r
}

// secretName tells names of headers and of parameters whose values are nobody's business.
var secretName = regexp.MustCompile(`(?i)auth|token|key|secret|cookie|passw|credential|session|signature|^sig$`)

func maskHeader(m *mapping.Mapping, h sink.Header) string {
	switch {
	case h.Name == "Content-Type":
		return h.Value
	case isSignature(h):
		return signed
	case secretName.MatchString(h.Name), m.HeaderIsConfidential(h.Name):
		return hidden
	}
	return plain(h.Value)
}

// isSignature tells signatures from what a mapping puts in their place. Either is masked; only the word differs.
func isSignature(h sink.Header) bool {
	switch strings.ToLower(h.Name) {
	case "x-signature":
		return len(h.Value) == 40 && strings.Trim(h.Value, "0123456789abcdef") == ""
	case "x-signature-256":
		return strings.HasPrefix(h.Value, "sha256=")
	case "webhook-signature":
		return strings.HasPrefix(h.Value, "v1,")
	}
	return false
}

// maskURL shows scheme and host of a URL in which the environment had a share; of any other all but the values of parameters that sound
// like secrets.
func maskURL(m *mapping.Mapping, raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return hidden
	}
	if m.URLIsConfidential() {
		return u.Scheme + "://" + u.Host + "/" + hidden
	}
	base, query, found := strings.Cut(raw, "?")
	if !found {
		return raw
	}
	parameters := strings.Split(query, "&")
	for i, p := range parameters {
		name, _, _ := strings.Cut(p, "=")
		if spelled, err := url.QueryUnescape(name); err != nil || secretName.MatchString(spelled) {
			parameters[i] = name + "=" + hidden
		}
	}
	return base + "?" + strings.Join(parameters, "&")
}
