package kafka

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dialTimeout bounds the making of a connection, with TLS's handshake.
const dialTimeout = 10 * time.Second

// dial returns what opens connections to the brokers.
func (o *Options) dial() (dialFunc, error) {
	plain := &net.Dialer{Timeout: dialTimeout}
	switch {
	case o.Dial != nil:
		return o.Dial, nil
	case o.TLS:
		config, err := o.tls()
		if err != nil {
			return nil, err
		}
		return (&tls.Dialer{NetDialer: plain, Config: config}).DialContext, nil
	default:
		return plain.DialContext, nil
	}
}

// patientDialer lets a dial that fails take a moment, and a longer one the more have failed at that address. A broker that is down refuses at
// once, and franz-go asks some things again without a pause then: in the consumer protocol (KIP-848) a member whose coordinator goes away before
// it has said where the member's partitions are to be read from would do nothing else, thousands of times a second, until the broker is back.
type patientDialer struct {
	dial dialFunc

	mu       sync.Mutex
	failures map[string]int // in a row, by address
}

const (
	firstPause   = 100 * time.Millisecond
	longestPause = 1600 * time.Millisecond // what it may take to notice that the broker is back
)

// DialContext dials. An error is returned after the pause, or when ctx ends.
func (d *patientDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.dial(ctx, network, address)
	if pause := d.pause(address, err); pause > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return conn, err
}

func (d *patientDialer) pause(address string, err error) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		delete(d.failures, address)
		return 0
	}
	pause := min(firstPause<<min(d.failures[address], 10), longestPause)
	d.failures[address]++
	return pause
}
