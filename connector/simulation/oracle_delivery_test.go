//go:build simulation && synctests

package simulation

import (
	"cmp"
	"slices"
	"time"
)

// checkDuplicates explains every second delivery: the process never learned of the first, or it went on from a commit that does not
// cover it. A process that knows better must not deliver again.
func (o *oracle) checkDuplicates() {
	for _, l := range o.lanes {
		if !l.started {
			continue
		}
		for _, d := range l.due {
			ended := slices.Clone(d.ended)
			slices.SortFunc(ended, func(a, b *acceptance) int { return cmp.Compare(a.sent, b.sent) })
			for i, b := range ended {
				begin := o.restored(b.process, l.partition, b.sent)
				if begin == nil {
					o.fault("%s delivered %s of partition %d, which it never had", b.process.name, l.what(d), l.number)
					continue
				}
				if i > 0 {
					o.explain(l, d, begin, ended[:i], b)
				}
			}
		}
	}
}

// afterwards is how long a shipment may outlive the assignment of its partition: three quick tries, and the waits between them.
const afterwards = 3*requestTimeout + time.Second

// explain says why b was delivered although the endpoint had accepted the event before.
func (o *oracle) explain(l *lane, d *duty, begin *restore, before []*acceptance, b *acceptance) {
	known, elsewhere := false, false
	for _, a := range before {
		switch {
		case a.seen == 0 || a.seen > b.sent:
			elsewhere = elsewhere || a.process != b.process
		case a.process == b.process && a.sent > begin.seq && a.at.Sub(begin.at) < afterwards:
			elsewhere = true // of the session before
		case a.process == b.process && a.sent > begin.seq:
			o.fault("%s delivered %s at %d of partition %d at %v, though it had been told at %v that it was delivered",
				b.process.name, l.what(d), d.offset, d.number, b.at.Sub(o.world.began), a.seenAt.Sub(o.world.began))
			return
		default:
			known = true
		}
	}
	p, err := parseProgress(max(0, begin.offset), begin.metadata)
	switch {
	case err != nil || begin.metadata == "" && begin.offset >= 0: // everything from the offset on is open
		o.stats.reset++
	case b.at.Sub(begin.at) < afterwards && o.restored(b.process, l.partition, begin.seq) != nil:
		o.stats.overlapping++ // the quick tries of a shipment of the session before
	case p.covers(l.id, d.offset):
		o.fault("%s delivered %s at %d of partition %d at %v, which the commit it went on from covers",
			b.process.name, l.what(d), d.offset, d.number, b.at.Sub(o.world.began))
	case known:
		o.stats.redelivered++
	case elsewhere:
		o.stats.overlapping++
	default:
		o.stats.ambiguous++
	}
}

// checkWindows: no event is given up before its window is over, and none is tried long after it.
func (o *oracle) checkWindows() {
	window, first := o.world.window, true
	for _, l := range o.lanes {
		for _, d := range l.due {
			if l.hook == nil || !l.started {
				continue
			}
			for _, x := range d.letters {
				if x.reason != "window_expired" || x.sent.IsZero() {
					continue
				}
				if x.sent.Sub(d.at) < window {
					o.stats.early++
					o.fault("%s at %d of partition %d was given up at %v, %v after it was produced: before the window was over",
						l.what(d), d.offset, d.number, x.sent.Sub(o.world.began), x.sent.Sub(d.at))
				}
				due, ok := o.due(d.record, x.sent)
				if !ok {
					continue
				}
				late := x.sent.Sub(due)
				if first || late > o.stats.latest {
					o.stats.latest = late
				}
				if first || late < o.stats.earliest {
					o.stats.earliest = late
				}
				first = false
				if late > o.world.slack {
					o.fault("%s at %d of partition %d was given up at %v, %v after its window was over",
						l.what(d), d.offset, d.number, x.sent.Sub(o.world.began), late)
				}
			}
			a := o.attempts[attempted{l.name(), d.event.ID}]
			if a == nil {
				continue
			}
			due, ok := o.due(d.record, a.last)
			if !ok {
				continue
			}
			if late := a.last.Sub(due); late > o.world.slack {
				o.fault("%s at %d of partition %d was still tried at %v, %v after its window was over",
					l.what(d), d.offset, d.number, a.last.Sub(o.world.began), late)
			}
		}
	}
}

// due returns when an event that is not delivered at a time has to be given up: when its window ends, which began when it was read for the
// first time, as far as the process that has it can know from what was committed; but whoever takes a partition over tries once.
func (o *oracle) due(r *record, at time.Time) (time.Time, bool) {
	since, taken := int64(0), time.Time{}
	for _, x := range o.restores {
		if x.partition != r.partition || x.at.After(at) {
			continue
		}
		taken = x.at
		p, err := parseProgress(max(0, x.offset), x.metadata)
		if err != nil || r.offset >= p.front || x.metadata == "" {
			since = x.seq
		}
	}
	for _, x := range o.readings[r.partition] {
		if x.seq > since && x.offset > r.offset {
			due := x.at.Add(o.world.window)
			if due.Before(taken) {
				due = taken
			}
			return due, true
		}
	}
	return time.Time{}, false
}
