package sink

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// names is a DNS server: what it answers for a name, one list after the other, the last for ever.
type names struct {
	lock    sync.Mutex
	answers map[string][][]string
}

// serveNames returns a resolver that asks it.
func serveNames(t *testing.T, answers map[string][][]string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &names{answers: answers}
	var serving sync.WaitGroup
	serving.Go(func() {
		buffer := make([]byte, 1500)
		for {
			size, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			if answer, err := n.answer(buffer[:size]); err == nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	})
	t.Cleanup(func() {
		conn.Close()
		serving.Wait()
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func (n *names) answer(question []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil || len(m.Questions) != 1 {
		return nil, fmt.Errorf("not one question: %w", err)
	}
	q := m.Questions[0]
	m.Response, m.Additionals = true, nil
	name := strings.TrimSuffix(q.Name.String(), ".")
	n.lock.Lock()
	defer n.lock.Unlock()
	lists := n.answers[name]
	if lists == nil {
		m.RCode = dnsmessage.RCodeNameError
		return m.Pack()
	}
	for _, text := range lists[0] {
		addr := netip.MustParseAddr(text)
		header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
		switch {
		case q.Type == dnsmessage.TypeA && addr.Is4():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: addr.As4()}})
		case q.Type == dnsmessage.TypeAAAA && addr.Is6():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
		}
	}
	if q.Type == dnsmessage.TypeA && len(lists) > 1 {
		n.answers[name] = lists[1:]
	}
	return m.Pack()
}

// inside is a server on this machine that nobody from outside may reach.
func inside(t *testing.T, address string) (port string, connections *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Skipf("this machine cannot listen there: %v", err)
	}
	connections = new(atomic.Int64)
	s := &httptest.Server{Listener: l, Config: &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") }),
		ConnState: func(_ net.Conn, state http.ConnState) {
			connections.Add(map[http.ConnState]int64{http.StateNew: 1}[state])
		},
	}}
	s.Start()
	t.Cleanup(s.Close)
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port, connections
}

// Whatever a stranger makes of a URL, no connection is made to where he must not get, under its address, in disguise or by
// name; and the fault says why.
func TestNobodyReachesInside(t *testing.T) {
	port, reached := inside(t, "127.0.0.1:0")
	private := []string{
		"127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "100.100.100.200", "0.0.0.0",
		"::1", "::", "fe80::1", "fd00:ec2::254", "fc00::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::7f00:1", "64:ff9b:1::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::",
	}
	answers := map[string][][]string{
		"both.example.com": {{"10.0.0.1", "127.0.0.1", "::1"}},
		// What getaddrinfo makes of numbers in other spellings, whether or not this system's resolver does.
		"2130706433": {{"127.0.0.1"}}, "0x7f000001": {{"127.0.0.1"}}, "017700000001": {{"127.0.0.1"}}, "127.1": {{"127.0.0.1"}},
		"0x7f.0.0.1": {{"127.0.0.1"}}, "0177.0.0.01": {{"127.0.0.1"}},
	}
	hosts := []string{"both.example.com", "2130706433", "0x7f000001", "017700000001", "127.1", "0x7f.0.0.1", "0177.0.0.01", "localhost"}
	for i, text := range private {
		name := fmt.Sprintf("n%d.example.com", i)
		answers[name] = [][]string{{text}}
		if addr := netip.MustParseAddr(text); addr.Is6() {
			text = "[" + text + "]"
		}
		hosts = append(hosts, text, name)
	}
	resolver := serveNames(t, answers)
	overTransports(t, func(t *testing.T, o Options) {
		o.Resolver = resolver
		c := newClient(t, o)
		for _, host := range hosts {
			t.Run(host, func(t *testing.T) {
				r := single(t, Payload{URL: "http://" + host + ":" + port + "/in?k=hunter2", Data: []byte("{}")}, nil)
				r.Reach = ReachPublic
				a := c.Send(t.Context(), r)
				if KindOf(a.Err) == KindDNS && strings.Trim(host, "0123456789.") == "" {
					return // Go's own resolver takes no such number for a name
				}
				if a.Class != Rejected || KindOf(a.Err) != KindBlocked {
					t.Errorf("got %v %v", a.Class, a.Err)
				}
				if text := fmt.Sprint(a.Err); !strings.Contains(text, "may not be dialled") || strings.Contains(text, "hunter2") {
					t.Errorf("the fault says %q", text)
				}
			})
		}
		if got := c.Stats().Connections; got != 0 {
			t.Errorf("%d connections were made", got)
		}
	})
	if got := reached.Load(); got != 0 {
		t.Errorf("the server inside was reached %d times", got)
	}
}

// A name that leads to a good address first and inside afterwards is judged each time, by the address that is dialled.
func TestRebinding(t *testing.T) {
	goodPort, good := inside(t, "127.0.0.2:0") // stands for the internet: the network is allowed below
	_, bad := inside(t, "127.0.0.1:"+goodPort)
	overTransports(t, func(t *testing.T, o Options) {
		o.AllowNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}
		o.Resolver = serveNames(t, map[string][][]string{
			"rebinds.example.com": {{"127.0.0.2"}, {"127.0.0.1"}},
			"mixed.example.com":   {{"127.0.0.1", "127.0.0.2"}},
		})
		c := newClient(t, o)
		before := good.Load()
		for i, want := range []Class{Delivered, Rejected, Rejected} {
			r := single(t, Payload{URL: "http://rebinds.example.com:" + goodPort + "/", Data: []byte("{}")}, nil)
			r.Reach = ReachPublic
			if a := c.Send(t.Context(), r); a.Class != want {
				t.Errorf("request %d: got %v %v, want %v", i+1, a.Class, a.Err, want)
			}
		}
		if got := good.Load() - before; got != 1 {
			t.Errorf("the good address was reached %d times, want once", got)
		}
		r := single(t, Payload{URL: "http://mixed.example.com:" + goodPort + "/", Data: []byte("{}")}, nil)
		r.Reach = ReachPublic
		c.Send(t.Context(), r) // may find the good one
	})
	if got := bad.Load(); got != 0 {
		t.Errorf("the address inside was reached %d times", got)
	}
}

// Redirects are answers: nobody goes where they point, and what they say decides nothing.
func TestRedirectsLeadNowhere(t *testing.T) {
	port, reached := inside(t, "127.0.0.1:0")
	overTransports(t, func(t *testing.T, o Options) {
		for _, status := range []int{300, 301, 302, 303, 305, 307, 308} {
			t.Run(fmt.Sprint(status), func(t *testing.T) {
				url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Location", "http://127.0.0.1:"+port+"/steal")
					w.WriteHeader(status)
				})
				c := newClient(t, o)
				r := single(t, Payload{URL: url, Data: []byte("{}")}, nil)
				if a := c.Send(t.Context(), r); a.Class != Rejected || a.Status != status || a.Requests != 1 {
					t.Errorf("got %v %d after %d requests", a.Class, a.Status, a.Requests)
				}
			})
		}
	})
	if got := reached.Load(); got != 0 {
		t.Errorf("%d redirects were followed", got)
	}
}
