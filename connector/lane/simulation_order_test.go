package lane

// follows says whether the event at offset must wait for the one at earlier.
func (w *world) follows(l *partitionLog, lane int, earlier, offset int64) bool {
	if (l.match[earlier]|l.match[offset])>>lane&1 == 0 {
		return false
	}
	switch w.orderOf(lane) {
	case OrderKey:
		return l.keys[offset] != nil && string(l.keys[earlier]) == string(l.keys[offset])
	case OrderPartition:
		return true
	default:
		return false
	}
}

// checkOrder holds what one Take has handed out against the order that the lane keeps: whatever an event has to wait for has been delivered,
// or goes with it and before it.
func (w *world) checkOrder(m int, events []*Event) {
	lane := w.config[m]
	with := map[*Partition]map[int64]bool{}
	for _, e := range events {
		p := e.Partition()
		l := w.logs[p.Number]
		for earlier := l.settledBelow(lane); earlier < e.Offset; earlier++ {
			if w.follows(l, lane, earlier, e.Offset) && !l.settled[lane][earlier] && !with[p][earlier] {
				w.failf("lane %d takes %d of partition %d before %d is settled", lane, e.Offset, p.Number, earlier)
			}
		}
		if with[p] == nil {
			with[p] = map[int64]bool{}
		}
		with[p][e.Offset] = true
	}
}

// checkPrefix holds a commit against the order that the lane keeps. Whoever goes on from it sends again what it does not say, in order; so what it
// says must not lie beyond that, or what is sent last would not be the last.
func (w *world) checkPrefix(o *ownership, lane int, said []span) {
	if w.orderOf(lane) == OrderNone {
		return
	}
	done := func(offset int64) bool {
		for _, s := range said {
			if s.lo <= offset && offset < s.hi {
				return true
			}
		}
		return false
	}
	undone := map[string]int64{}
	for offset := said[0].hi; offset < o.p.head; offset++ {
		if o.log.match[offset]>>lane&1 == 0 || offset < o.log.start {
			continue
		}
		key := "all"
		if w.orderOf(lane) == OrderKey {
			if o.log.keys[offset] == nil {
				continue
			}
			key = string(o.log.keys[offset])
		}
		first, waits := undone[key]
		switch {
		case !done(offset) && !waits:
			undone[key] = offset
		case done(offset) && waits:
			w.failf("lane %d keeps an order; a commit says that %d is settled, and not that %d is", lane, offset, first)
		}
	}
}

// checkChains holds what waits for each other in a lane against the order of the offsets.
func (w *world) checkChains(lane int, l *Lane) {
	inChains := 0
	for key, c := range l.chains {
		if c.key != key || c.first == nil || c.first.turn.prev != nil || c.last.turn.next != nil {
			w.failf("lane %d: a chain has come apart", lane)
		}
		for e := c.first; e != nil; e = e.turn.next {
			inChains++
			if k, _ := l.window.chainKey(e.Record); k != key || e.turn.chain != c {
				w.failf("lane %d: %d is in a chain that is not its own", lane, e.Offset)
			}
			if next := e.turn.next; next != nil && (next.Offset <= e.Offset || next.turn.prev != e) {
				w.failf("lane %d: %d stands behind %d", lane, next.Offset, e.Offset)
			}
		}
	}
	ordered := 0
	for e := l.first; e != nil; e = e.next {
		if e.turn != nil {
			ordered++
		}
	}
	if ordered != inChains {
		w.failf("lane %d: %d events wait in chains, %d are in none of them", lane, inChains, ordered-inChains)
	}
}
