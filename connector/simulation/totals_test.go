//go:build simulation && synctests

package simulation

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// totals adds up what the seeds of a run have shown.
type totals struct {
	began time.Time // in real time

	mu              sync.Mutex
	seeds, findings int
	processes       int
	stats           stats
	happened        map[string]int
	fullest         int // per cent of the room for blocks
}

func (s *totals) add(o *oracle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seeds++
	s.findings += len(o.problem)
	s.processes += len(o.world.processes)
	x, y := &s.stats, &o.stats
	for _, n := range []struct {
		to *int
		by int
	}{
		{&x.records, y.records},
		{&x.undecodable, y.undecodable},
		{&x.duties, y.duties},
		{&x.deliveries, y.deliveries},
		{&x.ambiguous, y.ambiguous},
		{&x.overlapping, y.overlapping},
		{&x.redelivered, y.redelivered},
		{&x.reset, y.reset},
		{&x.commits, y.commits},
		{&x.refused, y.refused},
		{&x.lost, y.lost},
		{&x.untrue, y.untrue},
		{&x.early, y.early},
	} {
		*n.to += n.by
	}
	if s.happened == nil {
		s.happened, x.letters = map[string]int{}, map[string]int{}
	}
	for reason, n := range y.letters {
		x.letters[reason] += n
	}
	for what, n := range o.world.happened {
		s.happened[what] += n
	}
	x.latest = max(x.latest, y.latest)
	s.fullest = max(s.fullest, 100*y.blocks/max(1, y.room))
}

func (s *totals) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := &s.stats
	share := func(n int) float64 { return 100 * float64(n) / float64(max(1, x.deliveries)) }
	faults := 0
	for what, n := range s.happened {
		if what != "start" {
			faults += n
		}
	}
	return fmt.Sprintf(`%d seeds in %v: %d findings
  %d events lost, %d commits of %d past an unsettled record, %d events given up before their window was over, the last at most %v after it
  %d records (%d of them no events), %d deliveries due, %d made, %d processes, %d faults of %d kinds
  %d duplicates (%.2f%% of what was delivered): %d (%.2f%%) after answers that never came, %d (%.2f%%) in flight when a partition moved, %d (%.2f%%) since the last commit, %d (%.2f%%) after an operator reset offsets
  dead letters %v; commits refused or unanswered %d; blocks filled at most %d%% of their room
  faults: %v`,
		s.seeds, time.Since(s.began).Round(time.Second), s.findings,
		x.lost, x.untrue, x.commits, x.early, x.latest.Round(time.Second),
		x.records, x.undecodable, x.duties, x.deliveries, s.processes, faults, len(s.happened),
		x.duplicates(), share(x.duplicates()), x.ambiguous, share(x.ambiguous), x.overlapping, share(x.overlapping), x.redelivered, share(x.redelivered), x.reset, share(x.reset),
		x.letters, x.refused, s.fullest, kinds(s.happened))
}

func kinds(happened map[string]int) []string {
	var out []string
	for _, what := range slices.Sorted(maps.Keys(happened)) {
		out = append(out, fmt.Sprintf("%s %d", what, happened[what]))
	}
	return out
}
