package overview

import (
	"math/bits"
	"time"
)

// histogram counts durations in buckets that grow geometrically, two for each power of two of milliseconds: a quantile read off is right
// to a quarter of itself. The first holds everything below 1 ms, the last everything from 2^28 ms, three days, on.
type histogram [buckets]uint32

const buckets = 58

// parts is how many histograms a span is divided into, fewer than steps because each is large. What is read off reaches back between
// eleven and twelve twelfths of the span.
const parts = 12

func bucketOf(d time.Duration) int {
	ms := uint64(max(0, d) / time.Millisecond)
	if ms == 0 {
		return 0
	}
	n := bits.Len64(ms)
	half := 0
	if n > 1 {
		half = int(ms >> (n - 2) & 1)
	}
	return min(2*n-1+half, buckets-1)
}

// bounds are the durations between which a bucket lies.
func bounds(bucket int) (from, to time.Duration) {
	if bucket < 2 { // one bit has no halves
		return time.Duration(bucket) * time.Millisecond, time.Duration(bucket+1) * time.Millisecond
	}
	return edge(bucket), edge(bucket + 1)
}

// edge is where a bucket begins.
func edge(bucket int) time.Duration {
	at := time.Millisecond << ((bucket - 1) / 2)
	if bucket%2 == 0 {
		at += at / 2
	}
	return at
}

func (h *histogram) add(other *histogram) {
	for i, n := range other {
		h[i] += n
	}
}

// quantile returns the duration that the share q of all does not exceed, and whether there is any.
func (h *histogram) quantile(q float64) (time.Duration, bool) {
	total := uint64(0)
	for _, n := range h {
		total += uint64(n)
	}
	if total == 0 {
		return 0, false
	}
	rank := q * float64(total)
	seen := 0.0
	for i, n := range h {
		if n == 0 {
			continue
		}
		if seen+float64(n) >= rank {
			from, to := bounds(i)
			return from + time.Duration(float64(to-from)*(rank-seen)/float64(n)), true
		}
		seen += float64(n)
	}
	return 0, false
}
