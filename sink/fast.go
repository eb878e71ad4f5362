package sink

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"time"
)

// fast is the wire for plain HTTP/1.1 without a proxy, at about a quarter of net/http's cost: one
// goroutine, the caller's, writes the request and reads the answer, and next to nothing is
// allocated. Answers that are not plain are read by net/http.
//
// Why not fasthttp: its client keeps less than a [wire] promises (its
// dials know no context, it uses a connection again without a look at what came over it meanwhile,
// it writes all of a request before it reads an early answer to it, and what it repeats depends
// on the method), and of its reader of answers, which understands some in another way than net/http does, a
// second reading of each head would have to make sure.
type fast struct {
	dial      Dial
	security  *tls.Config
	idle      *pool
	bodies    *bodyReader
	userAgent string
}

func newFast(o *Options, dial Dial, bodies *bodyReader) *fast {
	return &fast{dial: dial, security: newTLS(o), idle: newPool(o.InFlight), bodies: bodies, userAgent: latin1(o.UserAgent)}
}

func (f *fast) close() { f.idle.close() }

func (f *fast) roundTrip(ctx context.Context, until time.Time, r *Request) (reply, error) {
	repeats := 0
	if c := f.idle.take(ctx, targetOf(r), until); c != nil {
		a, err := f.over(c, r)
		if err == nil || c.heard || !ended(err) || ctx.Err() != nil {
			return a, err
		}
		repeats = 1
	}
	c, err := f.open(ctx, until, r)
	if err != nil {
		return reply{repeats: repeats}, err
	}
	a, err := f.over(c, r)
	a.repeats = repeats
	return a, err
}

// over sends r over c, which is idle or closed afterwards.
func (f *fast) over(c *conn, r *Request) (reply, error) {
	a, usable, err := c.exchange(r, f.userAgent, f.bodies)
	if usable {
		f.idle.put(c)
	} else {
		f.idle.discard(c)
	}
	return a, err
}

// open connects to where r goes.
func (f *fast) open(ctx context.Context, until time.Time, r *Request) (*conn, error) {
	within, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	to, port := targetOf(r), "80"
	if to.secure {
		port = "443"
	}
	link, err := f.dial(within, "tcp", net.JoinHostPort(r.url.Hostname(), cmp.Or(r.url.Port(), port)))
	if err != nil {
		return nil, err
	}
	c := newConn(to, link)
	if to.secure {
		config := f.security.Clone()
		config.ServerName = r.url.Hostname()
		err = c.secure(within, config)
	}
	if err == nil && !c.begin(ctx, until) {
		err = net.ErrClosed
	}
	if err != nil {
		c.release()
		_ = link.Close() // of no use
		return nil, err
	}
	return c, nil
}

// target is what a connection leads to.
type target struct {
	secure bool
	host   string // with its port unless that is the scheme's own
}

func targetOf(r *Request) target { return target{r.url.Scheme == "https", r.url.Host} }

// ended reports an error that says no more than that the connection is closed.
func ended(err error) bool { return diagnose(err, 0).Kind == KindReset }
