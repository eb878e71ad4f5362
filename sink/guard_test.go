package sink

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestReach(t *testing.T) {
	const (
		open   = iota // both rules allow it
		inside        // only ReachPrivate
		never
	)
	tests := []struct {
		addr string
		want int
	}{
		{"93.184.215.14", open},
		{"8.8.8.8", open},
		{"172.32.0.1", open},
		{"100.63.255.255", open},
		{"2606:2800:21f:cb07:6820:80da:af6b:8b2c", open},
		{"64:ff9b::8.8.8.8", open}, // NAT64 to the public internet, the way out of an IPv6-only network
		{"2002:808:808::1", open},  // 6to4 of 8.8.8.8
		{"::ffff:8.8.8.8", open},

		{"127.0.0.1", inside},
		{"127.255.255.254", inside},
		{"0.0.0.0", inside},
		{"0.1.2.3", inside},
		{"10.0.0.1", inside},
		{"172.16.0.1", inside},
		{"172.31.255.255", inside},
		{"192.168.1.1", inside},
		{"100.64.0.1", inside},
		{"192.0.0.8", inside},
		{"192.0.2.7", inside},
		{"192.88.99.1", inside},
		{"198.18.0.1", inside},
		{"198.51.100.7", inside},
		{"203.0.113.7", inside},
		{"239.1.2.3", inside},
		{"240.0.0.1", inside},
		{"255.255.255.255", inside},
		{"::", inside},
		{"::1", inside},
		{"::127.0.0.1", inside},
		{"::ffff:127.0.0.1", inside},
		{"::ffff:10.0.0.1", inside},
		{"64:ff9b::10.0.0.1", inside},
		{"64:ff9b::127.0.0.1", inside},
		{"64:ff9b:1::8.8.8.8", inside}, // NAT64 of a private network
		{"64:ff9b:1:a00:0:100::", inside},
		{"2002:7f00:1::", inside},
		{"2002:a00:1::", inside},
		{"2001::1", inside},
		{"2001:20::1", inside},
		{"2001:db8::1", inside},
		{"3fff::1", inside},
		{"100::1", inside},
		{"5f00::1", inside},
		{"fc00::1", inside},
		{"fd12:3456::1", inside},
		{"fec0::1", inside},
		{"ff05::1", inside},

		{"169.254.169.254", never},
		{"169.254.170.2", never},
		{"169.254.0.1", never},
		{"::ffff:169.254.169.254", never},
		{"::169.254.169.254", never},
		{"64:ff9b::169.254.169.254", never},
		{"2002:a9fe:a9fe::", never},
		{"64:ff9b:1::169.254.169.254", never},
		{"64:ff9b:1:a9fe:a9:fe00::", never},   // a prefix of 48 bits
		{"64:ff9b:1:a9:fe:a9fe::", never},     // of 56
		{"64:ff9b:1:0:a9:fea9:fe00:0", never}, // of 64
		{"fe80::1", never},
		{"fe80::1%eth0", never},
		{"ff02::1", never},
		{"fd00:ec2::254", never},
		{"fd20:ce::254", never},
		{"100.100.100.200", never},
		{"192.0.0.192", never},
		{"168.63.129.16", never},
		{"::ffff:168.63.129.16", never},
	}
	everything := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	for _, test := range tests {
		t.Run(test.addr, func(t *testing.T) {
			addr := netip.MustParseAddr(test.addr)
			for _, rule := range []struct {
				name string
				g    *guard
				most int
			}{
				{"public", newGuard(ReachPublic, nil), open},
				{"private", newGuard(ReachPrivate, nil), inside},
				{"public with everything allowed", newGuard(ReachPublic, everything), inside},
			} {
				err := rule.g.check(addr)
				if (err == nil) != (test.want <= rule.most) {
					t.Errorf("%s: got %v", rule.name, err)
				}
				if err != nil && err.Kind != KindBlocked {
					t.Errorf("%s: kind %q, want %q", rule.name, err.Kind, KindBlocked)
				}
			}
		})
	}
}

// An allowed network opens itself and nothing beside it.
func TestAllowNetworks(t *testing.T) {
	g := newGuard(ReachPublic, []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")})
	for addr, want := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "127.0.0.1": false} {
		if err := g.check(netip.MustParseAddr(addr)); (err == nil) != want {
			t.Errorf("%s: got %v, want allowed: %v", addr, err, want)
		}
	}
}

// The check is on the address that a name leads to, and a connection made under the wide rule is
// never used under the narrow one.
func TestGuardOnTheWire(t *testing.T) {
	reached := 0
	target := serve(t, func(http.ResponseWriter, *http.Request) { reached++ })
	named := strings.Replace(target, "127.0.0.1", "localhost", 1)
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	tcp := (&net.Dialer{}).DialContext
	tests := []struct {
		name   string
		o      Options
		target string
		reach  Reach
		class  Class
	}{
		{"operator's address", Options{}, target, ReachPrivate, Delivered},
		{"operator's name", Options{}, named, ReachPrivate, Delivered},
		{"event's address", Options{}, target, ReachPublic, Rejected},
		{"event's name", Options{}, named, ReachPublic, Rejected},
		{"event's address, allowed", Options{AllowNetworks: loopback}, target, ReachPublic, Delivered},
		{"event's name, allowed", Options{AllowNetworks: loopback}, named, ReachPublic, Delivered},
		{"event's address, own dial", Options{Dial: tcp}, target, ReachPublic, Rejected},
		{"operator's address, own dial", Options{Dial: tcp}, target, ReachPrivate, Delivered},
		{"metadata", Options{}, "http://169.254.169.254", ReachPrivate, Rejected},
		{"metadata in disguise", Options{}, "http://[::ffff:169.254.169.254]", ReachPrivate, Rejected},
		{"metadata, allowed", Options{AllowNetworks: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}}, "http://169.254.169.254", ReachPublic, Rejected},
	}
	overTransports(t, func(t *testing.T, o Options) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				options := test.o
				options.Transport = o.Transport
				c := newClient(t, options)
				warm := single(t, Payload{URL: target}, nil)
				if a := c.Send(t.Context(), warm); a.Class != Delivered { // leaves an idle connection of the wide rule
					t.Fatalf("warming up: %v %v", a.Class, a.Err)
				}
				before := reached
				r := single(t, Payload{URL: test.target, Data: []byte("{}")}, nil)
				r.Reach = test.reach
				a := c.Send(t.Context(), r)
				if a.Class != test.class || (a.Class == Rejected) != (KindOf(a.Err) == KindBlocked) {
					t.Errorf("got %v %v, want %v", a.Class, a.Err, test.class)
				}
				if got := reached > before; got != (test.class == Delivered) {
					t.Errorf("the server was reached: %v", got)
				}
			})
		}
	})
}

// Through a proxy the narrow rule can only be kept for addresses written in the URL; the proxy
// itself may stand anywhere.
func TestGuardBehindAProxy(t *testing.T) {
	var asked []string
	proxy := serve(t, func(_ http.ResponseWriter, r *http.Request) { asked = append(asked, r.RequestURI) })
	u, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, Options{Proxy: http.ProxyURL(u)})
	tests := []struct {
		name, target, asked string
		reach               Reach
	}{
		{"name", "http://hooks.example.com/in?x=1", "http://hooks.example.com/in?x=1", ReachPublic},
		{"private address of an event", "http://10.0.0.1/in", "", ReachPublic},
		{"private address of the operator", "http://10.0.0.1/in", "http://10.0.0.1/in", ReachPrivate},
		{"metadata", "http://169.254.169.254/in", "", ReachPrivate},
		{"metadata in disguise", "http://[::ffff:169.254.169.254]/in", "", ReachPublic},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			asked = nil
			r := single(t, Payload{URL: test.target}, nil)
			r.Reach = test.reach
			a := c.Send(t.Context(), r)
			if got := strings.Join(asked, " "); got != test.asked || (a.Class == Delivered) != (test.asked != "") {
				t.Errorf("the proxy was asked for %q, want %q; %v %v", got, test.asked, a.Class, a.Err)
			}
		})
	}
	t.Run("a mapped Host does not choose the target", func(t *testing.T) {
		asked = nil
		r := single(t, Payload{URL: "http://hooks.example.com/in?x=1", Headers: []Header{{"Host", "evil.example.com"}}}, nil)
		c.Send(t.Context(), r)
		if got, want := strings.Join(asked, " "), "http://hooks.example.com/in?x=1"; got != want {
			t.Errorf("the proxy was asked for %q, want %q", got, want)
		}
	})
}

// A connection without an IP address, as networks in memory have, passes every rule.
func TestGuardLetsMemoryPass(t *testing.T) {
	overTransports(t, func(t *testing.T, o Options) {
		p := newPipes()
		stop := servePipes(p, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		defer stop()
		o.Dial = p.Dial
		c := newClient(t, o)
		r := single(t, Payload{URL: "http://hooks.example.com/"}, nil)
		r.Reach = ReachPublic
		if a := c.Send(t.Context(), r); a.Class != Delivered {
			t.Errorf("got %v %v", a.Class, a.Err)
		}
	})
}

func TestGuardReadsEveryAddress(t *testing.T) {
	g := newGuard(ReachPublic, nil)
	_, err := g.dial(&Options{Timeout: time.Second})(t.Context(), "tcp", "[fe80::1%25lo]:80")
	if err == nil {
		t.Error("an address with an odd zone was dialled")
	}
}
