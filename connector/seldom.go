package connector

import (
	"log/slog"
	"sync"
	"time"
)

// seldom keeps a warning that every event may deserve from filling the log: it is written at most once a minute, with the number of those it stands for.
type seldom struct {
	mu    sync.Mutex
	last  time.Time
	since int
}

const seldomEvery = time.Minute

func (s *seldom) warn(log *slog.Logger, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since++
	if time.Since(s.last) < seldomEvery {
		return
	}
	log.Warn("events are not as Segment's spec has them; they are delivered all the same (CONNECTOR_VALIDATE=warn)", "events", s.since, "example", err)
	s.last, s.since = time.Now(), 0
}
