package lane

import (
	"sort"
	"time"
)

// arrivals remembers when which part of a partition was read for the first time. It travels in the commit metadata, so that
// the retry window of an event neither restarts with the process nor counts the time before the event was first read.
//
// A sample says: everything below offset had been read by at. Looking up errs on the late side only, so no event is ever given up
// early; the resolution is the sampling interval.
type arrivals []sample

type sample struct {
	offset int64
	at     int64 // unix seconds, rounded up
}

const maxSamples = 64

// sampleEvery is how far samples stand apart: fine enough for the window, coarse enough for the metadata.
func sampleEvery(window time.Duration) time.Duration {
	return min(max(window/48, time.Second), 5*time.Minute)
}

// note records that everything below next had been read by now. The last sample stays open: it moves along until it is
// one interval away from its predecessor.
func (a *arrivals) note(next int64, now time.Time, every time.Duration) {
	s := *a
	at := ceilSeconds(now)
	if n := len(s); n > 1 && at-s[n-2].at < int64(every/time.Second) {
		s[n-1] = sample{next, max(at, s[n-1].at)}
		return
	}
	if n := len(s); n > 0 {
		at = max(at, s[n-1].at) // a clock that went back must not make the index go back
	}
	s = append(s, sample{next, at})
	if len(s) > maxSamples { // drop every other one of the older half: later expiry for those, never earlier
		kept := s[:0]
		for i, x := range s {
			if i%2 == 1 || i > maxSamples*3/4 {
				kept = append(kept, x)
			}
		}
		s = kept
	}
	*a = s
}

// restart forgets when what is below next was read: it counts as read now.
func (a *arrivals) restart(next int64, now time.Time) {
	at := ceilSeconds(now)
	if n := len(*a); n > 0 {
		at = max(at, (*a)[n-1].at)
	}
	*a = arrivals{{next, at}}
}

// at returns when offset had certainly been read, and false when it has not been read yet.
func (a arrivals) at(offset int64) (time.Time, bool) {
	i := sort.Search(len(a), func(i int) bool { return a[i].offset > offset })
	if i == len(a) {
		return time.Time{}, false
	}
	return time.Unix(a[i].at, 0), true
}

// from returns the samples that still say something about offsets at or above offset.
func (a arrivals) from(offset int64) arrivals {
	return a[sort.Search(len(a), func(i int) bool { return a[i].offset > offset }):]
}

// thinned keeps at most n samples, the newest among them, with the same guarantee.
func (a arrivals) thinned(n int) arrivals {
	if len(a) <= n {
		return a
	}
	if n == 0 {
		return nil
	}
	out := make(arrivals, 0, n)
	for i := 1; i <= n; i++ {
		out = append(out, a[len(a)*i/n-1])
	}
	return out
}

func ceilSeconds(t time.Time) int64 {
	s := t.Unix()
	if t.Nanosecond() > 0 {
		s++
	}
	return s
}
