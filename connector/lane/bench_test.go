package lane

import (
	"fmt"
	"testing"
	"time"
)

// benchLedger has n lanes that may hold a lot.
func benchLedger(b *testing.B, n, cacheBytes int) *Ledger {
	b.Helper()
	s := Settings{Window: 4 * time.Hour, CacheBytes: cacheBytes, OrphanGrace: 15 * time.Minute}
	for i := range n {
		s.Lanes = append(s.Lanes, Identity{Name: fmt.Sprint("mapping ", i), Events: 20_000, Bytes: 1 << 30, MaxSlices: 4})
	}
	g, err := New(s)
	if err != nil {
		b.Fatal(err)
	}
	return g
}

func benchAssign(g *Ledger, number int32, metadata string, now time.Time) *Partition {
	return g.Assign(Restored{Topic: "events", Partition: number, TopicID: [16]byte{1}, Epoch: -1, Metadata: metadata, LogStart: -1}, now).Partition
}

// BenchmarkDelivery is the life of one record: appended in a block of 100, taken by every lane that it matches, settled.
// The block is used again and again, so what is allocated is allocated by the ledger.
func BenchmarkDelivery(b *testing.B) {
	const perBlock = 100
	for _, c := range []struct {
		name  string
		lanes int
		match uint64
	}{
		{"1 lane", 1, 1},
		{"50 lanes, one fires", 50, 1 << 17},
		{"50 lanes, all fire", 50, 1<<50 - 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			now := time.Unix(1_700_000_000, 0)
			g := benchLedger(b, c.lanes, 1<<30)
			p := benchAssign(g, 0, "", now)
			block := &Block{}
			for range perBlock {
				block.Add(&Record{Value: make([]byte, 500)}, c.match)
			}
			var events []*Event
			offset := int64(0)
			b.ReportAllocs()
			for b.Loop() {
				if offset%perBlock == 0 {
					for i := range block.Records {
						block.Records[i].Offset = offset + int64(i)
					}
					block.Next = offset + perBlock
					g.Append(p, block, 0, now)
				}
				for m := range c.lanes {
					if c.match>>m&1 == 0 {
						continue
					}
					events = g.Take(events[:0], m, 1, 1<<20, now)
					for _, e := range events {
						g.Settle(e)
					}
				}
				offset++
			}
		})
	}
}

// BenchmarkSnapshot is what a dirty partition costs each second.
func BenchmarkSnapshot(b *testing.B) {
	for _, ranges := range []int{0, 10, 40} {
		b.Run(fmt.Sprintf("50 lanes, %d ranges each", ranges), func(b *testing.B) {
			now := time.Unix(1_700_000_000, 0)
			g := benchLedger(b, 50, 1<<30)
			p := benchAssign(g, 0, "", now)
			for i := range 30 { // arrivals
				g.Append(p, benchBlock(p.Head(), 4, 1<<50-1), 0, now.Add(time.Duration(i)*6*time.Minute))
			}
			for m := range 50 { // every other event is delivered
				for i, e := range g.Take(nil, m, 2*ranges, 1<<30, now) {
					if i%2 == 1 {
						g.Settle(e)
					}
				}
			}
			b.ReportAllocs()
			var c Commit
			for b.Loop() {
				c = g.Snapshot(p, 4096)
			}
			b.ReportMetric(float64(len(c.Metadata)), "characters")
			b.ReportMetric(float64(c.Dropped), "dropped")
		})
	}
}

// BenchmarkScale is about 1000 partitions with 50 lanes each, in the situations in which looking at all of them would be tempting.
func BenchmarkScale(b *testing.B) {
	const partitions, lanes = 1000, 50
	now := time.Unix(1_700_000_000, 0)
	all := uint64(1<<lanes - 1)

	// The first lane has passed everything; the others stand at the first record of every partition.
	fill := func(g *Ledger) []*Partition {
		var ps []*Partition
		for i := range partitions {
			p := benchAssign(g, int32(i), "", now)
			g.Append(p, benchBlock(0, 1, all&^1), 0, now)
			g.Append(p, benchBlock(1, 1, all&^1), 0, now)
			ps = append(ps, p)
		}
		return ps
	}
	b.Run("append over the budget", func(b *testing.B) {
		g := benchLedger(b, lanes, partitions*1600)
		ps := fill(g)
		i := 0
		b.ReportAllocs()
		for b.Loop() {
			p := ps[i%partitions]
			g.Append(p, benchBlock(p.Head(), 1, all&^1), 0, now)
			i++
		}
	})
	b.Run("may any resume, all are paused", func(b *testing.B) {
		g := benchLedger(b, lanes, 1)
		for i := range partitions {
			p := benchAssign(g, int32(i), "", now)
			g.Append(p, benchBlock(p.Head(), 10, all), 0, now)
		}
		if pause, _ := g.Pause(); len(pause) != partitions {
			b.Fatalf("%d partitions are paused, want %d", len(pause), partitions)
		}
		b.ReportAllocs()
		for b.Loop() {
			if g.MayResume() {
				b.Fatal("there is room")
			}
		}
	})
	behind := func(b *testing.B, lanes int) *Ledger {
		g := benchLedger(b, lanes, 1<<30)
		source := benchLedger(b, lanes, 1<<30)
		p := benchAssign(source, 0, "", now)
		source.Append(p, benchBlock(0, 100, all), 0, now)
		metadata := source.Snapshot(p, 4096).Metadata
		for i := range partitions {
			benchAssign(g, int32(i), metadata, now)
		}
		return g
	}
	b.Run("next read, all behind", func(b *testing.B) {
		g := behind(b, lanes)
		b.ReportAllocs()
		for b.Loop() {
			r, ok := g.NextRead()
			if !ok {
				b.Fatal("nothing to read")
			}
			g.Finish(r, nil, now)
		}
	})
	b.Run("next read, none may", func(b *testing.B) {
		g := behind(b, lanes)
		for {
			if _, ok := g.NextRead(); !ok {
				break
			}
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := g.NextRead(); ok {
				b.Fatal("too many slices")
			}
		}
	})
	b.Run("next read, none has room", func(b *testing.B) {
		g := behind(b, lanes)
		for i := range partitions { // every lane has an event that is not delivered, every window is full
			for _, l := range g.partitions[i].lanes {
				e := &Event{Record: &Record{}, lane: l}
				l.push(e)
			}
		}
		for _, w := range g.windows {
			w.events, w.bytes = w.capEvents, w.capBytes
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := g.NextRead(); ok {
				b.Fatal("there is no room")
			}
		}
	})
	b.Run("take, the others have their share", func(b *testing.B) {
		g := benchLedger(b, 1, 1<<40)
		now := now
		var ps []*Partition
		for i := range partitions {
			ps = append(ps, benchAssign(g, int32(i), "", now))
		}
		for range 30 {
			for _, p := range ps {
				now = now.Add(time.Millisecond)
				g.Append(p, benchBlock(p.Head(), 1, 1), 0, now)
			}
		}
		metadata := g.Snapshot(ps[0], 4096).Metadata
		held := g.Take(nil, 0, 15_000, 1<<40, now)
		benchAssign(g, partitions, metadata, now) // one is behind
		held = append(held, g.Take(nil, 0, 15_000, 1<<40, now)...)
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			e := held[i%len(held)]
			p := e.Partition()
			g.Settle(e)
			now = now.Add(time.Millisecond)
			g.Append(p, benchBlock(p.Head(), 1, 1), 0, now)
			got := g.Take(nil, 0, 10, 1<<40, now)
			if len(got) != 1 || got[0].Partition() != p {
				b.Fatalf("%d are taken, want 1 of the partition that has less than its share", len(got))
			}
			held[i%len(held)] = got[0]
			i++
		}
	})
	b.Run("commit of all", func(b *testing.B) {
		g := benchLedger(b, lanes, 1<<30)
		fill(g)
		b.ReportAllocs()
		for b.Loop() {
			for _, p := range g.Dirty(now) {
				g.Snapshot(p, 4096)
			}
		}
	})
}

func benchBlock(from int64, n int, match uint64) *Block {
	b := &Block{From: from, Next: from + int64(n)}
	for i := range n {
		b.Add(&Record{Offset: from + int64(i), Value: make([]byte, 500)}, match)
	}
	return b
}
