package sink

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	encoding "encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
)

// vector is one row of Segment's recorded requests (mapping/testdata/vectors/README.md).
type vector struct {
	ID, Kind string
	Settings struct{ SharedSecret encoding.RawMessage }
	Mapping  string
	Requests []struct {
		Method, URL string
		Headers     map[string]string
		Signature   *string `json:"x_signature"`
		Body        *string
	}
}

func readVectors(t *testing.T) []vector {
	t.Helper()
	file, err := os.Open("../mapping/testdata/vectors/requests.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var rows []vector
	lines := bufio.NewScanner(unzipped)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var row vector
		if err := encoding.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// received is what reached an endpoint.
type received struct {
	method, url, body string
	header            http.Header
}

// anyHost is a network where every host answers 200 to everything, over TLS where asked.
func anyHost(t *testing.T) (Dial, *tls.Config, <-chan received) {
	t.Helper()
	seen := make(chan received, 1)
	plain, secure := newPipes(), newPipes()
	handler := func(scheme string) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			seen <- received{r.Method, scheme + "://" + r.Host + r.RequestURI, string(body), r.Header}
		})
	}
	t.Cleanup(servePipes(plain, handler("http")))
	certificates := &tls.Config{MinVersion: tls.VersionTLS12}
	config := certificates.Clone()
	config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &certificates.Certificates[0], nil }
	server := &http.Server{Handler: handler("https")}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(tls.NewListener(secure, config))
	}()
	t.Cleanup(func() { server.Close(); <-done })
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasSuffix(address, ":80") || strings.HasSuffix(address, ":9000") {
			return plain.Dial(ctx, network, address)
		}
		return secure.Dial(ctx, network, address)
	}
	return dial, certificates, seen
}

// literal reads what a mapping says without directives: URL, method and headers of texts.
func literal(mapping string) (Payload, bool) {
	var m struct {
		URL     any
		Method  any
		Headers encoding.RawMessage
	}
	if encoding.Unmarshal([]byte(mapping), &m) != nil {
		return Payload{}, false
	}
	var p Payload
	var isURL, isMethod bool
	p.URL, isURL = m.URL.(string)
	p.Method, isMethod = m.Method.(string)
	if !isURL || !isMethod || p.URL == "" {
		return p, false
	}
	if len(m.Headers) == 0 || string(m.Headers) == "null" || string(m.Headers) == `""` {
		return p, true
	}
	tokens := encoding.NewDecoder(bytes.NewReader(m.Headers))
	if first, err := tokens.Token(); err != nil || first != encoding.Delim('{') {
		return p, false
	}
	for tokens.More() {
		name, _ := tokens.Token()
		value, _ := tokens.Token()
		text, isText := value.(string)
		if !isText || strings.HasPrefix(name.(string), "@") { //nolint:forcetypeassert // keys of an object
			return p, false
		}
		p.Headers = append(p.Headers, Header{name.(string), text}) //nolint:forcetypeassert // as above
	}
	return p, true
}

// Every recorded request whose target is literal: given its data, the same bytes, signature and
// headers reach the endpoint over real connections.
func TestSegmentsRequests(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		dial, server, seen := anyHost(t)
		certificate := certificateFor(t, "hooks.example.com", "hooks.example.com.", "hooks_example.com", "localhost", "a", "other.example.com")
		server.Certificates = []tls.Certificate{certificate}
		c := newClient(t, Options{Transport: o.Transport, Dial: dial, RootCAs: certPool(certificate)})
		sent, refused := 0, 0
		for _, row := range readVectors(t) {
			p, ok := literal(row.Mapping)
			if !ok {
				continue
			}
			if len(row.Requests) == 0 {
				if u, _, err := parseURL(p.URL); err != nil && u == nil {
					refused++
				}
				continue
			}
			want := row.Requests[0]
			if bytes.HasPrefix(row.Settings.SharedSecret, []byte("[")) {
				continue // no text to be had without JavaScript's conversion
			}
			r := recordedRequest(t, row.Kind, p, want.Body, NewSigner(secretText(t, row.Settings.SharedSecret)))
			r.Reach = ReachPrivate
			if a := c.Send(t.Context(), r); a.Class != Delivered {
				t.Errorf("%s: got %v %d %v", row.ID, a.Class, a.Status, a.Err)
				continue
			}
			got := <-seen
			sent++
			body := ""
			if want.Body != nil {
				body = *want.Body
			}
			if got.method != want.Method || got.url != want.URL || got.body != body {
				t.Errorf("%s: got %s %s, %d bytes, want %s %s, %d bytes", row.ID, got.method, got.url, len(got.body), want.Method, want.URL, len(body))
			}
			signature := ""
			if want.Signature != nil {
				signature = *want.Signature
			}
			if got := got.header.Get("X-Signature"); got != signature {
				t.Errorf("%s: signature %q, want %q", row.ID, got, signature)
			}
			compareHeaders(t, row.ID, got.header, want.Headers)
		}
		if sent < 200 || refused < 5 {
			t.Errorf("%d rows sent and %d refused: the vectors are not being used", sent, refused)
		}
		t.Logf("%d recorded requests sent again, %d targets refused", sent, refused)
	})
}

// secretText is a secret as Segment uses it: numbers and booleans count as their text.
func secretText(t *testing.T, secret encoding.RawMessage) []byte {
	t.Helper()
	var text string
	if len(secret) == 0 || secret[0] != '"' {
		return bytes.TrimPrefix(secret, []byte("null"))
	}
	if err := encoding.Unmarshal(secret, &text); err != nil {
		t.Fatal(err)
	}
	return []byte(text)
}

// recordedRequest builds the request of a row from the body that Segment sent.
func recordedRequest(t *testing.T, kind string, p Payload, body *string, signer *Signer) *Request {
	t.Helper()
	if kind == "single" {
		if body != nil {
			p.Data = []byte(*body)
		}
		r, err := Single(&p, signer)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	var elements []encoding.RawMessage
	if err := encoding.Unmarshal([]byte(*body), &elements); err != nil {
		t.Fatal(err)
	}
	ps := make([]Payload, len(elements))
	for i, element := range elements {
		if ps[i] = p; string(element) != "null" {
			ps[i].Data = element
		}
	}
	r, err := Batch(ps, signer)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// compareHeaders compares all but those that are the HTTP client's own.
func compareHeaders(t *testing.T, id string, got http.Header, want map[string]string) {
	t.Helper()
	clients := map[string]bool{
		"accept": true, "accept-encoding": true, "connection": true, "content-length": true, "host": true, "user-agent": true,
	}
	for name, value := range want {
		sent := got.Values(name)
		if clients[name] && value != "text/html" && value != "mine/1.0" && value != "identity" {
			continue
		}
		if len(sent) != 1 || sent[0] != latin1(value) {
			t.Errorf("%s: header %s: got %q, want %q", id, name, sent, value)
		}
	}
	for name := range got {
		if _, wanted := want[strings.ToLower(name)]; !wanted && !clients[strings.ToLower(name)] {
			t.Errorf("%s: header %s was not in Segment's request", id, name)
		}
	}
}
