package connector

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
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
	kafkaErr      error // why no broker answers
	kafkaSince    time.Time
	losses        map[string]int64 // by reason
	unread        map[kafka.TopicPartition]*unread
	missing       map[string]bool // topics
	reloadErr     error           // why the mappings' source is not what runs; nil when it is
	schemas       map[frame]unanswered
}

// unanswered is a schema that the registry has been asked for in vain.
type unanswered struct {
	since time.Time
	err   error
}

// unread is a partition whose reading fails; the zero name stands for all of them.
type unread struct {
	since, last time.Time
	pause       time.Duration
	err         error
}

func newStatus() *status {
	return &status{losses: map[string]int64{}, unread: map[kafka.TopicPartition]*unread{}, missing: map[string]bool{}, schemas: map[frame]unanswered{}}
}

// Why offsets are lost.
const (
	lostToRetention  = "retention"
	lostToTruncation = "truncation"
	lostWithTopic    = "topic_deleted"
)

// How long commits and reading may fail, and no broker answer, before that is reported: a rebalance or a leader that moves takes seconds.
const (
	commitPatience = time.Minute
	kafkaPatience  = time.Minute
	readPatience   = time.Minute
)

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
	now := time.Now()
	if s.kafkaErr != nil && now.Sub(s.kafkaSince) > kafkaPatience {
		errs = append(errs, fmt.Errorf("no Kafka broker answers since %s: %w", s.kafkaSince.UTC().Format(time.RFC3339), s.kafkaErr))
	}
	for tp, u := range s.unread {
		switch {
		case u.over(now):
			delete(s.unread, tp)
		case now.Sub(u.since) <= readPatience:
		case tp.Topic == "":
			errs = append(errs, fmt.Errorf("nothing could be read from Kafka since %s: %w", u.since.UTC().Format(time.RFC3339), u.err))
		default:
			errs = append(errs, fmt.Errorf("%s/%d could not be read since %s: %w", tp.Topic, tp.Partition, u.since.UTC().Format(time.RFC3339), u.err))
		}
	}
	for topic := range s.missing {
		errs = append(errs, fmt.Errorf("the topic %s does not exist any more", topic))
	}
	if oldest, n := s.oldestSchema(); n > 0 {
		more := ""
		if n > 1 {
			more = fmt.Sprintf(", and %d other schemas", n-1)
		}
		errs = append(errs, fmt.Errorf("partitions wait for the schema registry since %s: %w%s", oldest.since.UTC().Format(time.RFC3339), oldest.err, more))
	}
	for _, loss := range []struct{ reason, text string }{
		{lostToRetention, "%d offsets were deleted from Kafka before they were delivered"},
		{lostToTruncation, "%d offsets were lost by Kafka before they were delivered"},
		{lostWithTopic, "%d offsets had not been delivered when their topic was deleted"},
	} {
		if n := s.losses[loss.reason]; n > 0 {
			errs = append(errs, fmt.Errorf(loss.text, n))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
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

// reloaded records whether the mappings that run are those of their source. A source with faults changes nothing, so readiness does not depend on it.
func (s *status) reloaded(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reloadErr = err
}

// kafkaAnswers records whether a broker has answered, nil, or why none has; it says whether that is news.
func (s *status) kafkaAnswers(err error, began time.Time) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if news = (err == nil) != (s.kafkaErr == nil); news && err != nil {
		s.kafkaSince = began
	}
	s.kafkaErr = err
	return news
}

// notReloaded returns why the mappings that run are not those of their source; nil where they are.
func (s *status) notReloaded() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reloadErr
}

func (s *status) lost(reason string, offsets int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.losses[reason] += offsets
}

// oldestSchema returns the schema that has been waited for longest, and how many there are.
func (s *status) oldestSchema() (oldest unanswered, n int) {
	for _, u := range s.schemas {
		if oldest.err == nil || u.since.Before(oldest.since) {
			oldest = u
		}
	}
	return oldest, len(s.schemas)
}

// registryFailed records that the registry was asked for a schema, in vain where err says so. It says whether that is news: the first of
// those that are missing, or the last that has come.
func (s *status) registryFailed(of frame, err error) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, failed := s.schemas[of]
	switch {
	case err == nil:
		delete(s.schemas, of)
		return failed && len(s.schemas) == 0
	case failed:
		before.err = err
		s.schemas[of] = before
		return false
	default:
		s.schemas[of] = unanswered{time.Now(), err}
		return len(s.schemas) == 1
	}
}

func (s *status) topicMissing(topic string, yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if yes {
		s.missing[topic] = true
	} else {
		delete(s.missing, topic)
	}
}

// The pause before a partition is read again doubles from error to error. One that has gone well for a while after it begins anew.
const (
	readPauseMin = time.Second
	readPauseMax = 30 * time.Second
	readWell     = 15 * time.Second
)

func (u *unread) over(now time.Time) bool { return now.Sub(u.last) > u.pause+readWell }

// readFailed records that reading a partition has failed; it returns how long to leave it alone, and whether this is the first error in a row.
func (s *status) readFailed(tp kafka.TopicPartition, err error) (pause time.Duration, news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	u := s.unread[tp]
	if news = u == nil || u.over(now); news {
		u = &unread{since: now}
		s.unread[tp] = u
	}
	u.pause = min(max(2*u.pause, readPauseMin), readPauseMax)
	u.last, u.err = now, err
	return u.pause, news
}
