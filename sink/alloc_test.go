//go:build !race

// The race detector makes pools forget at random, so allocations are counted without it.

package sink

import "testing"

func TestAllocations(t *testing.T) {
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
		// the request, its URL, its headers and the signature's text
		{"single", 4, func() error { _, err := Single(&p, signer); return err }},
		// the same and the array, however many events there are
		{"batch of 1000", 5, func() error { _, err := Batch(batch, signer); return err }},
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
