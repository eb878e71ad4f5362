//go:build simulation && synctests

package simulation

import (
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// recorder writes down everything that happens on the wires, in one order. The oracle judges it at the end, when the truth about every
// record is known.
type recorder struct {
	mu     sync.Mutex
	seq    int64
	topics map[[16]byte]string

	attempts    map[attempted]*attempts
	acceptances map[attempted][]*acceptance
	commits     []*commit
	restores    []*restore
	readings    map[partition][]reading
	letters     map[batchID]*letterBatch
	problems    []string
}

type partition struct {
	topic  string
	number int32
}

// attempted is an event at an endpoint.
type attempted struct{ hook, id string }

// attempts are the requests for one event that have reached an endpoint.
type attempts struct {
	count       int
	first, last time.Time
	key         string // Idempotency-Key of the first
}

// acceptance is a request that the endpoint took.
type acceptance struct {
	process *process
	sent    int64 // when the process sent it; it may have been under way for long
	at      time.Time
	seen    int64 // of the moment when the process has read the answer; 0 when it never has
	seenAt  time.Time
}

// commit is one partition of an OffsetCommit request.
type commit struct {
	partition
	process  *process
	seq      int64 // when it was sent
	at       time.Time
	offset   int64
	metadata string
	acked    int64     // when the process has read that it was accepted; 0 when it never has
	answered time.Time // when it has read the answer, whatever that was
	failure  error     // what the broker answered instead of accepting it
}

// restore is where a process goes on after a partition was assigned to it.
type restore struct {
	partition
	process  *process
	seq      int64
	at       time.Time
	offset   int64 // -1: nothing was committed
	metadata string
}

// reading says that some process had read the head up to offset by then.
type reading struct {
	seq    int64
	at     time.Time
	offset int64
}

// batchID identifies a batch of an idempotent producer through all its retries.
type batchID struct {
	partition
	producer int64
	epoch    int16
	sequence int32
}

// letterBatch is a batch of dead letters.
type letterBatch struct {
	first  time.Time // when it was sent for the first time
	count  int32
	base   int64
	acked  int64 // when the process has read that it is safe
	wasted int   // answers other than that
}

func newRecorder() *recorder {
	return &recorder{
		topics: map[[16]byte]string{}, attempts: map[attempted]*attempts{}, acceptances: map[attempted][]*acceptance{},
		readings: map[partition][]reading{}, letters: map[batchID]*letterBatch{},
	}
}

// next returns the next sequence number. The lock is held.
func (r *recorder) next() int64 {
	r.seq++
	return r.seq
}

// tick returns the next sequence number.
func (r *recorder) tick() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.next()
}

func (r *recorder) problem(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// arrived notes a request at an endpoint.
func (r *recorder) arrived(hook string, ids []string, key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for _, id := range ids {
		a := r.attempts[attempted{hook, id}]
		if a == nil {
			a = &attempts{first: now, key: key}
			r.attempts[attempted{hook, id}] = a
		}
		a.count++
		a.last = now
		if a.key != key && key != "" && a.key != "" {
			r.problems = append(r.problems, fmt.Sprintf("Idempotency-Key of %s at %s was %q and is %q", id, hook, a.key, key))
		}
	}
}

// accepted notes that the endpoint took the events, and returns what to call when the process has read the answer.
func (r *recorder) accepted(p *process, hook string, ids []string, sent int64) (seen func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	taken := make([]*acceptance, len(ids))
	for i, id := range ids {
		taken[i] = &acceptance{process: p, sent: sent, at: now}
		at := attempted{hook, id}
		r.acceptances[at] = append(r.acceptances[at], taken[i])
	}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		seq, now := r.next(), time.Now()
		for _, a := range taken {
			a.seen, a.seenAt = seq, now
		}
	}
}

// see takes what a tap has read: a request that is being sent, or with its response.
func (r *recorder) see(p *process, request kmsg.Request, response kmsg.Response) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch q := request.(type) {
	case *kmsg.OffsetCommitRequest:
		if response == nil {
			r.seeCommit(p, q)
		} else if a, ok := response.(*kmsg.OffsetCommitResponse); ok {
			r.seeCommitted(p, q, a)
		}
	case *kmsg.OffsetFetchRequest:
		if a, ok := response.(*kmsg.OffsetFetchResponse); ok {
			r.seeRestored(p, a)
		}
	case *kmsg.FetchRequest:
		for _, t := range q.Topics {
			for _, f := range t.Partitions {
				at := partition{r.topic(t.Topic, t.TopicID), f.Partition}
				if n := r.readings[at]; len(n) == 0 || n[len(n)-1].offset != f.FetchOffset {
					r.readings[at] = append(n, reading{r.next(), time.Now(), f.FetchOffset})
				}
			}
		}
	case *kmsg.ProduceRequest:
		a, _ := response.(*kmsg.ProduceResponse)
		r.seeProduce(q, a)
	}
}

func (r *recorder) topic(name string, id [16]byte) string {
	if name == "" {
		return r.topics[id]
	}
	return name
}

func (r *recorder) seeCommit(p *process, q *kmsg.OffsetCommitRequest) {
	for _, t := range q.Topics {
		for _, x := range t.Partitions {
			c := &commit{
				partition: partition{r.topic(t.Topic, t.TopicID), x.Partition}, process: p,
				seq: r.next(), at: time.Now(), offset: x.Offset,
			}
			if x.Metadata != nil {
				c.metadata = *x.Metadata
			}
			r.commits = append(r.commits, c)
			p.commits[q] = append(p.commits[q], c)
		}
	}
}

func (r *recorder) seeCommitted(p *process, q *kmsg.OffsetCommitRequest, a *kmsg.OffsetCommitResponse) {
	sent := p.commits[q]
	delete(p.commits, q)
	for _, t := range a.Topics {
		for _, x := range t.Partitions {
			at := partition{r.topic(t.Topic, t.TopicID), x.Partition}
			for _, c := range sent {
				if c.partition != at {
					continue
				}
				c.answered = time.Now()
				if c.failure = kerr.ErrorForCode(x.ErrorCode); c.failure == nil {
					c.acked = r.next()
				}
			}
		}
	}
}

func (r *recorder) seeRestored(p *process, a *kmsg.OffsetFetchResponse) {
	for _, g := range a.Groups {
		for _, t := range g.Topics {
			for _, x := range t.Partitions {
				if x.ErrorCode != 0 {
					continue
				}
				s := &restore{
					partition: partition{r.topic(t.Topic, t.TopicID), x.Partition}, process: p,
					seq: r.next(), at: time.Now(), offset: x.Offset,
				}
				if x.Metadata != nil {
					s.metadata = *x.Metadata
				}
				r.restores = append(r.restores, s)
			}
		}
	}
}

func (r *recorder) seeProduce(q *kmsg.ProduceRequest, a *kmsg.ProduceResponse) {
	for _, t := range q.Topics {
		for _, x := range t.Partitions {
			var b kmsg.RecordBatch
			if err := b.ReadFrom(x.Records); err != nil {
				continue
			}
			at := partition{r.topic(t.Topic, t.TopicID), x.Partition}
			id := batchID{at, b.ProducerID, b.ProducerEpoch, b.FirstSequence}
			batch := r.letters[id]
			if batch == nil {
				batch = &letterBatch{first: time.Now(), count: b.NumRecords}
				r.letters[id] = batch
			}
			if a != nil {
				r.seeAck(batch, a, at)
			}
		}
	}
}

func (r *recorder) seeAck(batch *letterBatch, a *kmsg.ProduceResponse, at partition) {
	for _, t := range a.Topics {
		for _, x := range t.Partitions {
			if (partition{r.topic(t.Topic, t.TopicID), x.Partition}) != at {
				continue
			}
			if x.ErrorCode != 0 {
				batch.wasted++
			} else if batch.acked == 0 {
				batch.base, batch.acked = x.BaseOffset, r.next()
			}
		}
	}
}

// letter is a dead letter as it stands in the topic.
type letter struct {
	source  partition
	offset  int64 // of the record it is about
	mapping string
	reason  string
	value   []byte
	header  map[string]string
	sent    time.Time // zero when its acknowledgement was never read
	acked   int64
}

// letter reads a record of the dead-letter topic.
func (r *recorder) letter(record *kgo.Record) *letter {
	l := &letter{value: record.Value, header: map[string]string{}}
	for _, h := range record.Headers {
		l.header[h.Key] = string(h.Value)
	}
	l.mapping, l.reason, l.source.topic = l.header["dlq.mapping"], l.header["dlq.reason"], l.header["dlq.topic"]
	if _, err := fmt.Sscan(l.header["dlq.partition"]+" "+l.header["dlq.offset"], &l.source.number, &l.offset); err != nil {
		r.problem("dead letter %d/%d does not say where it is from: %v", record.Partition, record.Offset, l.header)
	}
	for id, b := range r.letters {
		if id.partition == (partition{record.Topic, record.Partition}) && b.acked > 0 && record.Offset >= b.base && record.Offset < b.base+int64(b.count) {
			l.sent, l.acked = b.first, b.acked
		}
	}
	return l
}
