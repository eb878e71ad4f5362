package sink

import (
	"sync"
	"sync/atomic"
)

// bodies is memory of batches that are done with. A batch is a megabyte that lives for as long as its request: without this, bodies would be
// most of all garbage.
var bodies = sync.Pool{New: func() any { return new([]byte) }}

// loan is a body's memory while a request has it.
type loan struct {
	memory *[]byte
	kept   atomic.Bool // somebody may use it after the request has been sent
}

// borrow returns an empty slice with room for size bytes.
func borrow(size int) (*loan, []byte) {
	l := &loan{memory: bodies.Get().(*[]byte)} //nolint:forcetypeassert // New makes nothing else
	if cap(*l.memory) < size {
		*l.memory = make([]byte, 0, size)
	}
	return l, (*l.memory)[:0]
}

// Recycle gives the memory of a batch's body to a later one. The request, and what its Body has returned, must not be used any more. Where
// something may still be reading the body although Send has returned (net/http), nothing happens.
func (r *Request) Recycle() {
	l := r.loan
	if l == nil || l.kept.Load() {
		return
	}
	r.loan, r.body = nil, nil
	bodies.Put(l.memory)
}

// keep says that the body may be in use for as long as anybody likes.
func (r *Request) keep() {
	if r.loan != nil {
		r.loan.kept.Store(true)
	}
}
