package mapping

import (
	"fmt"
	"slices"
	"strings"

	"segment-webhooks/mapping/document"
)

// Payload is one event as a mapping resolves it: what the request says about the event. The request's own headers and
// its signature are not part of it. Headers and Data may be shared with other payloads and with the event: do not
// change them.
type Payload struct {
	URL     string // absolute, http or https, with a host that may be called
	Method  string // POST, PUT or PATCH
	Headers []Header
	Data    []byte // JSON of an object, exactly as JSON.stringify prints it; nil means a request without body
}

// String returns what may be shown of the payload: the method and the URL without credentials, query and fragment.
func (p Payload) String() string {
	u, err := parseURL(p.URL)
	if err != nil {
		return p.Method
	}
	return p.Method + " " + redactURL(u)
}

// Header is one header of a Payload. Name is a valid field name as it was mapped, and no two headers of a payload
// differ by case only. Value is UTF-8 text whose characters all exist in Latin-1, as which they are sent.
//
// The value "undefined" is an instruction and not a value: no header of that name is to be sent, not even one that the
// request would have without the mapping.
type Header struct{ Name, Value string }

// methods are the methods that Segment's webhook action sends with.
func methods() []string { return []string{"POST", "PUT", "PATCH"} }

// The checks below are what Segment does between resolving a mapping and sending: empty values are removed, values of
// another type are converted where JSON Schema coercion does so, and what remains wrong refuses the event.

// urlOf returns the URL that a resolved url field stands for.
func urlOf(v document.Value) (string, error) {
	text, problem := stringField(v)
	if problem == "" {
		return text, nil
	}
	return "", &ResolveError{Path: "/url", Reason: problem}
}

// methodOf returns the method that a resolved method field stands for.
func methodOf(v document.Value) (string, error) {
	text, problem := stringField(v)
	if problem == "" && !slices.Contains(methods(), text) {
		problem = fmt.Sprintf("is %s; it can be %s", quote(v), strings.Join(methods(), ", "))
	}
	if problem != "" {
		return "", &ResolveError{Path: "/method", Reason: problem}
	}
	return text, nil
}

// stringField converts a required field of type string.
func stringField(v document.Value) (text, problem string) {
	if v.Kind() == document.Array && v.Len() == 1 {
		v = v.Index(0)
	}
	switch v.Kind() {
	case document.Missing, document.Null:
		return "", "is required and there is no value"
	case document.Object, document.Array:
		return "", "needs a string, not " + describe(v)
	}
	text = v.Text()
	if text == "" {
		return "", "is required and is empty"
	}
	return text, ""
}

// objectField returns the object of the optional field headers or data; Missing where it is absent, null or an empty
// string.
func objectField(name string, v document.Value) (document.Value, error) {
	switch v.Kind() {
	case document.Object:
		return v, nil
	case document.Missing, document.Null:
		return document.Value{}, nil
	case document.String:
		if v.Str() == "" {
			return document.Value{}, nil
		}
	}
	return document.Value{}, &ResolveError{Path: "/" + name, Reason: "needs an object, not " + describe(v)}
}

// dataOf returns the body of a resolved data field, nil where there is none.
func dataOf(v document.Value) ([]byte, error) {
	v, err := objectField("data", v)
	if err != nil || v.IsMissing() {
		return nil, err
	}
	return compact(v).AppendJSON(nil), nil
}

// headersOf returns the headers of a resolved headers field.
func headersOf(v document.Value) ([]Header, error) {
	v, err := objectField("headers", v)
	if err != nil {
		return nil, err
	}
	var headers []Header
	for _, member := range v.Members() {
		if member.Value.IsMissing() || member.Key == protoKey {
			continue
		}
		if problem := checkHeaderName(member.Key); problem != "" {
			return nil, &ResolveError{Path: "/headers/" + member.Key, Reason: problem}
		}
		value := headerText(member.Value)
		if problem := checkHeaderValue(value); problem != "" {
			return nil, &ResolveError{Path: "/headers/" + member.Key, Reason: problem}
		}
		headers = addHeader(headers, member.Key, value)
	}
	return headers, nil
}

// addHeader appends a header, or joins its value to that of the header of the same name.
func addHeader(headers []Header, name, value string) []Header {
	for i := range headers {
		if strings.EqualFold(headers[i].Name, name) {
			headers[i].Value += ", " + value
			return headers
		}
	}
	return append(headers, Header{Name: name, Value: value})
}

func headerText(v document.Value) string {
	if v.IsNull() {
		return "null"
	}
	return v.Text()
}

// checkHeaderName returns what is wrong with a header's name, "" if nothing is.
func checkHeaderName(name string) string {
	if name == "" {
		return "is a header without a name"
	}
	for _, r := range name {
		if !isTokenChar(r) {
			return fmt.Sprintf("is no header name: it holds %q, and only letters, digits and !#$%%&'*+-.^_`|~ may stand in one", r)
		}
	}
	return ""
}

func isTokenChar(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return true
	}
	return strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

// checkHeaderValue returns what is wrong with a header's value, "" if nothing is. It does not repeat the value, which
// may be a secret.
func checkHeaderValue(value string) string {
	for _, r := range value {
		if r != '\t' && (r < ' ' || r == 0x7f || r > 0xff) {
			return fmt.Sprintf("cannot be sent: its value holds %q, and only tabs, printable ASCII and the letters of Latin-1 may stand in one", r)
		}
	}
	return ""
}
