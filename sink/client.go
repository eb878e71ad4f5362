package sink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"sync/atomic"
	"time"
)

// Options configures a [Client]. The zero value works.
type Options struct {
	// Timeout bounds one try, from its start until the response headers have arrived; what the
	// endpoint sends as body has what is left of it. 0 means 5 s.
	Timeout time.Duration
	// Burst is how many quick retries, 100 to 400 ms apart, may follow a first try that met a
	// fault which tends to pass at once. 0 means 2; a negative number means none.
	Burst int
	// InFlight is the most requests that will be sent to one host at a time: so many idle
	// connections are kept. Fewer would open a connection for most requests. 0 means 256.
	InFlight int
	// UserAgent is sent where the mapping has none; "" sends none.
	UserAgent string
	// HTTP2 lets servers choose HTTP/2 over TLS. It costs more CPU for webhooks than HTTP/1.1,
	// and means TransportNetHTTP.
	HTTP2 bool
	// Transport is what speaks HTTP where no proxy is in the way; "" means TransportAuto.
	Transport Transport

	// RootCAs verify servers' certificates; nil means the system's. To add a private authority,
	// append it to a copy of the system's pool.
	RootCAs *x509.CertPool
	// AllowNetworks are networks that ReachPublic may reach too. Link-local and cloud-metadata
	// addresses stay closed.
	AllowNetworks []netip.Prefix
	// Proxy chooses the proxy of a request; nil means the environment's (HTTP_PROXY,
	// HTTPS_PROXY, NO_PROXY). A function that returns nil, nil turns proxies off. Through a
	// proxy only an IP address written in the URL can be checked against Reach: names are
	// resolved there, so the rest is the proxy's to refuse.
	Proxy func(*http.Request) (*url.URL, error)
	// Dial replaces the network, for tests; nil means TCP.
	Dial Dial
	// Resolver replaces the system's look-up of names, for tests, where Dial is nil.
	Resolver *net.Resolver

	certificates []tls.Certificate // what a server that asks is shown, see TLSFiles
}

// Transport names what speaks HTTP. The choice changes what a request costs, and nothing else.
type Transport string

const (
	// TransportAuto is the cheapest that will do: the package's own for HTTP/1.1 without a proxy,
	// net/http for the rest.
	TransportAuto Transport = "auto"
	// TransportNetHTTP is net/http for everything.
	TransportNetHTTP Transport = "net/http"
)

const (
	defaultTimeout  = 5 * time.Second
	defaultBurst    = 2
	defaultInFlight = 256
)

// Client sends requests. It is safe for concurrent use.
type Client struct {
	timeout time.Duration
	burst   int
	proxy   func(*http.Request) (*url.URL, error) // nil for none
	options Options
	bodies  *bodyReader

	guards map[Reach]*guard
	wires  *wires

	requests, connections atomic.Uint64
}

// wires are the ways to all endpoints. There is one for each rule about addresses, because a
// connection that was dialled under one rule must never carry a request that stands under
// another; and a set of them for each [TLS], for the same reason.
type wires struct {
	direct  map[Reach]wire
	proxied *standard
	tokens  *standard // to where access tokens come from without a proxy, see OAuth
}

func (w *wires) close() {
	for _, direct := range w.direct {
		direct.close()
	}
	w.proxied.close()
	w.tokens.close()
}

// NewClient returns a client; the error names every option that makes no sense.
func NewClient(o Options) (*Client, error) {
	var faults []error
	if o.Timeout < 0 {
		faults = append(faults, fmt.Errorf("timeout is %v: use a positive duration, or 0 for %v", o.Timeout, defaultTimeout))
	}
	if o.InFlight < 0 {
		faults = append(faults, fmt.Errorf("requests in flight are %d: use a positive number, or 0 for %d", o.InFlight, defaultInFlight))
	}
	if fault := checkHeader(Header{"User-Agent", o.UserAgent}); fault != nil {
		faults = append(faults, fault)
	}
	switch o.Transport {
	case "", TransportAuto, TransportNetHTTP:
	default:
		faults = append(faults, fmt.Errorf("transport is %q: use %q or %q", o.Transport, TransportAuto, TransportNetHTTP))
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("http client: %w", errors.Join(faults...))
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Burst == 0 {
		o.Burst = defaultBurst
	}
	if o.InFlight == 0 {
		o.InFlight = defaultInFlight
	}
	if o.Proxy == nil && environmentHasProxy() {
		o.Proxy = http.ProxyFromEnvironment
	}
	c := &Client{timeout: o.Timeout, burst: max(0, o.Burst), proxy: o.Proxy, options: o, bodies: newBodyReader(), guards: map[Reach]*guard{}}
	for _, reach := range [...]Reach{ReachPublic, ReachPrivate} {
		c.guards[reach] = newGuard(reach, o.AllowNetworks)
	}
	c.wires = c.newWires(&o)
	return c, nil
}

func (c *Client) newWires(o *Options) *wires {
	all := &wires{direct: map[Reach]wire{}}
	for reach, g := range c.guards {
		dial := c.counting(g.dial(o))
		if o.HTTP2 || o.Transport == TransportNetHTTP {
			all.direct[reach] = newStandard(o, dial, c.bodies)
		} else {
			all.direct[reach] = newFast(o, dial, c.bodies)
		}
	}
	// What this one dials is the proxy: the operator's choice, wherever it stands.
	var unguarded *guard
	all.proxied = newStandard(o, c.counting(unguarded.dial(o)), c.bodies)
	all.proxied.transport.Proxy = o.Proxy
	all.proxied.transport.OnProxyConnectResponse = proxyAnswer
	all.tokens = newStandard(o, c.guards[ReachPrivate].dial(o), c.bodies)
	return all
}

// wiresOf are the ways for requests that speak TLS as t says; nil is the client's own way.
func (c *Client) wiresOf(t *TLS) *wires {
	if t == nil {
		return c.wires
	}
	return t.wires.get()
}

// tokenTransport is how tokens are asked for: under the rule for hosts that the operator wrote, or
// through a proxy like the rest.
func (c *Client) tokenTransport(t *TLS) http.RoundTripper {
	ways := c.wiresOf(t)
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if c.proxy != nil {
			if proxy, err := c.proxy(r); proxy != nil || err != nil {
				return ways.proxied.transport.RoundTrip(r)
			}
		}
		return ways.tokens.transport.RoundTrip(r)
	})
}

// environmentHasProxy reports whether [http.ProxyFromEnvironment] can name one; otherwise it need not
// be asked about each request.
func environmentHasProxy() bool {
	for _, name := range [...]string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}

// newTLS is how a wire speaks TLS. Each has its own, since net/http may change what it is given.
func newTLS(o *Options) *tls.Config {
	return &tls.Config{RootCAs: o.RootCAs, Certificates: o.certificates, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(0)}
}

// counting is dial, with each connection counted.
func (c *Client) counting(dial Dial) Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil {
			c.connections.Add(1)
		}
		return conn, err
	}
}

// proxyAnswer turns a proxy's refusal to connect into a fault that can be told from the
// endpoint's own.
func proxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &Error{KindProxy, fmt.Sprintf("the proxy answered CONNECT with status %d", answer.StatusCode), nil}
}

// Stats are totals since the client was made. Requests that share few connections are cheap; where
// Connections grows nearly as fast, the endpoint closes them, or Options.InFlight is too low.
type Stats struct {
	Requests    uint64 // sent, repetitions included, as in Answer.Requests
	Connections uint64 // opened, those to proxies included
}

// Stats tells how many requests have been sent over how many connections.
func (c *Client) Stats() Stats {
	return Stats{Requests: c.requests.Load(), Connections: c.connections.Load()}
}

// Close closes the idle connections but for those of a [TLS]. Requests in flight go on.
func (c *Client) Close() {
	c.wires.close()
}
