package connector

import (
	"runtime"
	"time"
)

// processor knows whether the program is short of processor time. The zero value never says so.
type processor struct {
	spent func() time.Duration // processor time of the program so far; nil where that is not to be had

	since time.Time
	from  time.Duration
}

// begin is when it is looked at from.
func (p *processor) begin(now time.Time) {
	if p.spent != nil {
		p.since, p.from = now, p.spent()
	}
}

// short says whether the program has used three quarters of the time that all its processors had since begin: what one part of it
// does then is time that another does not have.
func (p *processor) short(now time.Time) bool {
	if p.spent == nil || !now.After(p.since) {
		return false
	}
	had := now.Sub(p.since) * time.Duration(runtime.GOMAXPROCS(0))
	return p.spent()-p.from >= had/4*3
}
