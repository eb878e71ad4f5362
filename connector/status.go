package connector

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"segment-webhooks/connector/kafka"
)

// status is what readiness is decided by: not ready means that somebody should look, and the reason says at what.
type status struct {
	mu            sync.Mutex
	deadLetterErr error
	commitErr     error
	commitSince   time.Time
	losses        int64
}

func newStatus() *status { return &status{} }

// commitPatience is how long commits may fail before that is reported: a rebalance or a moving coordinator takes seconds.
const commitPatience = time.Minute

// ready returns nil, or why the connector needs attention.
func (s *status) ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	if s.deadLetterErr != nil {
		errs = append(errs, fmt.Errorf("the dead-letter topic cannot be written: %w", s.deadLetterErr))
	}
	if s.commitErr != nil && time.Since(s.commitSince) > commitPatience {
		errs = append(errs, fmt.Errorf("no offset could be committed since %s: %w", s.commitSince.UTC().Format(time.RFC3339), s.commitErr))
	}
	if s.losses > 0 {
		errs = append(errs, fmt.Errorf("%d offsets were deleted from Kafka before they were delivered", s.losses))
	}
	return errors.Join(errs...)
}

// deadLettersWork records whether dead letters can be written, and says whether that is news.
func (s *status) deadLettersWork(yes bool, err error) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if yes {
		err = nil
	}
	news = (s.deadLetterErr == nil) != (err == nil)
	s.deadLetterErr = err
	return news
}

func (s *status) committed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && s.commitErr == nil {
		s.commitSince = time.Now()
	}
	s.commitErr = err
}

func (s *status) lost(_ kafka.TopicPartition, offsets int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.losses += offsets
}
