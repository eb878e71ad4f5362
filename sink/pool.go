package sink

import (
	"slices"
	"sync"
	"time"
)

// pool keeps idle connections for the next request to the same target, and closes those that
// nobody needs for idleTime. It has no goroutine of its own.
type pool struct {
	limit int // connections kept for a target

	lock   sync.Mutex         // covers what follows
	idle   map[target][]*conn // each list begins with the longest idle
	closed bool
}

func newPool(limit int) *pool { return &pool{limit: limit, idle: map[target][]*conn{}} }

// take returns the connection that became idle last and can still be used, with its deadline
// set, or nil for none.
func (p *pool) take(to target, until time.Time) *conn {
	for {
		c := p.pop(to)
		if c == nil {
			return nil
		}
		c.expiry.Stop() // too late is no harm: expire does not find it
		if c.ready(until) {
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
	if c.expiry == nil {
		c.expiry = time.AfterFunc(idleTime, func() { p.expire(c) })
	} else {
		c.expiry.Reset(idleTime)
	}
	p.idle[c.to] = append(list, c)
	return true
}

func (p *pool) expire(c *conn) {
	p.lock.Lock()
	list := p.idle[c.to]
	i := slices.Index(list, c)
	if i >= 0 {
		p.idle[c.to] = slices.Delete(list, i, i+1)
	}
	p.lock.Unlock()
	if i >= 0 {
		p.discard(c) // nobody needed it
	}
}

// discard closes c, which is not idle, and forgets its target unless others are.
func (p *pool) discard(c *conn) {
	_ = c.Close() // nothing more is expected of it
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
	p.lock.Unlock()
	for _, list := range idle {
		for _, c := range list {
			c.expiry.Stop()
			_ = c.Close() // done with
		}
	}
}
