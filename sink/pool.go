package sink

import (
	"context"
	"slices"
	"sync"
	"time"
)

// pool keeps idle connections for the next request to the same target, and closes those that
// nobody needs for idleTime. It has no goroutine of its own, and one timer for all connections: to
// set and stop one for each request would cost more than to find the connection.
type pool struct {
	limit int // connections kept for a target

	lock   sync.Mutex         // covers what follows
	idle   map[target][]*conn // each list begins with the longest idle
	sweep  *time.Timer        // nil before the first connection is idle
	due    bool               // sweep is going to look
	closed bool
}

func newPool(limit int) *pool { return &pool{limit: limit, idle: map[target][]*conn{}} }

// take returns the connection that became idle last and can still be used, ready for a request, or nil
// for none.
func (p *pool) take(ctx context.Context, to target, until time.Time) *conn {
	for {
		c := p.pop(to)
		if c == nil {
			return nil
		}
		if c.ready(ctx, until) {
			return c
		}
		p.discard(c) // the server has closed it, or speaks out of turn
	}
}

func (p *pool) pop(to target) *conn {
	p.lock.Lock()
	defer p.lock.Unlock()
	list := p.idle[to]
	if len(list) == 0 {
		return nil
	}
	c := list[len(list)-1]
	list[len(list)-1] = nil
	p.idle[to] = list[:len(list)-1]
	return c
}

// put makes c idle, or closes it where enough are.
func (p *pool) put(c *conn) {
	if !p.push(c) {
		p.discard(c)
	}
}

func (p *pool) push(c *conn) bool {
	p.lock.Lock()
	defer p.lock.Unlock()
	list := p.idle[c.to]
	if p.closed || len(list) >= p.limit {
		return false
	}
	c.since = time.Now()
	p.idle[c.to] = append(list, c)
	if !p.due {
		p.lookIn(idleTime)
	}
	return true
}

// lookIn has expire called. The lock is held.
func (p *pool) lookIn(wait time.Duration) {
	p.due = true
	if p.sweep == nil {
		p.sweep = time.AfterFunc(wait, p.expire)
	} else {
		p.sweep.Reset(wait)
	}
}

// expire closes what nobody has needed for idleTime, and comes back when the next one may have been idle for so long.
func (p *pool) expire() {
	now := time.Now()
	var unneeded []*conn
	p.lock.Lock()
	var oldest time.Time // of those that stay
	for to, list := range p.idle {
		n := 0
		for n < len(list) && now.Sub(list[n].since) >= idleTime {
			n++
		}
		unneeded = append(unneeded, list[:n]...)
		p.idle[to] = slices.Delete(list, 0, n)
		if left := p.idle[to]; len(left) > 0 && (oldest.IsZero() || left[0].since.Before(oldest)) {
			oldest = left[0].since
		}
	}
	p.due = false
	if !oldest.IsZero() {
		p.lookIn(oldest.Add(idleTime).Sub(now))
	}
	p.lock.Unlock()
	for _, c := range unneeded {
		p.discard(c)
	}
}

// discard closes c, which is not idle, and forgets its target unless others are.
func (p *pool) discard(c *conn) {
	c.discard()
	p.lock.Lock()
	defer p.lock.Unlock()
	if len(p.idle[c.to]) == 0 {
		delete(p.idle, c.to)
	}
}

// close closes the idle connections, and from now on every one that would become idle.
func (p *pool) close() {
	p.lock.Lock()
	idle := p.idle
	p.idle, p.closed = map[target][]*conn{}, true
	if p.sweep != nil {
		p.sweep.Stop()
	}
	p.lock.Unlock()
	for _, list := range idle {
		for _, c := range list {
			c.discard()
		}
	}
}
