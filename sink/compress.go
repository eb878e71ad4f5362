package sink

import (
	"bytes"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// leastCompressed is how large a body must be for gzip to be worth its header and its time, in bytes.
const leastCompressed = 256

// gzips are writers at rest: a new one costs more memory than most bodies.
var gzips = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid; the better ones gain little on JSON
	return w
}}

// Compress makes the request carry its body in gzip, with Content-Encoding: gzip; a mapped Content-Encoding gives way. A body that would not
// become smaller stays as it is. Signatures are over the body as it was before, which is what a receiver has after decoding. Call it before
// the first Send.
func (r *Request) Compress() {
	if len(r.body) < leastCompressed {
		return
	}
	w := gzips.Get().(*gzip.Writer) //nolint:forcetypeassert // New makes nothing else
	defer gzips.Put(w)
	var out bytes.Buffer
	out.Grow(len(r.body) / 4)
	w.Reset(&out)
	_, err := w.Write(r.body) // memory does not fail
	if err != nil || w.Close() != nil || out.Len() >= len(r.body) {
		return
	}
	r.encoded = out.Bytes()
	r.headers = r.headers.set("Content-Encoding", "gzip")
}

// wire is the body as it is sent.
func (r *Request) wire() []byte {
	if r.encoded != nil {
		return r.encoded
	}
	return r.body
}
