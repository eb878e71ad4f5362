package lane

import "slices"

// reconfigure replaces the mappings of the running process, some of which match less from now on.
func (w *world) reconfigure() {
	for i, l := range w.logs {
		if o := w.owned[i]; o != nil && w.rnd.IntN(4) == 0 {
			w.edit(l, o.p)
		}
	}
	before, config := w.config, w.someLanes()
	w.trace("the process is reconfigured, it knows %v", config)
	for _, o := range w.owned {
		if o != nil {
			w.expectReconfigured(o, before, config)
		}
	}
	var identities []Identity
	for _, lane := range config {
		identities = append(identities, w.identity(lane))
	}
	var kept, gone []*Event
	for _, e := range w.taken {
		if slices.Contains(config, before[e.Lane()]) {
			kept = append(kept, e)
		} else {
			gone = append(gone, e)
		}
	}
	changes, err := w.g.Reconfigure(identities, func(p *Partition) Origin {
		return Origin{LogStart: w.logs[p.Number].start, At: w.logs[p.Number].at}
	}, w.now)
	if err != nil {
		w.failf("reconfigure: %v", err)
	}
	w.config = config
	w.taken = kept
	for _, e := range gone {
		if !e.Gone() || w.g.Settle(e) || w.g.Retry(e, w.now) {
			w.failf("%d of partition %d still counts, although its mapping is gone", e.Offset, e.Partition().Number)
		}
	}
	for _, c := range changes {
		w.checkReconfigured(w.owned[c.Partition.Number], c)
	}
	w.asleep, w.readersAsleep = uint64(1)<<len(config)-1, true // whoever has something to do must be woken
}

// expectReconfigured notes what becomes of the lanes of a partition.
func (w *world) expectReconfigured(o *ownership, before, config []int) {
	head := o.p.Head()
	for _, lane := range config {
		frozen := slices.ContainsFunc(o.p.frozen, func(f laneFacts) bool { return f.id == LaneID(laneName(lane)) })
		switch c := o.carried[lane]; {
		case slices.Contains(before, lane):
		case frozen:
			o.carried[lane] = carried{began: c.began, beganHead: c.beganHead}
		default:
			start := w.startOf(lane, o.log, head)
			o.log.excuse(lane, 0, start)
			c = carried{}
			if start < head {
				c = carried{began: w.trueNow(), beganHead: head}
			}
			o.carried[lane] = c
			o.knows[lane] = nil // it may have been retired, and delivers again what it had delivered
		}
	}
	for _, lane := range before {
		if !slices.Contains(config, lane) {
			c := o.carried[lane]
			c.frozen, c.trueFrozen = w.now, w.trueNow()
			o.carried[lane] = c
		}
	}
}

// checkReconfigured holds the ledger's report against the lanes.
func (w *world) checkReconfigured(o *ownership, c Reconfigured) {
	for _, i := range c.Started {
		if l := c.Partition.lanes[i]; l.live > 0 || l.read > c.Partition.head {
			w.failf("lane %d begins at %d with %d events", w.config[i], l.read, l.live)
		}
	}
	if len(c.Partition.frozen) != len(o.carried)-len(w.config) {
		w.failf("%d lanes are frozen, want %d", len(c.Partition.frozen), len(o.carried)-len(w.config))
	}
}
