package lane

import "math/bits"

// pool is what windows may hold beyond what is theirs for certain, all together. Of fifty mappings few are busy at a time: those may
// hold much more than a fiftieth of the memory, and give it back when others need it.
//
// It is lent in pieces. A window may have as many as it would leave for the next one (a dynamic threshold: Choudhury and Hahne, IEEE/ACM Transactions on
// Networking 6(2), 1998): a single busy mapping gets half of the pool, two a third each, n an (n+1)th. None can take all, so there is always something
// for one that wakes up. The mapping of a failing endpoint gets nothing more, but keeps what it holds until its events are settled: with a half, a quarter, an
// eighth of the pool lost to endpoints that fail one after the other, every mapping still has its own.
type pool struct {
	piece   int // bytes
	pieces  int
	lent    int    // pieces
	wanting uint64 // windows that were refused
}

// piecesOfPool is how finely the pool is divided. Coarser, and few mappings can share it; finer, and windows grow and shrink all the time.
const piecesOfPool = 64

func newPool(bytes int) pool {
	if bytes <= 0 {
		return pool{}
	}
	p := pool{piece: max(1, bytes/piecesOfPool)}
	p.pieces = bytes / p.piece
	return p
}

// need is how many pieces so many bytes take.
func (p *pool) need(bytes int) int { return (bytes + p.piece - 1) / p.piece }

// mayGrow says whether window w may have room for so many bytes more.
func (g *Ledger) mayGrow(w *window, bytes int) bool {
	p := &g.pool
	if p.pieces == 0 || w.failing {
		return false
	}
	others, mine := p.lent-w.lent, w.lent+p.need(bytes)
	return mine <= p.pieces-others-mine
}

// grow gives window w room for so many bytes more, or sees to it that it is woken when it should ask again.
func (g *Ledger) grow(w *window, bytes int) bool {
	if !g.mayGrow(w, bytes) {
		if g.pool.pieces > 0 {
			g.pool.wanting |= 1 << w.index
		}
		return false
	}
	g.lend(w, g.pool.need(bytes))
	return true
}

func (g *Ledger) lend(w *window, pieces int) {
	g.pool.lent += pieces
	w.lent += pieces
	w.capBytes += pieces * g.pool.piece
	w.share(0)
}

// shrink takes back what window w does not use, but for one piece: it would ask for it again at once.
func (g *Ledger) shrink(w *window) {
	if w.lent == 0 {
		return
	}
	pieces := min(w.lent, (w.capBytes-w.bytes)/g.pool.piece-1)
	if w.events == 0 {
		pieces = w.lent
	}
	if pieces <= 0 {
		return
	}
	g.lend(w, -pieces)
	for want := g.pool.wanting; want != 0; want &= want - 1 {
		g.wake(g.windows[bits.TrailingZeros64(want)])
	}
	g.pool.wanting = 0
}

// admits says whether a record of size bytes may be taken into window w, which may have to grow for it.
func (g *Ledger) admits(w *window, size int) bool {
	return w.room(size) || w.events < w.capEvents && g.mayGrow(w, w.bytes+size-w.capBytes)
}

// admit makes room for a record of size bytes in window w, if there can be.
func (g *Ledger) admit(w *window, size int) bool {
	return w.room(size) || w.events < w.capEvents && g.grow(w, w.bytes+size-w.capBytes)
}

// next returns the lane of window w to take from, or nil: see window.next. Where lanes are held to their share because the window has
// too few bytes to lend, it grows.
func (g *Ledger) next(w *window) *Lane {
	l := w.next()
	if l != nil || len(w.ready) == 0 || w.events+1 > w.capEvents/2 {
		return l
	}
	if g.grow(w, max(1, 2*(w.bytes+w.ready[0].record().Size())-w.capBytes)) {
		return w.next()
	}
	return nil
}

// mayFeed says whether lane l, which is not hungry, would be if its window grew. It does not where another lane would have to give its
// slice away: that one could use it then.
func (g *Ledger) mayFeed(l *Lane) bool {
	w := l.window
	events, _ := w.meal(l)
	return w.slices < w.maxSlices && w.events+events <= w.capEvents/2 && g.mayGrow(w, w.lacks(l))
}

// lacks is how many bytes more window w would have to have for lane l to be hungry.
func (w *window) lacks(l *Lane) int {
	_, bytes := w.meal(l)
	return max(1, 2*(w.bytes+bytes)-w.capBytes)
}
