package lane

// epochOf returns the leader epoch of the record before next.
func (l *partitionLog) epochOf(next int64) int32 {
	for e := len(l.epochs) - 1; e > 0; e-- {
		if l.epochs[e] < next {
			return int32(e)
		}
	}
	return 0
}

// endOf is what Kafka answers when asked where a leader epoch ends.
func (l *partitionLog) endOf(epoch int32) int64 {
	if int(epoch)+1 < len(l.epochs) {
		return l.epochs[epoch+1]
	}
	return int64(len(l.match))
}

// truncate cuts a log off, as an unclean election does; the new leader may have written already when the ledger is told.
func (w *world) truncate() {
	l := w.logs[w.rnd.IntN(len(w.logs))]
	end := l.start + w.rnd.Int64N(int64(len(l.match))-l.start+1)
	if end == int64(len(l.match)) {
		return
	}
	w.trace("partition %d is cut off at %d, it had %d", l.number, end, len(l.match))
	l.keys = l.keys[:end]
	l.match, l.produced, l.firstRead = l.match[:end], l.produced[:end], l.firstRead[:min(end, int64(len(l.firstRead)))]
	for lane := range l.settled {
		l.settled[lane] = l.settled[lane][:end]
		l.floor[lane] = min(l.floor[lane], end)
	}
	for e := range l.epochs {
		l.epochs[e] = min(l.epochs[e], end)
	}
	l.epochs = append(l.epochs, end)
	for i := range l.commits {
		l.commits[i].cut(end)
	}
	l.accepted.cut(end)
	for range w.rnd.IntN(2) * w.rnd.IntN(40) {
		l.produce(w.rnd.Uint64()&w.rnd.Uint64(), nil, w.now)
	}

	o := w.owned[l.number]
	if o != nil {
		for lane := range o.knows {
			o.knows[lane] = o.knows[lane][:min(end, int64(len(o.knows[lane])))]
		}
		w.checkTruncated(o, end)
	}
	kept := w.taken[:0]
	for _, e := range w.taken {
		switch {
		case e.Partition().Number != l.number || e.Offset < end:
			kept = append(kept, e)
		case w.g.Settle(e):
			w.failf("delivering %d of partition %d counts, which was cut off at %d", e.Offset, l.number, end)
		}
	}
	w.taken = kept
}

// cut is for commits that carry no leader epoch, because they have no metadata, or none that goes with the offset: nothing can tell that
// they are about other records. So none is left beyond the cut.
func (s *stored) cut(end int64) {
	if s.offset > end && (s.metadata == "" || s.offset != s.written) {
		s.offset, s.metadata = end, ""
	}
}

// checkTruncated tells the ledger, and holds its report against what really had not been settled.
func (w *world) checkTruncated(o *ownership, end int64) {
	head := o.p.head
	if end >= head {
		if loss := w.g.Truncate(o.p, end, 0, w.now); loss != (Loss{}) || o.p.head != head {
			w.failf("a cut at %d, above the head %d, is reported as %+v", end, head, loss)
		}
		return
	}
	var want Loss
	for _, l := range o.p.lanes {
		unsettled := map[int64]bool{}
		for x := max(end, l.read); x < head; x++ {
			unsettled[x] = true
		}
		for _, s := range l.skip {
			for x := max(s.lo, l.read); x < s.hi; x++ {
				delete(unsettled, x)
			}
		}
		for e := l.first; e != nil; e = e.next {
			if e.Offset >= end {
				unsettled[e.Offset] = true
			}
		}
		want.add(l, int64(len(unsettled)))
	}
	if loss := w.g.Truncate(o.p, end, o.log.epochOf(end), w.now); loss != want {
		w.failf("a cut at %d loses %+v, want %+v", end, loss, want)
	}
}

// validate does what Kafka's client does with the position and the leader epoch that a partition begins with: it asks where that epoch
// ended.
func (w *world) validate(l *partitionLog, p *Partition) {
	if p.Epoch() < 0 {
		return
	}
	if end := l.endOf(p.Epoch()); end < p.Head() {
		w.trace("partition %d: epoch %d ends at %d", l.number, p.Epoch(), end)
		w.g.Truncate(p, end, l.epochOf(end), w.now)
	}
}
