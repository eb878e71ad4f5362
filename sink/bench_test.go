package sink

import (
	"bytes"
	"fmt"
	"io"
	"net"
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

// sponge answers 200 to everything that ends as testPayload's data does, and does nothing else, so
// that what is measured is the client.
func sponge(b *testing.B) string {
	b.Helper()
	return serveRaw(b, func(conn net.Conn) {
		buffer := make([]byte, 64<<10)
		for {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			if !bytes.HasSuffix(buffer[:n], []byte(`"}}`)) {
				continue
			}
			if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
				return
			}
		}
	})
}

// BenchmarkSend is one request of 1 KB over loopback, one after the other and many at once.
func BenchmarkSend(b *testing.B) {
	for _, workers := range []int{1, 32} {
		b.Run(fmt.Sprint(workers, " in flight"), func(b *testing.B) {
			p := testPayload()
			p.URL = sponge(b)
			c := newClient(b, Options{InFlight: 64, UserAgent: "Segment.io/1.0"})
			r := single(b, p, NewSigner([]byte("s")), Header{"Idempotency-Key", "orders/0/7"})
			b.SetParallelism(workers)
			b.ReportAllocs()
			send := func() {
				if a := c.Send(b.Context(), r); a.Class != Delivered {
					b.Errorf("got %v %v", a.Class, a.Err)
				}
			}
			send()
			if workers == 1 {
				for b.Loop() {
					send()
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					send()
				}
			})
		})
	}
}
