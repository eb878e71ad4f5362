package connector

import "time"

// pace spreads a mapping's requests evenly, so that no more go out than its rate_limit allows. What is not sent is not attempted: it waits, and
// its retry window goes on.
//
// It is told the time. The engine's lock guards it. A nil pace is no limit.
type pace struct {
	every time.Duration // between two requests
	next  time.Time     // when the next one may go out
}

// slack is how much of the time that was not used may be made up for. Without it timers, which are late by a little, would keep the rate below what is
// allowed.
const slack = 100 * time.Millisecond

func newPace(every time.Duration) *pace {
	if every <= 0 {
		return nil
	}
	return &pace{every: every}
}

// ready says whether a request may go out now.
func (p *pace) ready(now time.Time) bool { return p == nil || !now.Before(p.next) }

// spend counts requests that go out, or went out beyond those that were counted.
func (p *pace) spend(requests int, now time.Time) {
	if p == nil {
		return
	}
	p.next = later(p.next, now.Add(-slack)).Add(time.Duration(requests) * p.every)
}
