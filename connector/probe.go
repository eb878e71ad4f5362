package connector

import "time"

// Probe lets a simulation make the memory small and watch what is held. Production has none.
type Probe struct {
	// In place of what MEMORY_BUDGET works out to; 0 leaves that.
	CacheBytes   int   // tails of the partitions
	WindowBytes  int   // of one mapping, for certain; nothing is shared then but SharedBytes
	SharedBytes  int   // of all mappings, beyond that
	WindowEvents int   // of one mapping
	SliceBytes   int   // of one slice that is read back
	Slices       int   // of one mapping
	FetchBytes   int32 // of one fetch of the head

	// Spent is the processor time used, in place of the program's own; nil: nothing is known about it.
	Spent func() time.Duration
	// Decoded is called between reading records and handing them to the lanes, and may take its time: decoding does, where the time
	// is not virtual.
	Decoded func()
	// Memory is told after every change what is held. It must be quick, and must not call back.
	Memory func(Memory)
}

// Memory is what the engine holds.
type Memory struct {
	Blocks int          // bytes of records that are cached, read back, or under way
	Lanes  []LaneMemory // by mapping; the last is for undecodable records
}

// LaneMemory is what one mapping has taken and not settled.
type LaneMemory struct{ Events, Bytes int }

// budget replaces what the probe sets.
func (p *Probe) budget(b budget) budget {
	if p == nil {
		return b
	}
	replace := func(to *int, by int) {
		if by > 0 {
			*to = by
		}
	}
	replace(&b.cacheBytes, p.CacheBytes)
	if p.WindowBytes > 0 {
		b.windowBytes, b.sharedBytes = p.WindowBytes, p.SharedBytes
	}
	replace(&b.windowEvents, p.WindowEvents)
	replace(&b.sliceBytes, p.SliceBytes)
	replace(&b.slices, p.Slices)
	return b
}

// spent is how to learn what processor time was used.
func (p *Probe) spent() func() time.Duration {
	if p == nil {
		return spent
	}
	return p.Spent
}

func (p *Probe) decoded() {
	if p != nil && p.Decoded != nil {
		p.Decoded()
	}
}

// tell reports what the engine holds. The engine's lock is held.
func (p *Probe) tell(e *engine) {
	if p == nil || p.Memory == nil {
		return
	}
	m := Memory{Blocks: e.ledger.Held(), Lanes: make([]LaneMemory, len(e.couriers))}
	for i := range m.Lanes {
		m.Lanes[i].Events, m.Lanes[i].Bytes = e.ledger.HeldBy(i)
	}
	p.Memory(m)
}
