//go:build unix

package kafkatest

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// door is a proxy in front of a listener of one node.
type door struct {
	port     int // where the node listens
	listener net.Listener
	all      sync.WaitGroup

	mu     sync.Mutex // guards what follows
	state  Doorway
	change chan struct{} // closed when the state changes
	open   map[net.Conn]bool
}

// Doorway is what a door lets through.
type Doorway int

const (
	// Open lets everything through.
	Open Doorway = iota
	// Shut resets what is connected, and whoever connects.
	Shut
	// Silent accepts connections and keeps those that there are, and moves no byte in either direction. What was held back arrives when the
	// door opens, as after a cable was pulled.
	Silent
)

// hang puts a door in front of a port of loopback.
func hang(ctx context.Context, port int) (*door, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &door{port: port, listener: l, change: make(chan struct{}), open: map[net.Conn]bool{}}
	d.all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			d.all.Go(func() { d.pass(ctx, client) })
		}
	})
	return d, nil
}

// doorways is how the broker's script is told of doors.
func doorways(doors []*door) string {
	var list []string
	for _, d := range doors {
		list = append(list, fmt.Sprintf("%d=%d", d.port, d.listener.Addr().(*net.TCPAddr).Port))
	}
	if len(list) == 0 {
		return ""
	}
	return ":" + strings.Join(list, "+")
}

// keep notes a connection, to be closed with the door. It says no if the door is shut.
func (d *door) keep(c net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state == Shut {
		reset(c)
		return false
	}
	d.open[c] = true
	return true
}

func (d *door) forget(c net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, c)
	_ = c.Close()
}

// reset closes a connection the hard way.
func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = c.Close()
}

func (d *door) pass(ctx context.Context, client net.Conn) {
	if !d.keep(client) {
		return
	}
	defer d.forget(client)
	node, err := (&net.Dialer{}).DialContext(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(d.port)))
	if err != nil {
		reset(client)
		return
	}
	if !d.keep(node) {
		return
	}
	defer d.forget(node)
	var both sync.WaitGroup
	both.Go(func() { d.move(node, client) })
	both.Go(func() { d.move(client, node) })
	both.Wait()
}

// move copies from one side to the other while the door is open, and ends both when one ends.
func (d *door) move(to, from net.Conn) {
	defer reset(to)
	defer reset(from)
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		for {
			d.mu.Lock()
			state, change := d.state, d.change
			d.mu.Unlock()
			if state != Silent {
				break
			}
			<-change
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (d *door) set(state Doorway) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state = state
	close(d.change)
	d.change = make(chan struct{})
	if state == Shut {
		for c := range d.open {
			reset(c)
		}
	}
}

func (d *door) remove() {
	_ = d.listener.Close()
	d.set(Shut)
	d.all.Wait()
}

// Door returns the addresses of all nodes through door i, counted from 0.
func (c *Cluster) Door(i int) []string {
	var list []string
	for _, nd := range c.nodes.all {
		list = append(list, nd.doors[i].listener.Addr().String())
	}
	return list
}

// SetDoor says what door i lets through from now on, to the nodes given or to all. Every door is open at first.
func (c *Cluster) SetDoor(t testing.TB, i int, state Doorway, ids ...int) {
	t.Helper()
	for _, nd := range c.nodes.all {
		for _, id := range ids {
			if nd.id == id {
				nd.doors[i].set(state)
			}
		}
		if len(ids) == 0 {
			nd.doors[i].set(state)
		}
	}
}
