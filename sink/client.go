package sink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
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
	// HTTP2 lets servers choose HTTP/2 over TLS. It costs more CPU for webhooks than HTTP/1.1.
	HTTP2 bool

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
}

const (
	defaultTimeout  = 5 * time.Second
	defaultBurst    = 2
	defaultInFlight = 256
	maxHeaderBytes  = 256 << 10 // of a response
	readSize        = 4 << 10
)

// Client sends requests. It is safe for concurrent use.
type Client struct {
	timeout   time.Duration
	burst     int
	userAgent string
	proxy     func(*http.Request) (*url.URL, error)
	buffers   sync.Pool // of *[readSize]byte, for reading response bodies

	// One transport for each rule about addresses: a connection that was dialled under one rule
	// must never carry a request that stands under another.
	guards  map[Reach]*guard
	direct  map[Reach]*http.Transport
	proxied *http.Transport
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
	if o.Proxy == nil {
		o.Proxy = http.ProxyFromEnvironment
	}
	c := &Client{timeout: o.Timeout, burst: max(0, o.Burst), userAgent: latin1(o.UserAgent), proxy: o.Proxy}
	c.guards, c.direct = map[Reach]*guard{}, map[Reach]*http.Transport{}
	c.buffers.New = func() any { return new([readSize]byte) }
	for _, reach := range [...]Reach{ReachPublic, ReachPrivate} {
		c.guards[reach] = newGuard(reach, o.AllowNetworks)
		c.direct[reach] = newTransport(o, c.guards[reach].dial(o.Dial, o.Timeout))
	}
	// What this one dials is the proxy: the operator's choice, wherever it stands.
	var unguarded *guard
	c.proxied = newTransport(o, unguarded.dial(o.Dial, o.Timeout))
	c.proxied.Proxy = o.Proxy
	c.proxied.OnProxyConnectResponse = proxyAnswer
	return c, nil
}

// newTransport sets net/http for many requests to few hosts.
func newTransport(o Options, dial Dial) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(o.HTTP2)
	return &http.Transport{
		DialContext: dial,
		TLSClientConfig: &tls.Config{
			RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(0),
		},
		// A dial goes on when the request that asked for it has given up; this ends it too.
		TLSHandshakeTimeout:    o.Timeout,
		Protocols:              protocols,
		MaxIdleConnsPerHost:    o.InFlight,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxHeaderBytes,
		// The answer's body is at most logged: nothing is gained by asking for gzip, and a
		// small answer cannot unfold into a large one.
		DisableCompression: true,
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

// Close closes the idle connections. Requests in flight go on.
func (c *Client) Close() {
	for _, t := range c.direct {
		t.CloseIdleConnections()
	}
	c.proxied.CloseIdleConnections()
}
