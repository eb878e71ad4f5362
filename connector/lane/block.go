package lane

import (
	"sort"
	"time"
)

// Block is a stretch of one partition's log as it was read: every offset from From up to but excluding Next, of which
// only the records that some lane must deliver are kept. Offsets without a record (other mappings' events, control records,
// aborted transactions, compacted keys) need no entry: a lane that has passed the block has passed them.
type Block struct {
	From, Next int64
	Records    []Record
	Match      []uint64 // parallel to Records: bit i set when lane i must deliver the record
	Bytes      int      // what the records are charged for

	arrived time.Time // when the group's reader read it; zero for a slice that was read back

	any  uint64 // union of Match
	refs int    // the cache, lanes reading it as a slice, events taken from it and not yet copied out
}

// Add appends a record that the lanes in match must deliver. Offsets must ascend.
func (b *Block) Add(r *Record, match uint64) {
	b.Records = append(b.Records, *r)
	b.Match = append(b.Match, match)
	b.Bytes += r.Size()
	b.any |= match
}

// blockOverhead is what a block costs beside its records. Most blocks may well be empty, when few events match anything: for
// nothing they would fill the memory behind a lane that stands still.
const blockOverhead = 256

func (b *Block) size() int { return b.Bytes + blockOverhead }

func (b *Block) holds(offset int64) bool { return offset >= b.From && offset < b.Next }

// search returns the index of the first record at or above offset.
func (b *Block) search(offset int64) int {
	return sort.Search(len(b.Records), func(i int) bool { return b.Records[i].Offset >= offset })
}

// end cuts off what is at or above offset.
func (b *Block) end(offset int64) {
	for n := len(b.Records); n > 0 && b.Records[n-1].Offset >= offset; n-- {
		b.Bytes -= b.Records[n-1].Size()
		b.Records, b.Match = b.Records[:n-1], b.Match[:n-1]
	}
	b.Next = min(b.Next, offset)
}
