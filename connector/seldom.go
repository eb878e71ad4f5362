package connector

import (
	"sync"
	"time"
)

// seldom keeps a line that every event may deserve from filling the log: it is written at most once a minute, with the number of those it stands for.
type seldom struct {
	mu    sync.Mutex
	last  time.Time
	since int
}

const seldomEvery = time.Minute

// may says whether a line about n more events is to be written now, and how many events it is about.
func (s *seldom) may(n int) (events int, now bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since += n
	if time.Since(s.last) < seldomEvery {
		return 0, false
	}
	events, s.since = s.since, 0
	s.last = time.Now()
	return events, true
}
