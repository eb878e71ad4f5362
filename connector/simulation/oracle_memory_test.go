//go:build simulation && synctests

package simulation

// checkMemory: what was held at most was within what the probe allowed.
func (o *oracle) checkMemory() {
	m := o.world.memory
	o.stats.room = o.room()
	for _, p := range o.world.processes {
		p.mu.Lock()
		o.stats.blocks = max(o.stats.blocks, p.peak.Blocks)
		if p.peak.Blocks > o.stats.room {
			o.fault("%s held %d bytes of blocks, at most %d are allowed", p.name, p.peak.Blocks, o.stats.room)
		}
		if most := len(p.peak.Lanes)*m.WindowBytes + m.SharedBytes; p.windows > most {
			o.fault("%s held %d bytes of events for all mappings, at most %d are allowed", p.name, p.windows, most)
		}
		for i, l := range p.peak.Lanes {
			events := m.WindowEvents
			if i < len(p.hooks) {
				events = max(events, 4*p.hooks[i].batch)
			} else {
				events = 1000
			}
			if l.Events > events || l.Bytes > m.WindowBytes+m.SharedBytes/2 && l.Events > 1 {
				o.fault("%s held %d events of %d bytes for mapping %d, at most %d of %d are allowed", p.name, l.Events, l.Bytes, i, events, m.WindowBytes+m.SharedBytes/2)
			}
		}
		p.mu.Unlock()
	}
}

const (
	// bookkeeping is how many times its size on the wire a record may cost: its structs, and the event once more where it came in
	// another form than Segment's.
	bookkeeping = 3
	// largestBatch is what a producer sends in one batch. A broker answers with whole ones, the last of which may reach beyond what was asked for.
	largestBatch = 40 << 10
)

// room is how much a process may hold of blocks: the cache, the slices that every mapping and the lane of undecodable records may hold, and
// for each partition one answer that came when the cache was full already.
func (o *oracle) room() int {
	m := o.world.memory
	partitions := len(o.world.cluster.PartitionInfos(topic))
	slices := (len(allHooks()) + 1) * m.Slices * (m.SliceBytes + 1<<10)
	return m.CacheBytes + bookkeeping*(slices+partitions*(int(m.FetchBytes)+largestBatch))
}
