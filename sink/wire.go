package sink

import (
	"context"
	"io"
	"sync"
	"time"
)

const (
	keptBytes      = 1 << 10  // of an answer's body, in Answer.Body
	readBytes      = 64 << 10 // of an answer's body, so that its connection can be used again
	maxHeaderBytes = 64 << 10 // of an answer
	idleTime       = 90 * time.Second
)

// wire sends a request and reads the answer. There are two, [standard] over net/http and [fast]
// for the plain case, with the same promises: every test that sends runs over both.
//
//   - A redirect is an answer like any other.
//   - It ends when ctx ends or at until, whichever is first: with an error where the head of the
//     answer is not complete, with the reply where only its body is.
//   - A request that fails before any byte of an answer, on a connection that had been idle, is
//     sent again on another, because it is a server's right to close idle connections. It is
//     never repeated for any other reason.
//   - What comes over an idle connection is not taken for the next request's answer. (net/http
//     looks in the background, and may be late by a moment; fast looks before each request.)
type wire interface {
	roundTrip(ctx context.Context, until time.Time, r *Request) (reply, error)
	// close closes the idle connections. Requests in flight go on.
	close()
}

// reply is what an endpoint answered, as far as it matters.
type reply struct {
	status     int
	body       []byte // how it begins, at most keptBytes; all of it where it may hold a result for each event; a copy
	told       bool   // Retry-After was there, readable or not
	retryAfter string
	repeats    int // how many times the request was sent again; set beside an error too
}

// bodyReader reads answers' bodies as far as they matter.
type bodyReader struct{ buffers sync.Pool }

func newBodyReader() *bodyReader {
	const size = 4 << 10
	b := &bodyReader{}
	b.buffers.New = func() any { return new([size]byte) }
	return b
}

// read keeps how body begins, or all of it, and reads on for a while, to its end if that is near. A fault ends
// it like an end that is not near: the status is known, and nothing else decides.
func (b *bodyReader) read(body io.Reader, all bool) (kept []byte, whole bool) {
	buffer := b.buffers.Get().(*[4 << 10]byte) //nolint:forcetypeassert // New makes nothing else
	defer b.buffers.Put(buffer)
	keep, most := keptBytes, readBytes
	if all {
		keep, most = maxItemsBytes, maxItemsBytes
	}
	for total := 0; total < most; {
		n, err := body.Read(buffer[:])
		if room := keep - len(kept); room > 0 && n > 0 {
			kept = append(kept, buffer[:min(n, room)]...)
		}
		if total += n; err != nil {
			return kept, err == io.EOF
		}
	}
	return kept, false
}
