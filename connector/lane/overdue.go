package lane

import "time"

// SetFailing says whether the endpoint of mapping m fails. The lanes of a failing one do not hold up the reading.
func (g *Ledger) SetFailing(m int, failing bool) {
	w := g.windows[m]
	w.failing = failing
	if failing {
		g.shrink(w)
	} else {
		g.wake(w) // it may grow again
	}
	g.caughtUp = g.caughtUp || failing // what is paused may go on: see MayResume
}

// Arrived returns when the event was first read; its retry window began then.
func (g *Ledger) Arrived(e *Event) time.Time { return e.Deadline.Add(-g.settings.Window) }

// TakeOverdue is Take for a mapping whose endpoint is known to fail: events whose retry is due, and of the new ones only those whose window
// has ended already. The others stay where they are, in Kafka.
//
// Where events wait for each other, no two are handed out of which one has to wait for the other: whoever gives some back and sends the
// rest changes no order.
func (g *Ledger) TakeOverdue(dst []*Event, m, n int, now time.Time) []*Event {
	w := g.windows[m]
	g.run++
	n += len(dst)
	for len(dst) < n && len(w.retries) > 0 && !w.retries[0].due.After(now) {
		e := w.retries[0]
		g.handOut(e)
		dst = append(dst, e)
	}
	g.tryLoose(w, now)
	for len(dst) < n {
		l := w.next()
		if l == nil || l.arrived.Add(g.settings.Window).After(now) || !w.room(l.record().Size()) {
			break
		}
		if w.order != OrderNone && !g.mayGo(l, false) {
			g.park(l, now)
			continue
		}
		dst = append(dst, g.take(l, now))
	}
	return dst
}
