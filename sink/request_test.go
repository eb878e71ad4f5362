package sink

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func testPayload() Payload {
	data := fmt.Appendf(nil, `{"type":"track","event":"Order Completed","properties":{"note":%q}}`, strings.Repeat("x", 950))
	return Payload{
		URL: "https://erp.example.com/hooks/in?v=1", Method: "POST", Data: data,
		Headers: []Header{{"X-Api-Key", "k"}, {"X-Tenant", "t"}},
	}
}

const (
	signA = "fa90bbb46547f7bc6b4cad1f3b475ba08facfea6" // {"a":1} under "s"
	json  = "application/json"
)

// What the mapping, the signature, the URL and the body cause, for data {"a":1} and secret "s".
func TestSingleHeaders(t *testing.T) {
	const url = "https://hooks.example.com/in"
	tests := []struct {
		name   string
		url    string
		mapped []Header
		extra  []Header
		want   []Header
	}{
		{"none", url, nil, nil, []Header{{"Content-Type", json}, {"X-Signature", signA}}},
		{"mapped", url, []Header{{"X-Num", "5"}, {"X-Empty", ""}}, nil, []Header{
			{"Content-Type", json}, {"X-Empty", ""}, {"X-Num", "5"}, {"X-Signature", signA},
		}},
		{"undefined deletes", url, []Header{{"X-Undef", "undefined"}}, nil, []Header{{"Content-Type", json}, {"X-Signature", signA}}},
		{"undefined deletes the signature", url, []Header{{"x-signature", "undefined"}}, nil, []Header{{"Content-Type", json}}},
		{"undefined keeps an extra away", url, []Header{{"idempotency-key", "undefined"}}, []Header{{"Idempotency-Key", "k"}}, []Header{
			{"Content-Type", json}, {"X-Signature", signA},
		}},
		{"undefined leaves the URL's credentials", "https://u:p@h/", []Header{{"Authorization", "undefined"}}, nil, []Header{
			{"Authorization", "Basic dTpw"}, {"Content-Type", json}, {"X-Signature", signA},
		}},
		{"equal but for case", url, []Header{{"X-A", "1"}, {"X-B", "b"}, {"x-a", "2"}, {"X-a", "3"}}, nil, []Header{
			{"Content-Type", json}, {"X-A", "1, 2, 3"}, {"X-B", "b"}, {"X-Signature", signA},
		}},
		{"undefined among equal ones is text", url, []Header{{"X-A", "undefined"}, {"x-a", "2"}}, nil, []Header{
			{"Content-Type", json}, {"X-A", "undefined, 2"}, {"X-Signature", signA},
		}},
		{"mapped ones win", "https://u:p@h/", []Header{
			{"User-Agent", "mine"},
			{"Content-Type", "text/plain"},
			{"X-Signature", "mine"},
			{"Host", "evil"},
			{"Content-Length", "3"},
			{"accept", "x/y"},
			{"Authorization", "Bearer z"},
			{"Connection", "keep-alive"},
			{"idempotency-key", "mine"},
			{"Transfer-Encoding", "chunked"},
			{"Trailer", "x"},
		}, []Header{{"Idempotency-Key", "ours"}}, []Header{
			{"Accept", "x/y"},
			{"Authorization", "Bearer z"},
			{"Connection", "keep-alive"},
			{"Content-Type", json},
			{"Host", "evil"},
			{"Idempotency-Key", "mine"},
			{"User-Agent", "mine"},
			{"X-Signature", "mine"},
		}},
		{"extra", url, nil, []Header{{"idempotency-key", "t/0/7"}}, []Header{
			{"Content-Type", json}, {"Idempotency-Key", "t/0/7"}, {"X-Signature", signA},
		}},
		{"credentials in the URL", "https://user:pa%20ss@h/", nil, nil, []Header{
			{"Authorization", "Basic dXNlcjpwYSBzcw=="}, {"Content-Type", json}, {"X-Signature", signA},
		}},
		{"all characters of a name", url, []Header{{"X!#$%&'*+^`|~C", "3"}, {"2", "two"}}, nil, []Header{
			{"2", "two"}, {"Content-Type", json}, {"X!#$%&'*+^`|~c", "3"}, {"X-Signature", signA},
		}},
		{"Latin-1 and blanks", url, []Header{{"X-A", " \té\u0080ÿ "}}, nil, []Header{
			{"Content-Type", json}, {"X-A", " \té\u0080ÿ "}, {"X-Signature", signA},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := Payload{URL: test.url, Method: "POST", Headers: test.mapped, Data: []byte(`{"a":1}`)}
			before := slices.Clone(test.mapped)
			r, err := Single(&p, NewSigner([]byte("s")), test.extra...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, r.Headers()); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, p.Headers); diff != "" {
				t.Errorf("the payload's headers changed (-before +after):\n%s", diff)
			}
		})
	}
}

func TestSingleWithoutData(t *testing.T) {
	for _, data := range [][]byte{nil, {}} {
		p := Payload{URL: "http://h/", Method: "PUT", Data: data}
		r, err := Single(&p, NewSigner([]byte("s")), Header{"Idempotency-Key", "k"})
		if err != nil {
			t.Fatal(err)
		}
		if r.Body() != nil {
			t.Errorf("body: got %q, want none", r.Body())
		}
		if diff := cmp.Diff([]Header{{"Idempotency-Key", "k"}}, r.Headers()); diff != "" {
			t.Errorf("headers (-want +got):\n%s", diff)
		}
	}
	p := Payload{URL: "http://h/", Method: "PUT", Headers: []Header{{"Content-Type", "text/plain"}}}
	r, err := Single(&p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Header{{"Content-Type", "text/plain"}}, r.Headers()); diff != "" {
		t.Errorf("nothing to overwrite a mapped Content-Type for (-want +got):\n%s", diff)
	}
}

func TestSingleSharesData(t *testing.T) {
	p := testPayload()
	r, err := Single(&p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if &r.Body()[0] != &p.Data[0] {
		t.Error("the body is a copy of the payload's data")
	}
	if got, want := r.Method()+" "+r.URL()+" "+r.Host(), "POST https://erp.example.com/hooks/in?v=1 erp.example.com"; got != want {
		t.Errorf("request: got %q, want %q", got, want)
	}
}

func TestRefusals(t *testing.T) {
	type H = Header
	tests := []struct {
		name  string
		p     Payload
		extra []Header
		want  []string // all must be mentioned
	}{
		{"method in lower case", Payload{URL: "http://h/", Method: "post"}, nil, []string{`method is "post"`, "POST, PUT or PATCH"}},
		{"method GET", Payload{URL: "http://h/", Method: "GET"}, nil, []string{`method is "GET"`}},
		{"no method", Payload{URL: "http://h/"}, nil, []string{`method is ""`}},
		{"blank in a name", Payload{URL: "http://h/", Method: "POST", Headers: []H{{"X A", "1"}}}, nil, []string{`header "X A"`, `' '`}},
		{"empty name", Payload{URL: "http://h/", Method: "POST", Headers: []H{{"", "1"}}}, nil, []string{"empty name"}},
		{"accent in a name", Payload{URL: "http://h/", Method: "POST", Headers: []H{{"X-É", "1"}}}, nil, []string{`header "X-É"`, `'É'`}},
		{"colon in a name", Payload{URL: "http://h/", Method: "POST", Headers: []H{{"X:", "1"}}}, nil, []string{`':'`}},
		{"line feed inside", Payload{URL: "http://h/", Method: "POST", Headers: []H{{"X", "a\nb"}}}, nil, []string{`header "X"`, "U+000A", "byte 1"}},
		{"line feed at the end", Payload{URL: "http://h/", Method: "POST", Headers: []H{{"X", "a\n"}}}, nil, []string{"U+000A"}},
		{"carriage return", Payload{URL: "http://h/", Method: "POST", Headers: []H{{"X", "a\r"}}}, nil, []string{"U+000D"}},
		{"NUL", Payload{URL: "http://h/", Method: "POST", Headers: []H{{"X", "\x00"}}}, nil, []string{"U+0000"}},
		{"DEL", Payload{URL: "http://h/", Method: "POST", Headers: []H{{"X", "\x7f"}}}, nil, []string{"U+007F"}},
		{"Arabic", Payload{URL: "http://h/", Method: "POST", Headers: []H{{"X", "a\u0627"}}}, nil, []string{"U+0627", "U+00FF"}},
		{"just above Latin-1", Payload{URL: "http://h/", Method: "POST", Headers: []H{{"X", "\u0100"}}}, nil, []string{"U+0100"}},
		{"no UTF-8", Payload{URL: "http://h/", Method: "POST", Headers: []H{{"X", "\xff"}}}, nil, []string{"U+FFFD"}},
		{"refused although undefined", Payload{URL: "http://h/", Method: "POST", Headers: []H{{"X A", "undefined"}}}, nil, []string{`header "X A"`}},
		{"host that is none", Payload{URL: "http://h/", Method: "POST", Headers: []H{{"host", "a/b"}}}, nil, []string{`header "Host"`}},
		{"host with accent", Payload{URL: "http://h/", Method: "POST", Headers: []H{{"host", "bücher"}}}, nil, []string{`header "Host"`}},
		{"extra", Payload{URL: "http://h/", Method: "POST"}, []H{{"Idempotency-Key", "a\nb"}}, []string{`header "Idempotency-Key"`}},
		{
			"all at once",
			Payload{URL: "ftp://h/", Method: "GET", Headers: []H{{"X A", "1"}, {"Y", "\n"}}},
			[]H{{"Z", "\r"}},
			[]string{"http:// or https://", "method", `"X A"`, `"Y"`, `"Z"`},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Single(&test.p, nil, test.extra...)
			if err == nil {
				t.Fatal("Single: got no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Single: got %q, want it to mention %s", err, want)
				}
			}
			if test.extra == nil {
				if _, err := Batch([]Payload{test.p, {}}, nil); err == nil {
					t.Error("Batch: got no error")
				}
			}
		})
	}
	if _, err := Batch(nil, nil); err == nil {
		t.Error("Batch of no events: got no error")
	}
}

func TestBatch(t *testing.T) {
	tests := []struct {
		name, want, signature string
		data                  []string
	}{
		{"one", `[{"a":1}]`, signA, []string{`{"a":1}`}},
		{"two", `[{"a":1},{"b":2}]`, signA, []string{`{"a":1}`, `{"b":2}`}},
		{"none has data", `[null,null]`, "", []string{"", ""}},
		{"first without data", `[null,{"a":1}]`, "", []string{"", `{"a":1}`}},
		{"second without data", `[{"a":1},null]`, signA, []string{`{"a":1}`, ""}},
		{"empty object first", `[{},{"a":1}]`, "850413ce2dee4c4142838bab9e9086cb305da54d", []string{`{}`, `{"a":1}`}},
		{"lone surrogate first", `[{"a":"\ud800"},{}]`, "6576a49be927da99c3d05aba5188a832a0d8167f", []string{`{"a":"\ud800"}`, `{}`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			size := BatchOverhead
			ps := make([]Payload, len(test.data))
			for i, data := range test.data {
				ps[i] = Payload{URL: "https://u:p@h/x", Method: "PATCH", Headers: []Header{{"X-A", "1"}}, Data: []byte(data)}
				size += ElementSize(ps[i].Data)
			}
			r, err := Batch(ps, NewSigner([]byte("s")))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(r.Body()); got != test.want {
				t.Errorf("body: got %s, want %s", got, test.want)
			}
			if len(r.Body()) != size || cap(r.Body()) != size {
				t.Errorf("body has %d bytes, capacity %d; the size helpers say %d", len(r.Body()), cap(r.Body()), size)
			}
			want := []Header{{"Authorization", "Basic dTpw"}, {"Content-Type", json}, {"X-A", "1"}}
			if test.signature != "" {
				want = append(want, Header{"X-Signature", test.signature})
			}
			if diff := cmp.Diff(want, r.Headers()); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			if r.Events() != len(ps) || r.Method() != "PATCH" {
				t.Errorf("got %s of %d events", r.Method(), r.Events())
			}
		})
	}
}

func TestKeyTellsTargetsApart(t *testing.T) {
	base := Payload{URL: "http://h/", Method: "POST", Headers: []Header{{"A", "1"}, {"B", "2"}}, Data: []byte("{}")}
	same := base
	same.Data = []byte(`{"other":1}`)
	if base.Key() != same.Key() || string(same.AppendKey([]byte("x"))) != "x"+base.Key() {
		t.Error("data changes the key")
	}
	others := []Payload{
		{URL: "http://h/x", Method: "POST", Headers: base.Headers},
		{URL: "http://h/", Method: "PUT", Headers: base.Headers},
		{URL: "http://h/", Method: "POST"},
		{URL: "http://h/", Method: "POST", Headers: []Header{{"A", "1"}}},
		{URL: "http://h/", Method: "POST", Headers: []Header{{"B", "2"}, {"A", "1"}}},
		{URL: "http://h/", Method: "POST", Headers: []Header{{"a", "1"}, {"B", "2"}}},
		{URL: "http://h/", Method: "POST", Headers: []Header{{"A", "12"}, {"B", ""}}},
		{URL: "http://h/", Method: "POST", Headers: []Header{{"A1", ""}, {"B", "2"}}},
		{URL: "http://h/P", Method: "OST", Headers: base.Headers},
		{URL: "http://h/", Method: "POST", Headers: []Header{{"A", "1\x01B\x012"}}},
	}
	seen := map[string]int{base.Key(): -1}
	for i, p := range others {
		if other, taken := seen[p.Key()]; taken {
			t.Errorf("payloads %d and %d share a key", i, other)
		}
		seen[p.Key()] = i
	}
}

func TestRequestIsIndependentOfThePayloadsHeaders(t *testing.T) {
	p := testPayload()
	r, err := Single(&p, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := r.Headers()
	p.Headers[0] = Header{"X-Other", "o"}
	r.Headers()[0].Value = "changed"
	if diff := cmp.Diff(before, r.Headers()); diff != "" {
		t.Errorf("headers changed (-before +after):\n%s", diff)
	}
	if !bytes.Equal(r.Body(), p.Data) {
		t.Error("body changed")
	}
}
