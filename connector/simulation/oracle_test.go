//go:build simulation && synctests

package simulation

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// oracle judges what the recorder has written down against what is in the topics in the end.
type oracle struct {
	*recorder
	world *world

	records map[partition][]*record // by offset
	byID    map[string]*record
	letters []*letter
	lanes   []*lane
	problem []string
	stats   stats
}

// record is a record of the source topic that its producer committed.
type record struct {
	partition
	offset int64
	at     time.Time
	value  []byte
	event  *event // nil when the value is no event
}

// lane is what one hook has to do on one partition. The hook of undecodable records is nil.
type lane struct {
	partition
	hook    *hook
	id      uint32
	due     []*duty // by offset
	started bool    // it counts from its first mention in a commit on, for mappings that come later
	retired bool    // its mapping goes away in the end
}

// duty is one event that a hook must deliver.
type duty struct {
	*record
	settled  int64 // when the process learned that it was; 0: never
	ended    []*acceptance
	letters  []*letter
	verified bool // a commit that covers it was found true
}

// stats is what a run prints.
type stats struct {
	records, undecodable, duties, deliveries int
	ambiguous, overlapping                   int // duplicates, by cause
	redelivered, reset                       int
	letters                                  map[string]int
	commits, refused, metadata               int
	latest                                   time.Duration // a dead letter of an expired window after the window's end
	earliest                                 time.Duration
	lag                                      time.Duration // of commits, the median
	unsure                                   int           // dead letters whose acknowledgement was never read
	blocks, room                             int           // most bytes of blocks that were held, and that may be
	lost, untrue, early                      int           // events; commits that claim what is not so; events given up before their window was over
}

func (s *stats) duplicates() int { return s.ambiguous + s.overlapping + s.redelivered + s.reset }

func (s *stats) String() string {
	return fmt.Sprintf("%d records (%d undecodable), %d deliveries due, %d made; %d duplicates (%.2f%%: %d ambiguous answers, %d in flight at a handover, %d since the last commit, %d after a reset by the operator); dead letters %v; %d commits (%d refused or unanswered), %v late, at most %d characters; expired %v to %v after the window's end; at most %d of %d bytes of blocks",
		s.records, s.undecodable, s.duties, s.deliveries, s.duplicates(), 100*float64(s.duplicates())/float64(max(1, s.deliveries)),
		s.ambiguous, s.overlapping, s.redelivered, s.reset, s.letters, s.commits, s.refused, s.lag.Round(time.Millisecond), s.metadata,
		s.earliest.Round(time.Second), s.latest.Round(time.Second), s.blocks, s.room)
}

func (o *oracle) fault(format string, args ...any) {
	o.problem = append(o.problem, fmt.Sprintf(format, args...))
}

// newOracle reads the topics. The processes have ended.
func newOracle(w *world, source, dead []*kgo.Record) *oracle {
	o := &oracle{
		recorder: w.recorder, world: w, records: map[partition][]*record{}, byID: map[string]*record{},
		stats: stats{letters: map[string]int{}},
	}
	for _, r := range source {
		x := &record{partition: partition{r.Topic, r.Partition}, offset: r.Offset, at: r.Timestamp, value: r.Value, event: parse(r.Value)}
		o.records[x.partition] = append(o.records[x.partition], x)
		if x.event != nil {
			o.byID[x.event.ID] = x
		} else {
			o.stats.undecodable++
		}
		o.stats.records++
	}
	for _, r := range dead {
		l := o.letter(r)
		o.letters = append(o.letters, l)
		o.stats.letters[l.reason]++
		if l.acked == 0 {
			o.stats.unsure++
		}
	}
	for at, records := range o.records {
		slices.SortFunc(records, func(a, b *record) int { return cmp.Compare(a.offset, b.offset) })
		o.lanes = append(o.lanes, newLane(at, nil, records))
		for _, h := range allHooks() {
			l := newLane(at, h, records)
			l.started = slices.ContainsFunc(w.hooks, func(x *hook) bool { return x.name == h.name })
			l.retired = h.name == w.retired
			o.lanes = append(o.lanes, l)
		}
	}
	return o
}

func newLane(at partition, h *hook, records []*record) *lane {
	l := &lane{partition: at, hook: h, started: h == nil}
	if h != nil {
		l.id = h.lane()
	}
	for _, r := range records {
		if h == nil && r.event == nil || h != nil && r.event != nil && h.wants(r.event) {
			l.due = append(l.due, &duty{record: r})
		}
	}
	return l
}

func (l *lane) name() string {
	if l.hook == nil {
		return ""
	}
	return l.hook.name
}

// from returns the duties at or above an offset.
func (l *lane) from(offset int64) []*duty {
	i, _ := slices.BinarySearchFunc(l.due, offset, func(d *duty, at int64) int { return cmp.Compare(d.offset, at) })
	return l.due[i:]
}

func (o *oracle) lane(at partition, name string) *lane {
	for _, l := range o.lanes {
		if l.partition == at && l.name() == name {
			return l
		}
	}
	return nil
}

// judge lets everything be checked and returns what is wrong.
func (o *oracle) judge() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.problem = append(o.problem, o.problems...)
	o.collect()
	o.checkOutcomes()
	o.checkCommits()
	o.checkOwnership()
	o.checkPromptness()
	o.checkDuplicates()
	o.checkWindows()
	o.checkMemory()
	return o.problem
}

// collect assigns to every duty what became of it.
func (o *oracle) collect() {
	for _, at := range slices.SortedFunc(maps.Keys(o.acceptances), compareAttempted) {
		r := o.byID[at.id]
		if r == nil {
			o.fault("%s was given %s, which no committed record holds", at.hook, at.id)
			continue
		}
		l := o.lane(r.partition, at.hook)
		d := l.from(r.offset)
		if len(d) == 0 || d[0].offset != r.offset {
			continue // the endpoint has complained already
		}
		d[0].ended = o.acceptances[at]
		for _, a := range d[0].ended {
			if a.seen > 0 && (d[0].settled == 0 || a.seen < d[0].settled) {
				d[0].settled = a.seen
			}
		}
		if key := o.attempts[at].key; l.hook.batch == 0 {
			if want := fmt.Sprintf("%s-%d-%d-%08x", r.topic, r.number, r.offset, l.id); key != want {
				o.fault("Idempotency-Key of %s at %s is %q, want %q", at.id, at.hook, key, want)
			}
		}
	}
	for _, x := range o.letters {
		l := o.lane(x.source, x.mapping)
		if l == nil {
			o.fault("a dead letter names mapping %q and partition %v", x.mapping, x.source)
			continue
		}
		d := l.from(x.offset)
		if len(d) == 0 || d[0].offset != x.offset {
			o.fault("a dead letter of %q for offset %d of %v, which it has nothing to do with", x.mapping, x.offset, x.source)
			continue
		}
		if !bytes.Equal(x.value, d[0].value) {
			o.fault("the dead letter for offset %d of %v holds %.100q, the record %.100q", x.offset, x.source, x.value, d[0].value)
		}
		d[0].letters = append(d[0].letters, x)
		if x.acked > 0 && (d[0].settled == 0 || x.acked < d[0].settled) {
			d[0].settled = x.acked
		}
	}
}

func compareAttempted(a, b attempted) int {
	return cmp.Or(strings.Compare(a.hook, b.hook), strings.Compare(a.id, b.id))
}

// checkOutcomes: each event that a hook wants has ended, and in the right way.
func (o *oracle) checkOutcomes() {
	for _, l := range o.lanes {
		if !l.started {
			continue
		}
		for _, d := range l.due {
			o.stats.duties++
			o.stats.deliveries += len(d.ended)
			if len(d.ended) == 0 && len(d.letters) == 0 {
				if l.retired {
					continue
				}
				if o.stats.lost++; o.stats.lost <= 5 {
					o.fault("lost: %s of offset %d in partition %d, produced at %v", l.what(d), d.offset, d.number, d.at.Sub(o.world.began))
				}
				continue
			}
			want := delivered
			if l.hook != nil {
				want = l.hook.fate(d.event)
			}
			if len(d.ended) > 0 && want != delivered {
				o.fault("%s accepted %s, which should be %s", l.name(), d.event.ID, want)
			}
			for _, x := range d.letters {
				switch {
				case l.hook == nil && x.reason == "undecodable":
				case l.hook != nil && x.reason == "window_expired": // also of an event that would have been refused, or that was never looked at
				case l.hook != nil && x.reason == string(want):
				default:
					o.fault("%s of offset %d in partition %d is a dead letter because %s, should be %s", l.what(d), d.offset, d.number, x.reason, want)
				}
			}
		}
	}
	if o.stats.lost > 0 {
		o.fault("lost in all: %d", o.stats.lost)
	}
}

func (l *lane) what(d *duty) string {
	if l.hook == nil {
		return "the undecodable value"
	}
	return l.hook.name + "'s " + d.event.ID
}
