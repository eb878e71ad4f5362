package mapping

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// hostList is the hosts that a URL computed from an event may name.
type hostList []hostRule

// hostRule is "host", "host:port" or "*.host", in lower case. Without a port any port will do.
type hostRule struct {
	host string
	port string
	// below stands for any name below host, at whatever depth, and not for host itself.
	below bool
}

// parseHosts reads Options.AllowedHosts.
func parseHosts(rules []string) (hostList, error) {
	var list hostList
	for _, text := range rules {
		rule, err := parseHostRule(strings.ToLower(strings.TrimSpace(text)))
		if err != nil {
			return nil, fmt.Errorf("allowed host %q %w", text, err)
		}
		list = append(list, rule)
	}
	return list, nil
}

func parseHostRule(text string) (hostRule, error) {
	name, below := strings.CutPrefix(text, "*.")
	if addr, err := netip.ParseAddr(name); err == nil && addr.Is6() {
		name = "[" + name + "]"
	}
	u, err := parseURL("https://" + name)
	if err != nil {
		return hostRule{}, err
	}
	if u.User != nil || u.RequestURI() != "/" || strings.ContainsAny(name, "/?#*") {
		return hostRule{}, errors.New("is not of the form host, host:port or *.example.com")
	}
	// The port as it was written: 443 is the scheme's own and gone from u.
	_, port, _ := strings.Cut(strings.TrimPrefix(name, "["+u.Hostname()+"]"), ":")
	return hostRule{host: plainHost(u), port: port, below: below}, nil
}

// allows reports whether u names one of the hosts.
func (l hostList) allows(u *url.URL) bool {
	host, port := plainHost(u), u.Port()
	switch {
	case port != "":
	case u.Scheme == "http":
		port = "80"
	case u.Scheme == "https":
		port = "443"
	}
	return slices.ContainsFunc(l, func(rule hostRule) bool {
		if rule.port != "" && rule.port != port {
			return false
		}
		if rule.below {
			return strings.HasSuffix(host, "."+rule.host)
		}
		return host == rule.host
	})
}

// plainHost is the host by which u is compared: without port, brackets and final dot.
func plainHost(u *url.URL) string { return strings.TrimSuffix(u.Hostname(), ".") }

// forbiddenHost says what u must not be called for, "" if nothing is against it: link-local addresses and those at
// which clouds hand out credentials to whoever asks from inside. The addresses that names stand for are checked when
// they are dialled.
func forbiddenHost(u *url.URL) string {
	host := plainHost(u)
	addr, err := netip.ParseAddr(host)
	if err != nil {
		if slices.Contains(metadataNames(), host) {
			return "the metadata service of a cloud"
		}
		return ""
	}
	addr = embedded(addr)
	switch {
	case slices.Contains(metadataAddresses(), addr):
		return "the metadata service of a cloud"
	case addr.IsLinkLocalUnicast(), addr.IsLinkLocalMulticast(), addr.IsInterfaceLocalMulticast():
		return "a link-local address"
	}
	return ""
}

// embedded returns the IPv4 address within an IPv6 address that leads to it: ::ffff:a.b.c.d and the NAT64 prefix.
func embedded(addr netip.Addr) netip.Addr {
	if netip.MustParsePrefix("64:ff9b::/96").Contains(addr) {
		bytes := addr.As16()
		return netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return addr.Unmap()
}

func metadataNames() []string {
	return []string{"metadata.google.internal", "metadata.goog", "metadata", "instance-data", "instance-data.ec2.internal"}
}

func metadataAddresses() []netip.Addr {
	return []netip.Addr{
		netip.MustParseAddr("169.254.169.254"), // AWS, Google Cloud, Azure and most others
		netip.MustParseAddr("169.254.170.2"),   // AWS, containers
		netip.MustParseAddr("fd00:ec2::254"),   // AWS, IPv6
		netip.MustParseAddr("fd20:ce::254"),    // Google Cloud, IPv6
		netip.MustParseAddr("100.100.100.200"), // Alibaba Cloud
		netip.MustParseAddr("168.63.129.16"),   // Azure, platform
		netip.MustParseAddr("192.0.0.192"),     // Oracle Cloud
	}
}
