package sink

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// newSigning makes a signer of texts.
func newSigning(t testing.TB, secret, previous string, schemes ...Scheme) *Signer {
	t.Helper()
	s, err := Signing{Schemes: schemes, Secret: Secret{Text: secret}, Previous: Secret{Text: previous}}.NewSigner()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// header returns a request's header, "" for none.
func header(r *Request, name string) string {
	for _, h := range r.Headers() {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}

// The vector that the libraries of Standard Webhooks share (libraries/*/ of standard-webhooks/standard-webhooks, "sign
// function works"), and the two forms of its secret.
func TestStandardWebhooksVector(t *testing.T) {
	const (
		id   = "msg_p5jXN8AQM9LWM0D4loKWxJek"
		body = `{"test": 2432232314}`
		want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	)
	at := time.Unix(1614265330, 0)
	raw, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{"whsec_": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "the bytes themselves": string(raw)} {
		t.Run(name, func(t *testing.T) {
			r := single(t, Payload{URL: "http://h/", Data: []byte(body)}, newSigning(t, secret, "", SchemeStandard))
			r.ID = id
			got := r.Preview(at)
			diff := cmp.Diff([]Header{
				{"Content-Type", json}, {"Webhook-Id", id}, {"Webhook-Signature", want}, {"Webhook-Timestamp", "1614265330"},
			}, got.Headers())
			if diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSchemes(t *testing.T) {
	const body = `{"a":1}`
	mac := func(key string) string {
		m := hmac.New(sha256.New, []byte(key))
		m.Write([]byte(body))
		return "sha256=" + hex.EncodeToString(m.Sum(nil))
	}
	at := time.Unix(1000, 0)
	standard := func(key string) string {
		m := hmac.New(sha256.New, []byte(key))
		m.Write([]byte("i.1000." + body))
		return "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
	}
	all := Schemes()
	tests := []struct {
		name     string
		previous string
		schemes  []Scheme
		mapped   []Header
		want     map[string]string
	}{
		{"Segment's", "", []Scheme{SchemeSegment}, nil, map[string]string{"X-Signature": signA}},
		{"the body's SHA-256", "", []Scheme{SchemeSHA256}, nil, map[string]string{"X-Signature-256": mac("s")}},
		{"all, with the secret before", "old", all, nil, map[string]string{
			"X-Signature": signA, "X-Signature-Previous": NewSigner([]byte("old")).Sign([]byte(body)),
			"X-Signature-256": mac("s"), "X-Signature-256-Previous": mac("old"),
			"Webhook-Id": "i", "Webhook-Timestamp": "1000", "Webhook-Signature": standard("s") + " " + standard("old"),
		}},
		{"none", "old", []Scheme{}, nil, map[string]string{}},
		{"mapped ones win where the signature still holds", "", all, []Header{
			{"x-signature", "mine"}, {"X-Signature-256", "undefined"}, {"webhook-id", "mine"}, {"webhook-timestamp", "7"}, {"webhook-signature", "undefined"},
		}, map[string]string{"X-Signature": "mine", "Webhook-Id": "i", "Webhook-Timestamp": "1000", "Webhook-Signature": standard("s")}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := single(t, Payload{URL: "http://h/", Data: []byte(body), Headers: test.mapped}, newSigning(t, "s", test.previous, test.schemes...))
			r.ID = "i"
			got := map[string]string{}
			for _, h := range r.Preview(at).Headers() {
				if h.Name != "Content-Type" {
					got[h.Name] = h.Value
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		})
	}
}

// Of a batch Segment signs the first element, the others the whole body; and a request without body is signed by the
// others alone.
func TestSchemesOfBatchesAndEmptyBodies(t *testing.T) {
	signer := newSigning(t, "s", "", Schemes()...)
	r, err := Batch([]Payload{{URL: "http://h/", Method: "POST", Data: []byte(`{"a":1}`)}, {URL: "http://h/", Method: "POST", Data: []byte(`{}`)}}, signer)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := header(r, "X-Signature"), signA; got != want {
		t.Errorf("X-Signature: got %s, want %s", got, want)
	}
	sum := func(text string) string {
		m := hmac.New(sha256.New, []byte("s"))
		m.Write([]byte(text))
		return "sha256=" + hex.EncodeToString(m.Sum(nil))
	}
	if got, want := header(r, "X-Signature-256"), sum(`[{"a":1},{}]`); got != want {
		t.Errorf("X-Signature-256: got %s, want %s", got, want)
	}
	empty := single(t, Payload{URL: "http://h/"}, signer).Preview(time.Unix(0, 0))
	if header(empty, "X-Signature") != "" || header(empty, "X-Signature-256") != sum("") || header(empty, "Webhook-Signature") == "" {
		t.Errorf("without body: got %v", empty.Headers())
	}
}

// Signatures are over the body as a receiver has it after decoding.
func TestSchemesOfCompressedBodies(t *testing.T) {
	request := func() *Request {
		r := single(t, Payload{URL: "http://h/", Data: []byte(`{"a":"` + strings.Repeat("x", 10_000) + `"}`)}, newSigning(t, "s", "", Schemes()...))
		r.ID = "i"
		return r
	}
	at := time.Unix(1000, 0)
	plain, packed := request().Preview(at), request()
	packed.Compress()
	packed = packed.Preview(at)
	if header(packed, "Content-Encoding") != "gzip" {
		t.Fatal("the body was not compressed")
	}
	for _, name := range []string{"X-Signature", "X-Signature-256", "Webhook-Signature"} {
		if header(plain, name) == "" || header(plain, name) != header(packed, name) {
			t.Errorf("%s: %q without and %q with compression", name, header(plain, name), header(packed, name))
		}
	}
}

// Each try has a time of its own, and the id of the first.
func TestStandardWebhooksSignsEachTry(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		synctest.Test(t, func(t *testing.T) {
			var seen []http.Header
			p := newPipes()
			stop := servePipes(p, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if seen = append(seen, r.Header); len(seen) < 3 {
					w.WriteHeader(http.StatusBadGateway)
				}
			}))
			defer stop()
			o.Dial, o.Burst = p.Dial, 2
			c := newClient(t, o)
			defer c.Close()
			r := single(t, Payload{URL: "http://h/", Data: []byte("{}")}, newSigning(t, "s", "", SchemeStandard))
			if a := c.Send(t.Context(), r); a.Class != Delivered || a.Requests != 3 {
				t.Fatalf("got %v after %d requests", a.Class, a.Requests)
			}
			time.Sleep(time.Hour) //nolint:forbidigo // virtual time
			if a := c.Send(t.Context(), r); a.Class != Delivered {
				t.Fatalf("got %v", a.Class)
			}
			ids, times := map[string]bool{}, map[string]bool{}
			for _, h := range seen {
				ids[h.Get("webhook-id")] = true
				times[h.Get("webhook-timestamp")] = true
			}
			if len(ids) != 1 || len(times) < 2 {
				t.Errorf("got the ids %v and the times %v, want one id and the time of each try", ids, times)
			}
		})
	})
}

func TestSigningFaults(t *testing.T) {
	tests := []struct {
		name string
		s    Signing
		want []string
	}{
		{"an unknown scheme", Signing{Schemes: []Scheme{"md5"}, Secret: Secret{Text: "s"}}, []string{`"md5"`, "segment, sha256 or standard"}},
		{"no base64", Signing{Schemes: []Scheme{SchemeStandard}, Secret: Secret{Text: "whsec_%%"}}, []string{"whsec_", "base64"}},
		{"both secrets", Signing{Schemes: []Scheme{SchemeStandard}, Secret: Secret{Text: "whsec_"}, Previous: Secret{Text: "whsec_hunter2"}}, []string{"whsec_"}},
		{"no file", Signing{Schemes: []Scheme{SchemeSegment}, Secret: Secret{Path: "/nowhere/secret"}}, []string{"/nowhere/secret"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.s.NewSigner()
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want %q in it", err, want)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
	// What Standard Webhooks could not use is a key like any other to the rest.
	if got := newSigning(t, "whsec_%%", "", SchemeSegment).Sign([]byte("x")); got != NewSigner([]byte("whsec_%%")).Sign([]byte("x")) {
		t.Errorf("got %q", got)
	}
}

// A secret's file counts as it is, a second later at most; one that is gone, or empty, leaves the last secret in force and is
// told once.
func TestSecretFileIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	write := func(text string) {
		t.Helper()
		next := path + ".new"
		if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, path); err != nil {
			t.Fatal(err)
		}
	}
	write("one\n")
	synctest.Test(t, func(t *testing.T) {
		var told []string
		s, err := Signing{Schemes: []Scheme{SchemeSegment}, Secret: Secret{Path: path}, Warn: func(err error) { told = append(told, err.Error()) }}.NewSigner()
		if err != nil {
			t.Fatal(err)
		}
		is := func(secret string) {
			t.Helper()
			if got, want := s.Sign([]byte("x")), NewSigner([]byte(secret)).Sign([]byte("x")); got != want {
				t.Errorf("not signed with %q", secret)
			}
		}
		is("one")
		wait := func(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // virtual time
		write("two\r\n")
		is("one") // not looked at yet
		wait(time.Second)
		is("two")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			wait(2 * time.Second)
			is("two")
		}
		write("\n")
		wait(2 * time.Second)
		is("two")
		write("three")
		wait(time.Second)
		is("three")
		if len(told) != 2 || !strings.Contains(told[0], path) || !strings.Contains(told[1], "holds no secret") {
			t.Errorf("told %q, want the two faults, once each", told)
		}
	})
}

func TestSecretsPrintNothing(t *testing.T) {
	const secret = "hunter2"
	bearer, err := NewBearer(Secret{Text: secret}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := single(t, Payload{URL: "http://u:hunter2@h/?k=hunter2", Data: []byte("{}")}, newSigning(t, secret, secret, Schemes()...))
	r.Auth = bearer
	for _, v := range []any{Secret{Text: secret}, bearer, r, r.Preview(time.Unix(0, 0)), newSigning(t, secret, "", Schemes()...)} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(format, v); strings.Contains(got, secret) {
				t.Errorf("%s of a %T shows the secret: %s", format, v, got)
			}
		}
	}
}
