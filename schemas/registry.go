package schemas

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
)

// Registry says where a schema registry is that speaks Confluent's API.
type Registry struct {
	URLs               []string               // http or https; the next one is asked where one cannot be reached
	Username, Password string                 // for basic authentication; "" for none
	Token              func() (string, error) // for bearer authentication, asked before every request; nil for none
	RootCAs            *x509.CertPool         // nil: the system's
	Timeout            time.Duration          // of a load; 0 is 5 s
	Dial               func(ctx context.Context, network, address string) (net.Conn, error)
}

const (
	defaultTimeout = 5 * time.Second

	// pause is how long the registry is left alone after it has failed to answer.
	pause = time.Second
	// An id that the registry did not know is not asked for again for a while, which doubles with every time: a schema that has just been registered
	// may not have come to every instance of the registry.
	unknownAtFirst = time.Second
	unknownFor     = 30 * time.Second

	maxSchemas    = 1000 // kept at a time
	maxReferences = 100  // of a schema, those of its references included
)

// registry asks a schema registry and keeps what it answers: ids do not change their meaning.
type registry struct {
	client  *sr.Client
	idle    func() // closes idle connections
	timeout time.Duration
	camel   bool

	mu    sync.RWMutex
	known map[uint32]answer

	// Who holds asking may ask the registry; one at a time, so that a registry in trouble gets no crowd.
	asking   chan struct{}
	failure  error
	failedAt time.Time
}

// answer is what the registry has said about an id: a schema, or why there is none to decode with.
type answer struct {
	schema *schema
	err    error
	until  time.Time     // errors only; zero: for good
	keeps  time.Duration // until then
}

func newRegistry(o *Registry, camel bool) (*registry, error) {
	if len(o.URLs) == 0 {
		return nil, errors.New("it has no URL")
	}
	for _, u := range o.URLs {
		if parsed, err := url.Parse(u); err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
			return nil, fmt.Errorf("%q is no http or https URL", u)
		}
	}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         o.Dial,
		TLSClientConfig:     &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: defaultTimeout,
		MaxIdleConns:        2,
		IdleConnTimeout:     30 * time.Second,
		ForceAttemptHTTP2:   true,
	}
	options := []sr.ClientOpt{
		sr.URLs(slices.Clone(o.URLs)...),
		sr.HTTPClient(&http.Client{Transport: bounded{transport}}),
		sr.UserAgent("segment-webhooks"),
	}
	if o.Username != "" || o.Password != "" {
		options = append(options, sr.BasicAuth(o.Username, o.Password))
	}
	if o.Token != nil {
		options = append(options, sr.PreReq(func(request *http.Request) error {
			token, err := o.Token()
			if err == nil {
				request.Header.Set("Authorization", "Bearer "+token)
			}
			return err
		}))
	}
	client, err := sr.NewClient(options...)
	if err != nil {
		return nil, err
	}
	r := &registry{
		client: client, idle: transport.CloseIdleConnections, timeout: o.Timeout, camel: camel,
		known: map[uint32]answer{}, asking: make(chan struct{}, 1),
	}
	if r.timeout == 0 {
		r.timeout = defaultTimeout
	}
	return r, nil
}

// schema gives the schema of an id from what is known. An error is ErrUnavailable where nothing is.
func (r *registry) schema(id uint32) (*schema, error) {
	r.mu.RLock()
	a, ok := r.known[id]
	r.mu.RUnlock()
	if !ok || a.err != nil && !a.until.IsZero() && time.Now().After(a.until) {
		return nil, fmt.Errorf("schema %d: %w", id, ErrUnavailable)
	}
	return a.schema, a.err
}

// load asks the registry for a schema, unless it is known.
func (r *registry) load(parent context.Context, id uint32) error {
	ctx, cancel := context.WithTimeoutCause(parent, r.timeout, fmt.Errorf("no answer within %v", r.timeout))
	defer cancel()
	select {
	case r.asking <- struct{}{}:
		defer func() { <-r.asking }()
	case <-ctx.Done():
		return fmt.Errorf("schema %d: %w: waiting for the registry: %w", id, ErrUnavailable, context.Cause(ctx))
	}
	if _, err := r.schema(id); !errors.Is(err, ErrUnavailable) {
		return nil // another call has found it
	}
	if r.failure != nil && time.Since(r.failedAt) < pause {
		return fmt.Errorf("schema %d: %w: asking the registry: %w", id, ErrUnavailable, r.failure)
	}
	s, err := r.ask(ctx, id)
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		a := answer{err: fmt.Errorf("schema %d: %w", id, err)}
		if refused.mayCome {
			r.mu.RLock()
			a.keeps = min(max(2*r.known[id].keeps, unknownAtFirst), unknownFor)
			r.mu.RUnlock()
			a.until = time.Now().Add(a.keeps)
		}
		r.keep(id, a)
	case err != nil:
		if ctx.Err() != nil {
			err = errors.Join(context.Cause(ctx), err)
		}
		if parent.Err() == nil {
			r.failure, r.failedAt = err, time.Now()
		}
		return fmt.Errorf("schema %d: %w: asking the registry: %w", id, ErrUnavailable, err)
	default:
		r.keep(id, answer{schema: s})
	}
	r.failure = nil
	return nil
}

func (r *registry) keep(id uint32, a answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.known) >= maxSchemas {
		for other := range r.known { // any will do: it can be asked for again
			delete(r.known, other)
			break
		}
	}
	r.known[id] = a
}

// refusal is an answer of the registry that leaves no way to decode a record.
type refusal struct {
	cause   error
	mayCome bool // the schema may be registered later
}

func (e *refusal) Error() string { return e.cause.Error() }

func (e *refusal) Unwrap() error { return e.cause }

// registeredSchema is what the registry tells of a schema. sr has a type for it, which fails on types of schemas that it does not know: then
// one odd record would look like a registry out of order.
type registeredSchema struct {
	Schema     string               `json:"schema"`
	Type       string               `json:"schemaType"` // "" is AVRO
	References []sr.SchemaReference `json:"references"`
}

// ask asks for a schema and what it refers to. An error is a refusal, or the registry has no answer.
func (r *registry) ask(ctx context.Context, id uint32) (*schema, error) {
	if id > math.MaxInt32 {
		return nil, &refusal{cause: errors.New("no registry has ids that large")}
	}
	var found registeredSchema
	err := r.client.Do(ctx, http.MethodGet, fmt.Sprintf("/schemas/ids/%d", id), nil, &found)
	if errorCode(err) == sr.ErrSchemaNotFound.Code {
		return nil, &refusal{cause: errors.New("the registry does not know this id"), mayCome: true}
	}
	if err != nil {
		return nil, describe(err)
	}
	switch {
	case found.Schema == "":
		return nil, errors.New("the answer holds no schema: is this the URL of a schema registry?")
	case found.Type == "JSON":
		return &schema{json: true}, nil
	case found.Type != "" && found.Type != "AVRO":
		return nil, &refusal{cause: fmt.Errorf("it is of type %s: Avro and JSON are read here", found.Type)}
	}
	var references []string
	if err := r.askReferences(ctx, found.References, map[sr.SubjectVersion]bool{}, &references); err != nil {
		return nil, err
	}
	s, err := compile(found.Schema, references, r.camel)
	if err != nil {
		return nil, &refusal{cause: fmt.Errorf("the registered schema cannot be used: %w", err)}
	}
	return s, nil
}

// askReferences appends the texts of referenced schemas to out, each after those that it refers to itself.
func (r *registry) askReferences(ctx context.Context, references []sr.SchemaReference, seen map[sr.SubjectVersion]bool, out *[]string) error {
	for _, ref := range references {
		at := sr.SubjectVersion{Subject: ref.Subject, Version: ref.Version}
		if seen[at] {
			continue
		}
		if seen[at] = true; len(seen) > maxReferences {
			return &refusal{cause: fmt.Errorf("it refers to more than %d schemas", maxReferences)}
		}
		var found registeredSchema
		path := fmt.Sprintf("/subjects/%s/versions/%d", url.PathEscape(ref.Subject), ref.Version)
		err := r.client.Do(sr.WithParams(ctx, sr.ShowDeleted), http.MethodGet, path, nil, &found)
		switch code := errorCode(err); {
		case code == sr.ErrSubjectNotFound.Code || code == sr.ErrVersionNotFound.Code || code == sr.ErrSchemaNotFound.Code:
			return &refusal{cause: fmt.Errorf("it refers to version %d of %q, which the registry does not know", ref.Version, ref.Subject), mayCome: true}
		case err != nil:
			return describe(err)
		}
		if err := r.askReferences(ctx, found.References, seen, out); err != nil {
			return err
		}
		*out = append(*out, found.Schema)
	}
	return nil
}

// ping finds out whether the registry answers requests for schemas: it asks for one that there cannot be.
func (r *registry) ping(parent context.Context) error {
	ctx, cancel := context.WithTimeoutCause(parent, r.timeout, fmt.Errorf("no answer within %v", r.timeout))
	defer cancel()
	err := r.client.Do(ctx, http.MethodGet, fmt.Sprintf("/schemas/ids/%d", math.MaxInt32), nil, nil)
	switch {
	case err == nil || errorCode(err) == sr.ErrSchemaNotFound.Code:
		return nil
	case ctx.Err() != nil:
		return errors.Join(context.Cause(ctx), err)
	default:
		return describe(err)
	}
}

// errorCode is the registry's own code of an error, 0 if it has none. A status of 404 alone may come from anywhere.
func errorCode(err error) int {
	if answer, ok := errors.AsType[*sr.ResponseError](err); ok {
		return answer.ErrorCode
	}
	return 0
}

// describe says in a line what is wrong with an answer.
func describe(err error) error {
	var answer *sr.ResponseError
	if !errors.As(err, &answer) {
		return err
	}
	const most = 200
	text := answer.Error()
	if len(text) > most {
		text = text[:most] + "…"
	}
	return fmt.Errorf("%s %s: status %d: %q", answer.Method, answer.URL, answer.StatusCode, text)
}

// bounded is a transport whose answers end after maxSchemaBytes.
type bounded struct{ *http.Transport }

func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.Transport.RoundTrip(request)
	if err == nil {
		response.Body = &boundedBody{ReadCloser: response.Body, left: maxSchemaBytes}
	}
	return response, err
}

type boundedBody struct {
	io.ReadCloser
	left int
}

// Read fails rather than ends: half an answer is none.
func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, &refusal{cause: fmt.Errorf("the answer of the registry is larger than %d MiB", maxSchemaBytes>>20)}
	}
	return n, err
}
