package connector_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"segment-webhooks/connector"
	"segment-webhooks/mapping"
)

// road leads to the brokers. The way to one of them can be closed: its connections break, and new ones are refused, or close as soon as they
// are open.
type road struct {
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	to      string // the broker to which it can be closed
	accepts bool   // while it is closed

	mu     sync.Mutex
	closed bool
	conns  []net.Conn
	tried  int // dials while it was closed
}

const tooOften = 10_000

func (r *road) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed && address == r.to {
		if r.tried++; r.tried >= tooOften { // virtual time would stand still for ever
			r.closed = false
		}
		if r.accepts {
			return deadConn{}, nil
		}
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	c, err := r.dial(ctx, network, address)
	if err != nil || address != r.to {
		return c, err
	}
	r.conns = append(r.conns, c)
	return resettable{c}, nil
}

func (r *road) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, c := range r.conns {
		_ = c.Close()
	}
	r.conns = nil
}

func (r *road) open() (tried int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = false
	return r.tried
}

// resettable is a connection that says what TCP would say once it is closed.
type resettable struct{ net.Conn }

func (c resettable) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	return n, reset("read", err)
}

func (c resettable) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	return n, reset("write", err)
}

func reset(op string, err error) error {
	if errors.Is(err, io.ErrClosedPipe) {
		return &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(op, syscall.ECONNRESET)}
	}
	return err
}

// deadConn is a connection that the other side has closed.
type deadConn struct{ net.Conn }

func (deadConn) Read([]byte) (int, error)         { return 0, io.EOF }
func (deadConn) Write([]byte) (int, error)        { return 0, reset("write", io.ErrClosedPipe) }
func (deadConn) Close() error                     { return nil }
func (deadConn) SetDeadline(time.Time) error      { return nil }
func (deadConn) SetReadDeadline(time.Time) error  { return nil }
func (deadConn) SetWriteDeadline(time.Time) error { return nil }
func (deadConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (deadConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }

// A member whose coordinator goes away in the worst moment, when it has been given partitions and asks where to go on, waits for it in peace:
// franz-go would ask again at once, and that all the time.
func TestACoordinatorThatIsDownIsNotBesieged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, protocol string
		accepts        bool
	}{
		{"classic, refusing", "classic", false},
		{"classic, accepting and closing", "classic", true},
		{"KIP-848, refusing", "consumer", false},
		{"KIP-848, accepting and closing", "consumer", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRigOn(t, 3, 2)
				defer r.close()
				way := &road{
					dial: r.net.DialContext, accepts: c.accepts,
					to: r.cluster.ListenAddrs()[r.cluster.CoordinatorFor(r.config().Kafka.Group)],
				}
				var once sync.Once
				r.cluster.ControlKey(int16(kmsg.OffsetFetch), func(kmsg.Request) (kmsg.Response, error, bool) {
					r.cluster.KeepControl()
					down := false
					once.Do(func() { down = true; way.close() })
					return nil, kerr.CoordinatorNotAvailable, down
				})
				cfg := r.config()
				cfg.Kafka.GroupProtocol = c.protocol
				set, _, err := mapping.LoadText("mappings.yaml", []byte(oneMapping), noEnvironment, mapping.Options{})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() {
					ended <- connector.Run(ctx, cfg, set, connector.Options{DialKafka: way.DialContext, DialEndpoint: r.net.DialContext})
				}()
				const outage = 2 * time.Minute
				time.Sleep(outage) //nolint:forbidigo // virtual time
				tried := way.open()
				if most := 2 * int(outage/time.Second); tried == 0 || tried > most {
					t.Errorf("the broker was dialled %d times in %v, want a few, at most %d", tried, outage, most)
				}
				t.Logf("dialled %d times in %v", tried, outage)
				r.produce(`{"type":"track","event":"e"}`)
				time.Sleep(time.Minute) //nolint:forbidigo // virtual time
				if got := len(r.deliveries(http.StatusOK)); got != 1 {
					t.Errorf("%d deliveries when the broker is back, want 1", got)
				}
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}
