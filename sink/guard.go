package sink

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// Reach says which addresses a request may be sent to. It is judged on the address dialled, so
// no name, change in DNS or odd spelling gets around it.
type Reach bool

const (
	// ReachPublic is for hosts that come from event data: addresses of the public internet and
	// Options.AllowNetworks, nothing else.
	ReachPublic Reach = false
	// ReachPrivate is for hosts that the operator wrote: every address except those that serve
	// machines their credentials (link-local and cloud metadata).
	ReachPrivate Reach = true
)

// Dial connects to an address, as [net.Dialer.DialContext] does.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// guard decides which addresses a transport may dial.
type guard struct {
	reach   Reach
	allowed []netip.Prefix
	special []netip.Prefix
}

func newGuard(reach Reach, allowed []netip.Prefix) *guard {
	return &guard{reach, allowed, specialPurpose()}
}

// dial wraps Options.Dial, or a plain dialer where that is nil, with the check. The plain dialer
// checks after the name is resolved and before a packet leaves. What Options.Dial returns is checked
// before anything is sent on it; a connection that has no IP address, as in-memory ones, passes.
func (g *guard) dial(o *Options) Dial {
	connect := o.Dial
	if connect == nil {
		d := &net.Dialer{
			Timeout: o.Timeout, KeepAlive: 30 * time.Second, Resolver: o.Resolver,
			Control: func(_, address string, _ syscall.RawConn) error {
				to, err := netip.ParseAddrPort(address)
				if err != nil {
					return &Error{KindBlocked, "the address dialled cannot be read and so not be checked", nil}
				}
				if err := g.check(to.Addr()); err != nil {
					return err
				}
				return nil
			},
		}
		return d.DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := connect(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if to, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
			if err := g.check(to.Addr()); err != nil {
				_ = conn.Close() // refused; nothing was sent
				return nil, err
			}
		}
		return conn, nil
	}
}

// check returns a fault of KindBlocked for an address out of reach. A nil guard lets all pass.
func (g *guard) check(addr netip.Addr) *Error {
	if g == nil {
		return nil
	}
	plain := unwrap(addr)
	if isMetadata(plain) || slices.ContainsFunc(translated(plain), isMetadata) {
		return blocked(addr, "link-local and cloud-metadata addresses are never allowed")
	}
	if g.reach == ReachPrivate || contains(g.allowed, plain) {
		return nil
	}
	if !plain.IsGlobalUnicast() || contains(g.special, plain) {
		return blocked(addr, "a host taken from event data may only be on the public internet")
	}
	return nil
}

func blocked(addr netip.Addr, rule string) *Error {
	return &Error{KindBlocked, fmt.Sprintf("address %s may not be dialled: %s", addr, rule), nil}
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// unwrap is the IPv4 address that an IPv6 address stands for: IPv4-mapped and IPv4-compatible
// ones, NAT64's well-known prefix (RFC 6052) and 6to4 (RFC 3056). Others stay as they are,
// without their zone.
func unwrap(addr netip.Addr) netip.Addr {
	addr = addr.WithZone("").Unmap()
	if addr.Is4() {
		return addr
	}
	b := addr.As16()
	switch {
	case netip.PrefixFrom(netip.IPv6Unspecified(), 96).Contains(addr) && addr != netip.IPv6Unspecified() && addr != netip.IPv6Loopback(),
		[12]byte(b[:12]) == [12]byte{0x00, 0x64, 0xff, 0x9b}:
		return netip.AddrFrom4([4]byte(b[12:]))
	case b[0] == 0x20 && b[1] == 0x02:
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return addr
}

// translated are the IPv4 addresses that an address of the prefix for NAT64 within a network
// (RFC 8215) may stand for: how long the network's own prefix is, only its translator knows. They
// are those of RFC 6052 §2.2 for prefixes of 48, 56, 64 and 96 bits.
func translated(addr netip.Addr) []netip.Addr {
	if !addr.Is6() || !netip.PrefixFrom(netip.AddrFrom16([16]byte{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}), 48).Contains(addr) {
		return nil
	}
	b := addr.As16()
	return []netip.Addr{
		netip.AddrFrom4([4]byte{b[6], b[7], b[9], b[10]}),
		netip.AddrFrom4([4]byte{b[7], b[9], b[10], b[11]}),
		netip.AddrFrom4([4]byte{b[9], b[10], b[11], b[12]}),
		netip.AddrFrom4([4]byte{b[12], b[13], b[14], b[15]}),
	}
}

// isMetadata reports the addresses where clouds serve credentials to their machines. Most are
// link-local; the others are, in order: AWS over IPv6, Google over IPv6, Alibaba, Oracle, Azure.
func isMetadata(addr netip.Addr) bool {
	if addr.IsLinkLocalUnicast() || addr.IsLinkLocalMulticast() {
		return true
	}
	switch addr.String() {
	case "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16":
		return true
	}
	return false
}

// specialPurpose lists what IANA's special-purpose registries keep out of the public internet
// (RFC 6890 and its updates). Outside 2000::/3 no IPv6 address is public.
func specialPurpose() []netip.Prefix {
	var list []netip.Prefix
	for _, p := range [...]string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
		"::/3", "2001::/23", "2001:db8::/32", "3fff::/20", "4000::/2", "8000::/1",
	} {
		list = append(list, netip.MustParsePrefix(p))
	}
	return list
}
