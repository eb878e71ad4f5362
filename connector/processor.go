package connector

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

// processor knows whether the program is short of processor time. The zero value never says so.
type processor struct {
	spent func() time.Duration // processor time of the program so far; nil where that is not to be had
	count float64              // how many there are for the program

	since time.Time
	from  time.Duration
}

func newProcessor(spent func() time.Duration) processor {
	limit, _ := os.ReadFile("/sys/fs/cgroup/cpu.max") // absent where nothing limits it
	return processor{spent: spent, count: processors(string(limit), runtime.GOMAXPROCS(0))}
}

// processors is how many the program may use: what a control group allows (its cpu.max: microseconds of how many), if that is less than Go's own number, which
// is never made less than two for the sake of a limit.
func processors(cpuMax string, gomaxprocs int) float64 {
	var quota, period float64
	if n, err := fmt.Sscan(cpuMax, &quota, &period); n < 2 || err != nil || quota <= 0 || period <= 0 {
		return float64(gomaxprocs)
	}
	return min(float64(gomaxprocs), quota/period)
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
	had := now.Sub(p.since).Seconds() * p.count
	return (p.spent() - p.from).Seconds() >= had*3/4
}
