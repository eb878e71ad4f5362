//go:build !race

// The race detector makes pools forget at random, so allocations are counted without it.

package sink

import (
	"net"
	"runtime/debug"
	"testing"
)

func TestAllocations(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it makes pools forget too
	signer, p := NewSigner([]byte("s")), testPayload()
	batch := make([]Payload, 1000)
	for i := range batch {
		batch[i] = p
	}
	key := make([]byte, 0, 256)
	tests := []struct {
		name string
		most float64
		do   func() error
	}{
		{"signature", 1, func() error { signer.Sign(p.Data); return nil }},
		{"key", 0, func() error { p.AppendKey(key); return nil }},
		// the request, its headers and the signature's text
		{"single", 3, func() error { _, err := Single(&p, signer); return err }},
		// the same and the loan of the array, however many events there are
		{"batch of 1000", 4, func() error {
			r, err := Batch(batch, signer)
			if err == nil {
				r.Recycle()
			}
			return err
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := testing.AllocsPerRun(100, func() {
				if err := test.do(); err != nil {
					t.Fatal(err)
				}
			})
			if got > test.most {
				t.Errorf("allocations: got %v, want at most %v", got, test.most)
			}
		})
	}
}

// A request over an idle connection costs what its answer needs, no more.
func TestSendAllocations(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it makes pools forget too
	target := serveRaw(t, func(conn net.Conn) {
		buffer, answer := make([]byte, 4<<10), []byte(okAnswer)
		for {
			if _, err := conn.Read(buffer); err != nil {
				return
			}
			if _, err := conn.Write(answer); err != nil {
				return
			}
		}
	})
	for _, name := range [...]string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
		t.Setenv(name, "")
	}
	c, err := NewClient(Options{}) // a proxy function, such as newClient's, costs another
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := single(t, Payload{URL: target, Data: []byte("{}")}, NewSigner([]byte("s")))
	const most = 1 // the start of the answer's body
	got := testing.AllocsPerRun(200, func() {
		if a := c.Send(t.Context(), r); a.Class != Delivered {
			t.Fatalf("got %v %v", a.Class, a.Err)
		}
	})
	if got > most {
		t.Errorf("allocations: got %v, want at most %d", got, most)
	}
}
