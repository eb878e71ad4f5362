package sink

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// counted is a context that counts how often somebody begins to wait for its end.
type counted struct {
	context.Context
	begun *int
}

// Value hides which context is inside, or that one would be asked.
func (counted) Value(any) any { return nil }

func (c counted) AfterFunc(f func()) func() bool {
	*c.begun++
	return context.AfterFunc(c.Context, f)
}

// A connection may serve under one context again and again, or under another each time; the end of one never disturbs another.
func TestConnectionsOutliveContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		slow := make(chan bool, 1)
		go func() {
			for conn, err := p.Accept(); err == nil; conn, err = p.Accept() {
				go func() {
					for readRequest(conn) == nil {
						select {
						case <-slow:
							<-time.After(time.Second)
						default:
						}
						if _, err := io.WriteString(conn, okAnswer); err != nil {
							return
						}
					}
				}()
			}
		}()
		c := newClient(t, Options{Dial: p.Dial})
		r := single(t, Payload{URL: "http://hooks.example.com/", Data: []byte("{}")}, nil)
		send := func(ctx context.Context, class Class, connections uint64) {
			t.Helper()
			if a := c.Send(ctx, r); a.Class != class {
				t.Errorf("got %v (%v), want %v", a.Class, a.Err, class)
			}
			if got := c.Stats().Connections; got != connections {
				t.Errorf("%d connections, want %d", got, connections)
			}
		}
		begun := 0
		long, cancel := context.WithCancel(t.Context())
		lasting := counted{long, &begun}
		for range 10 {
			send(lasting, Delivered, 1)
		}
		if begun != 3 { // for the dial, for the first request, and for good from the second one on
			t.Errorf("its end was waited for %d times anew in 10 requests, want 3", begun)
		}
		for range 3 {
			short, end := context.WithCancel(t.Context())
			send(short, Delivered, 1)
			end()
			synctest.Wait()
		}
		for range 3 {
			send(lasting, Delivered, 1)
		}
		cancel() // while the connection is idle, and watches
		synctest.Wait()
		if a := c.Send(lasting, r); KindOf(a.Err) != KindCanceled {
			t.Errorf("got %v, want it not to be sent", a.Err)
		}
		send(t.Context(), Delivered, 2) // the end of the one before may still interrupt the first connection
		send(t.Context(), Delivered, 2)

		within, end := context.WithCancel(t.Context())
		send(within, Delivered, 2)
		send(within, Delivered, 2)
		slow <- true
		defer time.AfterFunc(time.Millisecond, end).Stop()
		if a := c.Send(within, r); KindOf(a.Err) != KindCanceled || a.End.Sub(a.Start) != time.Millisecond {
			t.Errorf("got %v after %v, want it cut off after 1ms", a.Err, a.End.Sub(a.Start))
		}
		send(t.Context(), Delivered, 3)
		c.Close()
		p.Close()
		<-time.After(time.Second) // the server's last answer
	})
}

// What is closed is not waited for any longer: a context that lasts would keep it for ever.
func TestClosedConnectionsAreForgotten(t *testing.T) {
	begun, ended := 0, 0
	ctx := ending{counted{t.Context(), &begun}, &ended}
	p := newPool(1)
	for range 3 {
		near, far := net.Pipe()
		defer far.Close()
		c := newConn(target{host: "a"}, near)
		for range 2 {
			if !c.begin(ctx, time.Now().Add(patient)) || !c.undisturbed() {
				t.Fatal("a new connection is of no use")
			}
		}
		p.put(c) // the first; there is no room for the others
	}
	p.close()
	if begun == 0 || begun != ended {
		t.Errorf("%d waits for the context's end begun, %d ended", begun, ended)
	}
}

// ending counts as well how often somebody no longer waits.
type ending struct {
	counted
	ended *int
}

func (c ending) AfterFunc(f func()) func() bool {
	stop := c.counted.AfterFunc(f)
	return func() bool {
		*c.ended++
		return stop()
	}
}
