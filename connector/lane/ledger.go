package lane

import "time"

// Start says where the lane of a mapping begins on a partition that others have read already.
type Start struct {
	Kind StartKind
	Time time.Time // for StartTime
}

// StartKind names the places a new lane can begin at.
type StartKind uint8

// The places a new lane can begin at.
const (
	StartHead     StartKind = iota // what nobody has read yet (default)
	StartEarliest                  // the oldest record in the log
	StartTime                      // the first record at or after a time
)

// Identity describes one lane per partition: a mapping, or the lane of undecodable records.
type Identity struct {
	Name      string // identity of the mapping; the lane's id in the metadata is its hash
	Start     Start
	Events    int // most events held at once
	Bytes     int // bytes of records held at once that are its own; more is lent from Settings.SharedBytes
	MaxSlices int // most slices held at once, those being read included; at least one
	Order     Order
	// Background lanes never drive the reading: they take what others had read, and when only they are up to date the partition may be
	// paused. Set for lanes that seldom match anything.
	Background bool
}

// Settings of a ledger. Only Reconfigure changes the lanes while it lives.
type Settings struct {
	Lanes       []Identity    // in the order of the bits of Block.Match; at most MaxLanes
	Window      time.Duration // how long an event is retried, from when it was first read
	CacheBytes  int           // budget of all partitions' tails together
	SharedBytes int           // what lanes may hold beyond their own, all of them together
	OrphanGrace time.Duration // how long lanes of unknown mappings hold the committed offset
}

// MaxLanes is the number of bits in a match set.
const MaxLanes = 64

// Ledger knows every lane of the process: what has been read, taken, settled, and what may be committed. It is pure: it is told the
// time, does no I/O, starts nothing. It is not safe for concurrent use; its owner holds one lock around every call.
type Ledger struct {
	settings   Settings
	windows    []*window
	partitions []*Partition
	pool       pool
	held       int  // bytes of blocks that are cached, used as slices, or pinned by taken events
	paused     int  // partitions
	caughtUp   bool // a lane of a paused partition has come to its head since Pause was last called

	spans   []span // room for Snapshot
	retired []Retired

	woken uint64 // windows that may have something to take now
	reads uint64 // windows that may have a lane to read back for; one that is not in here has none
	turn  int    // the window to look at first for the next slice

	generation int    // of the lanes: counts Reconfigure
	run        uint64 // counts the Takes of windows that keep an order
}

// New returns an empty ledger. It refuses more lanes than MaxLanes and identities whose ids collide.
func New(s Settings) (*Ledger, error) {
	windows, err := newWindows(s.Lanes)
	if err != nil {
		return nil, err
	}
	return &Ledger{settings: s, windows: windows, pool: newPool(s.SharedBytes)}, nil
}

// wake notes that window w may have something to take.
func (g *Ledger) wake(w *window) {
	g.woken |= 1 << w.index
	if len(w.behind) > 0 {
		g.reads |= 1 << w.index
	}
}

// Woken returns the mappings, as bits, that may have something to take since the last call, and whether NextRead may have something.
func (g *Ledger) Woken() (mappings uint64, reads bool) {
	mappings, g.woken = g.woken, 0
	return mappings, g.reads != 0
}

// Held returns the bytes of the blocks in memory.
func (g *Ledger) Held() int { return g.held }

// HeldBy returns the events of mapping m that are taken and not settled, and their bytes.
func (g *Ledger) HeldBy(m int) (events, bytes int) { return g.windows[m].events, g.windows[m].bytes }

func (g *Ledger) ref(b *Block) {
	if b.refs == 0 {
		g.held += b.size()
	}
	b.refs++
}

func (g *Ledger) unref(b *Block) {
	b.refs--
	if b.refs == 0 {
		g.held -= b.size()
	}
}
