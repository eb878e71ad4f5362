//go:build simulation && synctests

package simulation

import (
	"slices"
	"time"
)

const (
	// usualLag is how long after it was settled an event is in a commit, mostly: the interval of commits, and what a request takes.
	usualLag = 3 * time.Second
	// longestLag is how long it may take when commits are refused, a rebalance is under way, or the coordinator is away.
	longestLag = 3 * time.Minute
)

// checkPromptness: what is settled is soon in a commit, or a crash would cost more duplicates than what was settled since the last commit, a
// second ago. A process that goes on delivering for minutes without committing has stopped committing.
func (o *oracle) checkPromptness() {
	commits := map[session][]time.Time{}
	for _, c := range o.commits {
		s := session{c.process, c.partition}
		commits[s] = append(commits[s], c.at)
	}
	var lags []time.Duration
	for s, told := range o.sessions() {
		if len(told.known) == 0 {
			continue
		}
		last := told.known[len(told.known)-1].at
		for _, k := range told.known {
			next := last // of a process that died before
			i, _ := slices.BinarySearchFunc(commits[s], k.at, time.Time.Compare)
			if i < len(commits[s]) {
				next = commits[s][i]
				lags = append(lags, next.Sub(k.at))
			}
			if next.Sub(k.at) > longestLag && o.restored(s.process, s.partition, k.seq) == o.restored(s.process, s.partition, o.seq) {
				o.fault("%s settled %s at %d of partition %d at %v, and went on for %v without a commit",
					s.name, k.lane.what(k.duty), k.duty.offset, s.number, k.at.Sub(o.world.began), next.Sub(k.at))
				break
			}
		}
	}
	slices.Sort(lags)
	if n := len(lags); n > 0 {
		if o.stats.lag = lags[n/2]; o.stats.lag > usualLag {
			o.fault("half of what is settled is not committed within %v", o.stats.lag)
		}
	}
}
