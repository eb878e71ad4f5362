//go:build torture && linux

package torture

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// fate is what must become of an event.
type fate int

const (
	must  fate = iota // Kafka has acknowledged it
	may               // nobody knows whether Kafka has it, or Kafka may have compacted it away
	never             // its transaction was aborted
)

// pair is an event and a mapping that it is for.
type pair struct {
	event   string
	mapping int
}

// acceptance is a request that an endpoint has answered, or meant to answer, with 200.
type acceptance struct {
	at      time.Time // when the request arrived
	process string    // that sent it
	heard   bool      // the answer was written whole, to somebody who had not hung up
}

// letter is a dead letter.
type letter struct {
	at     time.Time // when Kafka wrote it
	reason string
}

// ledger is what is known of every event, every request and every dead letter.
type ledger struct {
	mu        sync.Mutex
	events    map[string]*produced
	accepted  map[pair][]acceptance
	letters   map[pair][]letter
	requests  int
	refused   int
	unsigned  []string // requests with a wrong signature
	mangled   []string // events whose bytes are not those that were produced
	strangers []string // events that nobody produced, or that were for another mapping
}

// produced is an event as it was given to Kafka.
type produced struct {
	fate  fate
	body  string
	kind  int // which of the single mappings it is for
	at    time.Time
	topic string
	place string // partition and offset, once known
}

func newLedger() *ledger {
	return &ledger{events: map[string]*produced{}, accepted: map[pair][]acceptance{}, letters: map[pair][]letter{}}
}

// produce notes an event before it is sent: it may be delivered before its acknowledgement is back.
func (l *ledger) produce(id string, p *produced) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events[id] = p
}

// decide says what must become of events.
func (l *ledger) decide(f fate, ids ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		l.events[id].fate = f
	}
}

func (l *ledger) place(id string, partition int32, offset int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events[id].place = fmt.Sprintf("partition %d offset %d", partition, offset)
}

// arrive notes what a request has brought. The bodies are the events in it.
func (l *ledger) arrive(mapping int, process string, at time.Time, heard, accepted bool, ids, bodies []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests++
	if !accepted {
		l.refused++
	}
	for i, id := range ids {
		e := l.events[id]
		switch {
		case e == nil:
			l.strangers = append(l.strangers, fmt.Sprintf("%q at mapping %d", id, mapping))
			continue
		case !mappings[mapping].takes(e.kind):
			l.strangers = append(l.strangers, fmt.Sprintf("%s at mapping %d, which it is not for", id, mapping))
		case e.body != bodies[i]:
			l.mangled = append(l.mangled, fmt.Sprintf("%s at mapping %d: %.200q", id, mapping, bodies[i]))
		}
		if accepted {
			k := pair{id, mapping}
			l.accepted[k] = append(l.accepted[k], acceptance{at, process, heard})
		}
	}
}

func (l *ledger) sign(wrong string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsigned = append(l.unsigned, wrong)
}

func (l *ledger) bury(id string, mapping int, x letter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := pair{id, mapping}
	l.letters[k] = append(l.letters[k], x)
}

// open lists pairs that are neither delivered nor dead-lettered, and counts them.
func (l *ledger) open(limit int) (list []string, count int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, e := range l.events {
		if e.fate != must {
			continue
		}
		for m := range mappings {
			if !mappings[m].takes(e.kind) || len(l.letters[pair{id, m}]) > 0 || l.heard(pair{id, m}) {
				continue
			}
			if count++; len(list) < limit {
				list = append(list, fmt.Sprintf("%s for mapping %d, %s %s, produced %s%s", id, m, e.topic, e.place, clock(e.at), l.story(pair{id, m})))
			}
		}
	}
	return list, count
}

// story tells what requests have brought an event, none of which counts.
func (l *ledger) story(k pair) string {
	var b strings.Builder
	for _, a := range l.accepted[k] {
		fmt.Fprintf(&b, "; taken %s from %s, and not said", clock(a.at), a.process)
	}
	return b.String()
}

func clock(t time.Time) string { return t.Format("15:04:05.000") }

// heard says whether an endpoint has taken an event and said so.
func (l *ledger) heard(k pair) bool {
	for _, a := range l.accepted[k] {
		if a.heard {
			return true
		}
	}
	return false
}

// verdict is what a run has shown.
type verdict struct {
	events, pairs         int
	acknowledged, aborted int
	deliveries, letters   int
	lost                  []string
	unsigned, mangled     []string
	strangers             []string
	revived               []string // delivered although their transaction was aborted
	afterLetter           []string // delivered after they were dead-lettered, and nothing had happened in between
	afterLetterWithFault  int
	duplicates            map[string]int // by the fault that came after the first delivery
	duplicatesInAll       int
	lettersTwice          int
	byReason              map[string]int
	unheard               int // duplicates of deliveries whose answer the connector never got
	requests, refused     int
}

// timeline names the fault that was going on at a time, or else the first after it, and says whether one was going on, or had just ended,
// between two times.
type timeline interface {
	cause(time.Time) string
	between(a, b time.Time) bool
}

func (l *ledger) judge(t timeline) verdict {
	v := verdict{duplicates: map[string]int{}, byReason: map[string]int{}}
	v.lost, _ = l.open(1 << 20)
	l.mu.Lock()
	defer l.mu.Unlock()
	v.events, v.requests, v.refused = len(l.events), l.requests, l.refused
	v.unsigned, v.mangled, v.strangers = l.unsigned, l.mangled, l.strangers
	for id, e := range l.events {
		switch e.fate {
		case must:
			v.acknowledged++
		case never:
			v.aborted++
		case may:
		}
		for m := range mappings {
			if !mappings[m].takes(e.kind) {
				continue
			}
			k := pair{id, m}
			if e.fate == must {
				v.pairs++
			}
			if e.fate == never && len(l.accepted[k])+len(l.letters[k]) > 0 {
				v.revived = append(v.revived, fmt.Sprintf("%s at mapping %d", id, m))
			}
			l.judgePair(k, t, &v)
		}
	}
	return v
}

func (l *ledger) judgePair(k pair, t timeline, v *verdict) {
	accepted, letters := l.accepted[k], l.letters[k]
	slices.SortFunc(accepted, func(a, b acceptance) int { return a.at.Compare(b.at) })
	v.deliveries += min(1, len(accepted))
	v.letters += len(letters)
	v.lettersTwice += max(0, len(letters)-1)
	for _, x := range letters {
		v.byReason[x.reason]++
	}
	for i, a := range accepted {
		if i > 0 {
			v.duplicatesInAll++
			// What a fault undoes comes again once sessions have ended and partitions have moved, when the next fault may be under way: it
			// is the delivery that was forgotten which tells the fault.
			if first := slices.IndexFunc(accepted[:i], func(b acceptance) bool { return b.heard }); first < 0 {
				v.unheard++
			} else {
				v.duplicates[t.cause(accepted[first].at)]++
			}
		}
		if len(letters) == 0 || !a.at.After(letters[0].at) {
			continue
		}
		if t.between(letters[0].at, a.at) {
			v.afterLetterWithFault++
		} else {
			v.afterLetter = append(v.afterLetter, fmt.Sprintf("%s at mapping %d by %s, %v after its dead letter (%s)", k.event, k.mapping, a.process, a.at.Sub(letters[0].at), letters[0].reason))
		}
	}
}
