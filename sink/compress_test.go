package sink

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

func TestCompressedRequests(t *testing.T) {
	large := []byte(`{"text":"` + strings.Repeat("large ", 20_000) + `"}`)
	tests := []struct {
		name    string
		data    []byte
		encoded bool
	}{
		{"large", large, true},
		{"just large enough", []byte(`"` + strings.Repeat("x", leastCompressed) + `"`), true},
		{"small", []byte(`"` + strings.Repeat("x", leastCompressed-3) + `"`), false},
		{"none", nil, false},
	}
	overTransports(t, func(t *testing.T, o Options) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				var got []byte
				var header http.Header
				url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
					got, _ = io.ReadAll(r.Body)
					header = r.Header
					if n := r.Header.Get("Content-Length"); n != strconv.Itoa(len(got)) {
						t.Errorf("Content-Length is %s of %d bytes", n, len(got))
					}
				})
				signer := NewSigner([]byte("s3cr3t"))
				r := single(t, Payload{URL: url, Data: test.data, Headers: []Header{{"Content-Encoding", "identity"}}}, signer)
				before := append([]byte(nil), r.Body()...)
				r.Compress()
				if !bytes.Equal(r.Body(), before) {
					t.Error("Body is another than before")
				}
				c := newClient(t, o)
				for range 2 { // the same again
					if a := c.Send(t.Context(), r); a.Class != Delivered {
						t.Fatalf("%v (%v)", a.Class, a.Err)
					}
					encoding := "identity"
					if test.encoded {
						encoding = "gzip"
						if len(got) >= len(test.data) {
							t.Errorf("%d bytes have become %d", len(test.data), len(got))
						}
						z, err := gzip.NewReader(bytes.NewReader(got))
						if err != nil {
							t.Fatal(err)
						}
						if got, err = io.ReadAll(z); err != nil {
							t.Fatal(err)
						}
					}
					if header.Get("Content-Encoding") != encoding || !bytes.Equal(got, test.data) {
						t.Errorf("encoding %q, %d bytes; want %q, %d", header.Get("Content-Encoding"), len(got), encoding, len(test.data))
					}
					if len(test.data) > 0 && header.Get("X-Signature") != signer.Sign(test.data) {
						t.Error("the signature is not over the data as it was")
					}
				}
			})
		}
	})
}

// What does not become smaller stays as it is.
func TestCompressKeepsWhatItCannotShrink(t *testing.T) {
	noise := make([]byte, 4<<10)
	x := uint32(1)
	for i := range noise {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	r := single(t, Payload{URL: "https://h.example/", Data: noise}, nil)
	r.Compress()
	if !bytes.Equal(r.wire(), noise) {
		t.Errorf("%d bytes of noise have become %d", len(noise), len(r.wire()))
	}
}

func BenchmarkCompress(b *testing.B) {
	data := []byte(`{"text":"` + strings.Repeat("large ", 10_000) + `"}`)
	r := single(b, Payload{URL: "https://h.example/", Data: data}, nil)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		r.encoded = nil
		r.Compress()
	}
}
