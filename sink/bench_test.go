package sink

import (
	"fmt"
	"testing"
)

func BenchmarkSign(b *testing.B) {
	signer, data := NewSigner([]byte("s")), testPayload().Data
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		signer.Sign(data)
	}
}

func BenchmarkKey(b *testing.B) {
	p, key := testPayload(), make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		p.AppendKey(key)
	}
}

func BenchmarkSingle(b *testing.B) {
	signer, p := NewSigner([]byte("s")), testPayload()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Single(&p, signer, Header{"Idempotency-Key", "orders/0/7"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBatch(b *testing.B) {
	for _, events := range []int{10, 1000} {
		b.Run(fmt.Sprint(events), func(b *testing.B) {
			signer, ps := NewSigner([]byte("s")), make([]Payload, events)
			for i := range ps {
				ps[i] = testPayload()
			}
			b.SetBytes(int64(events * len(ps[0].Data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Batch(ps, signer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
