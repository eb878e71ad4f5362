package overview

import "time"

// Reason is why events were not delivered. Reasons are told apart by all of it; every part has few values.
type Reason struct {
	GivenUp bool   // the events went to the dead-letter topic; otherwise they are tried again
	Why     string // for those given up, the reason that dead letters have; otherwise why no answer came, or "" where one did
	Status  int    // HTTP status of the answer, 0 for none
}

// Other stands in Why for all reasons beyond those that a mapping may have.
const Other = "other"

// Answer is the latest that is known of a reason.
type Answer struct {
	At     time.Time
	Status int    // 0 for none
	Error  string // what went wrong, where it is not just the status
}

// Sample is one event that was not delivered.
type Sample struct {
	At        time.Time // of the answer, or of giving up
	Topic     string
	Partition int32
	Offset    int64
	Timestamp time.Time // of the record
	Attempts  int
	Status    int
	Error     string
	Bodies    *Bodies // nil unless they are kept, and once they had to make room for newer ones
}

// Bodies are what was read, sent and answered, each cut off at [BodyLimit].
type Bodies struct {
	Method, URL          string
	Read, Sent, Answered Body
}

// Body is the beginning of a body.
type Body struct {
	Text string
	Size int // bytes of the whole, 0 for none
}

// BodyLimit is how many bytes of a body are kept.
const BodyLimit = 4 << 10

// Clip takes the beginning of a body, in memory of its own.
func Clip(body []byte) Body {
	return Body{Text: string(body[:min(len(body), BodyLimit)]), Size: len(body)}
}

// Samples is how many samples a reason has at most.
const Samples = 10

const (
	maxReasons  = 12          // of one mapping; the rest is [Other]
	samplePause = time.Second // between two samples of a reason, once there are enough
)

// reason is what is remembered of a Reason. The account's lock guards it.
type reason struct {
	Reason
	counts  [spans]ring[uint32]
	last    Answer
	samples []*Sample // a ring
	oldest  int
	taken   time.Time // when the newest was
}

// reason finds a reason, or begins it. The lock is held.
func (a *Account) reason(why Reason) *reason {
	for _, r := range a.reasons {
		if r.Reason == why {
			return r
		}
	}
	if len(a.reasons) >= maxReasons {
		other := Reason{GivenUp: why.GivenUp, Why: Other}
		for _, r := range a.reasons {
			if r.Reason == other {
				return r
			}
		}
		why = other
	}
	r := &reason{Reason: why}
	for s := range r.counts {
		r.counts[s] = newRing[uint32](Steps)
	}
	a.reasons = append(a.reasons, r)
	return r
}

// due says whether a sample is wanted, and reserves it. The lock is held.
func (r *reason) due(now time.Time) bool {
	if len(r.samples) >= Samples && now.Sub(r.taken) < samplePause {
		return false
	}
	r.taken = now
	return true
}

func (r *reason) keep(s *Sample) {
	if len(r.samples) < Samples {
		r.samples = append(r.samples, s)
		return
	}
	r.samples[r.oldest] = s
	r.oldest = (r.oldest + 1) % Samples
}
