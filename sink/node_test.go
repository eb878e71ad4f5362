package sink

import (
	"bufio"
	encoding "encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// nodeVerdict is one line of testdata/verify-signature.mjs.
type nodeVerdict struct {
	Listening, Events int
	Method            string
	Signature         *string
	ContentType       *string `json:"content_type"`
	Verified          *bool
	Reason            string
}

// startNode runs the receiver that checks X-Signature; next waits for its next line.
func startNode(t *testing.T, secret string) (url string, next func() nodeVerdict) {
	t.Helper()
	return runNode(t, "testdata/verify-signature.mjs", "--port", "0", "--secret", secret)
}

// runNode runs a receiver, whose first line says where it listens.
func runNode(t *testing.T, program string, args ...string) (url string, next func() nodeVerdict) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not on PATH; the receiver is a JavaScript program")
	}
	command := exec.CommandContext(t.Context(), node, append([]string{program}, args...)...)
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_, _ = io.Copy(io.Discard, output)
		_ = command.Wait() // killed
	})
	lines := bufio.NewScanner(output)
	next = func() nodeVerdict {
		t.Helper()
		var verdict nodeVerdict
		if !lines.Scan() {
			t.Fatalf("the receiver ended: %v", lines.Err())
		}
		if err := encoding.Unmarshal(lines.Bytes(), &verdict); err != nil {
			t.Fatalf("the receiver wrote %q: %v", lines.Text(), err)
		}
		return verdict
	}
	return fmt.Sprintf("http://127.0.0.1:%d/", next().Listening), next
}

// Every scheme is verified by a program in JavaScript that shares no code with the signer, by the secret of today and by the one
// before; and what is signed otherwise is not.
func TestNodeVerifiesEveryScheme(t *testing.T) {
	const whsec = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	bodies := []string{`{}`, `{"a":1,"b":"é<>&","c":[1.5,1e+21]}`, `{"long":"` + strings.Repeat("ü", 50<<10) + `"}`}
	for _, scheme := range Schemes() {
		for _, secret := range []string{"sécret ключ", whsec} {
			t.Run(string(scheme)+"/"+secret, func(t *testing.T) {
				url, next := runNode(t, "testdata/verify-signing.mjs", string(scheme), secret)
				c := newClient(t, Options{})
				check := func(signer *Signer, want bool) {
					t.Helper()
					var all []Payload
					for _, body := range bodies {
						all = append(all, Payload{URL: url, Method: "POST", Data: []byte(body)})
					}
					batch, err := Batch(all, signer)
					if err != nil {
						t.Fatal(err)
					}
					batch.Reach = ReachPrivate
					requests := []*Request{batch}
					for _, p := range all {
						requests = append(requests, single(t, p, signer))
					}
					for _, r := range requests {
						r.ID = "orders-0-7"
						a, got := c.Send(t.Context(), r), next()
						if (a.Class == Delivered) != want || got.Verified == nil || *got.Verified != want {
							t.Errorf("%d events, %.40s: got %v %d, want verified %v", r.Events(), r.Body(), a.Class, a.Status, want)
						}
					}
				}
				check(newSigning(t, secret, "", scheme), true)
				check(newSigning(t, secret, "older", Schemes()...), true)
				check(newSigning(t, "newer", secret, Schemes()...), true) // the receiver has not changed over yet
				check(newSigning(t, "newer", "older", Schemes()...), false)
				check(nil, false)
			})
		}
	}
}

// A receiver that checks signatures the way Segment tells receivers to, in JavaScript.
func TestNodeVerifies(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		const secret = "sécret ключ"
		url, next := startNode(t, secret)
		c, signer := newClient(t, o), NewSigner([]byte(secret))
		datas := []string{
			`{}`,
			`{"a":1}`,
			`{"type":"track","event":"E","properties":{"2":"y","10":"x","b":1,"a":"é<>&` + "\u2028\u2029" + `"},"messageId":"m"}`,
			`{"lone":"\ud800","other":"\udfff","pair":"😀","key \ud83d":1}`,
			`{"escapes":"\"\\\b\f\n\r\t\u0000\u001f","del":"` + "\x7f" + `","slash":"/"}`,
			`{"numbers":[0,-1.5,1e+21,1e-7,5e-324,1.7976931348623157e+308,9007199254740992],"null":null,"empty":"","list":[[],{}]}`,
			`{"rtl":"שלום مرحبا","han":"漢字","combining":"é","bom":"` + "\ufeff" + `"}`,
			`{"long":"` + strings.Repeat("ü", 100<<10) + `"}`,
		}
		check := func(r *Request, events int) {
			t.Helper()
			r.Reach = ReachPrivate
			a := c.Send(t.Context(), r)
			got := next()
			if a.Class != Delivered || got.Verified == nil || !*got.Verified || got.Events != events || got.Method != r.Method() ||
				got.ContentType == nil || *got.ContentType != "application/json" {
				t.Errorf("%.80s: got %v %d; the receiver says %+v", r.Body(), a.Class, a.Status, got)
			}
		}
		var all []Payload
		for i, data := range datas {
			p := Payload{URL: url, Method: [...]string{"POST", "PUT", "PATCH"}[i%3], Data: []byte(data)}
			r, err := Single(&p, signer)
			if err != nil {
				t.Fatal(err)
			}
			check(r, 1)
			all = append(all, p)
		}
		for i := range all { // each once at the front, whose bytes are signed
			batch := append(append([]Payload(nil), all[i:]...), Payload{URL: url})
			r, err := Batch(batch, signer)
			if err != nil {
				t.Fatal(err)
			}
			check(r, len(batch))
		}

		t.Run("a wrong signature is noticed", func(t *testing.T) {
			r, err := Single(&all[1], NewSigner([]byte("other")))
			if err != nil {
				t.Fatal(err)
			}
			r.Reach = ReachPrivate
			if a := c.Send(t.Context(), r); a.Class != Rejected || a.Status != 401 {
				t.Errorf("got %v %d, want a rejection", a.Class, a.Status)
			}
			if got := next(); got.Verified == nil || *got.Verified {
				t.Errorf("the receiver says %+v", got)
			}
		})
		t.Run("the first event has no data", func(t *testing.T) {
			r, err := Batch([]Payload{{URL: url, Method: "POST"}, all[1]}, signer)
			if err != nil {
				t.Fatal(err)
			}
			r.Reach = ReachPrivate
			c.Send(t.Context(), r)
			if got := next(); got.Signature != nil || got.Events != 2 {
				t.Errorf("the receiver says %+v, want two events without signature", got)
			}
		})
	})
}
