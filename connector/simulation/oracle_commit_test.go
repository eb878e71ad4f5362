//go:build simulation && synctests

package simulation

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

const (
	// freshness is how old a delivery may be that a commit does not mention.
	freshness = 8 * time.Second
	// pause is how long before it was sent the commit before must have been accepted for that: otherwise it may be a repetition, or have been
	// held up by a rebalance.
	pause = 3 * time.Second
)

// checkCommits goes through every commit that was ever sent. What it says was true in that moment, also when the broker refused it; and it
// says all that the process knew some seconds before, or a crash would cost more duplicates than it has to.
func (o *oracle) checkCommits() {
	sessions := o.sessions()
	limited := map[*process]time.Time{}                              // the broker has asked for less metadata
	latest, before := map[*process]*commit{}, map[*process]*commit{} // one of each request
	for _, c := range o.commits {
		o.stats.commits++
		o.stats.metadata = max(o.stats.metadata, len(c.metadata))
		if c.acked == 0 {
			o.stats.refused++
		}
		if errors.Is(c.failure, kerr.OffsetMetadataTooLarge) {
			limited[c.process] = c.at
		}
		p, err := parseProgress(c.offset, c.metadata)
		if err != nil {
			o.fault("%s committed metadata that cannot be read: %v", c.process.name, err)
			continue
		}
		for _, l := range o.lanes {
			if l.partition == c.partition {
				o.checkClaims(c, p, l)
			}
		}
		s := sessions[session{c.process, c.partition}]
		if s == nil {
			o.fault("%s committed partition %d, which it never had", c.process.name, c.number)
			continue
		}
		since, ok := limited[c.process]
		whole := c.metadata != "" && len(c.metadata) < 3500 && (!ok || c.at.Sub(since) > 10*time.Minute)
		if now := latest[c.process]; now == nil || now.at != c.at {
			before[c.process], latest[c.process] = now, c
		}
		last := before[c.process]
		prompt := last != nil && last.acked > 0 && c.at.Sub(last.answered) < pause
		s.mentioned(o, c, p, whole && prompt)
	}
}

// checkClaims checks what a commit says about one lane.
func (o *oracle) checkClaims(c *commit, p *progress, l *lane) {
	facts := p.lanes[l.id]
	if !l.started {
		if facts == nil {
			return
		}
		l.start(facts.cursor)
	}
	cursor := c.offset
	if facts == nil && l.retired {
		return
	}
	if facts != nil {
		cursor = facts.cursor
		if cursor < c.offset {
			o.fault("%s committed %d for partition %d while %q is at %d", c.process.name, c.offset, c.number, l.name(), cursor)
		}
	}
	claim := func(low, high int64) {
		for _, d := range l.from(low) {
			switch {
			case d.offset >= high:
				return
			case d.verified:
			case d.settled > 0 && d.settled < c.seq:
				d.verified = true
			default:
				d.verified = true // said once
				o.stats.untrue++
				o.fault("%s committed %d for partition %d at %v, which covers %s at %d: it was %s",
					c.process.name, c.offset, c.number, c.at.Sub(o.world.began), l.what(d), d.offset, o.when(d))
			}
		}
	}
	claim(0, cursor)
	if facts != nil {
		for _, r := range facts.done {
			claim(r[0], r[1])
		}
	}
}

// start lets a lane begin that was not there from the beginning: what lies below is not its business.
func (l *lane) start(offset int64) {
	l.started = true
	l.due = l.from(offset)
}

func (o *oracle) when(d *duty) string {
	switch {
	case d.settled > 0:
		return "settled after that"
	case len(d.ended)+len(d.letters) > 0:
		return "never settled as far as the process could know"
	default:
		return "never settled"
	}
}

// session is a process that had a partition.
type session struct {
	*process
	partition
}

// told is what a process has learned about a partition and not yet committed.
type told struct {
	known      []knowledge // in the order of seq
	next       int         // of known
	open       []knowledge // not mentioned yet
	complained bool
}

// knowledge is the answer that settled an event.
type knowledge struct {
	seq  int64
	at   time.Time
	lane *lane
	duty *duty
}

// sessions lists for each process and partition what it has learned.
func (o *oracle) sessions() map[session]*told {
	out := map[session]*told{}
	for _, r := range o.restores {
		out[session{r.process, r.partition}] = &told{}
	}
	for _, l := range o.lanes {
		for _, d := range l.due {
			for _, a := range d.ended {
				if t := out[session{a.process, l.partition}]; t != nil && a.seen > 0 {
					t.known = append(t.known, knowledge{a.seen, a.seenAt, l, d})
				}
			}
		}
	}
	for _, t := range out {
		slices.SortFunc(t.known, func(a, b knowledge) int { return cmp.Compare(a.seq, b.seq) })
	}
	return out
}

// mentioned checks that a commit mentions what the process knew some time before, since the partition was last assigned to it.
func (t *told) mentioned(o *oracle, c *commit, p *progress, complete bool) {
	begin := o.restored(c.process, c.partition, c.seq)
	for ; t.next < len(t.known) && t.known[t.next].seq < c.seq; t.next++ {
		t.open = append(t.open, t.known[t.next])
	}
	kept := t.open[:0]
	for _, k := range t.open {
		switch {
		case begin == nil || k.seq < begin.seq || k.at.Sub(begin.at) < afterwards: // of an earlier session, perhaps
		case p.covers(k.lane.id, k.duty.offset):
		case complete && c.at.Sub(k.at) > freshness && !t.complained:
			t.complained = true
			o.fault("%s committed %d for partition %d at %v and said nothing of %s at %d, which was settled %v before",
				c.process.name, c.offset, c.number, c.at.Sub(o.world.began), k.lane.what(k.duty), k.duty.offset, c.at.Sub(k.at))
		default:
			kept = append(kept, k)
		}
	}
	t.open = kept
}

// restored returns where a process went on with a partition before seq, or nil.
func (o *oracle) restored(p *process, at partition, seq int64) *restore {
	var last *restore
	for _, r := range o.restores {
		if r.process == p && r.partition == at && r.seq < seq {
			last = r
		}
	}
	return last
}
