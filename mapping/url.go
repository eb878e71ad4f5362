package mapping

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"segment-webhooks/mapping/document"
)

// parseURL checks a URL by RFC 3986, as Segment's schema does, and reads it as the HTTP client that sends it will:
// scheme and host in lower case, the scheme's own port left out, and any number of slashes behind the colon. Errors do
// not quote it, because it may hold credentials.
func parseURL(raw string) (*url.URL, error) {
	scheme, rest, found := strings.Cut(raw, ":")
	scheme = strings.ToLower(scheme)
	switch {
	case !found || strings.ContainsAny(scheme, "/?#"):
		return nil, errors.New("is no absolute URL; begin it with https://")
	case scheme != "http" && scheme != "https":
		return nil, fmt.Errorf("has the scheme %q; only http and https can be called", scheme)
	}
	rest = strings.TrimLeft(rest, "/")
	if err := checkURLBytes(rest); err != nil {
		return nil, err
	}
	u, err := url.Parse(scheme + "://" + rest)
	if err != nil {
		return nil, errors.New("cannot be read; check the host, the port and the escapes in user and password")
	}
	if err := checkAuthority(u); err != nil {
		return nil, err
	}
	return u, nil
}

// checkAuthority checks host and port, and brings them to the form in which they are compared.
func checkAuthority(u *url.URL) error {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if host == "" {
		return errors.New("names no host")
	}
	if strings.HasPrefix(u.Host, "[") {
		addr, err := netip.ParseAddr(host)
		if err != nil || addr.Zone() != "" {
			return errors.New("has a host in brackets that is no IPv6 address")
		}
		host = "[" + addr.String() + "]"
	} else if err := checkHostName(host); err != nil {
		return err
	}
	u.Host = host
	if port == "" {
		return nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return errors.New("has a port beyond 65535")
	}
	if u.Scheme == "http" && n == 80 || u.Scheme == "https" && n == 443 {
		return nil
	}
	u.Host += ":" + strconv.FormatUint(n, 10)
	return nil
}

// checkHostName refuses hosts that some clients or resolvers read as another one: escaped names, and numbers that stand
// for an IPv4 address in disguise, such as 2852039166 or 0xa9.254.43518. What is checked has to be what is called.
func checkHostName(host string) error {
	if !document.IsASCII(host) || strings.Contains(host, "%") {
		return errors.New("has an escape in its host; write names outside ASCII in their xn-- form")
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	last := labels[len(labels)-1]
	digits := strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x")
	if !digits {
		return nil
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is4() {
		return nil
	}
	return errors.New("has a host that ends in a number and is no IPv4 address such as 192.0.2.1")
}

// checkURLBytes refuses what RFC 3986 allows nowhere, and brackets outside the host.
func checkURLBytes(rest string) error {
	authority := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = i
	}
	fragment := false
	for i := range len(rest) {
		switch c := rest[i]; {
		case c == '%':
			if i+2 >= len(rest) || !isHex(rest[i+1]) || !isHex(rest[i+2]) {
				return errors.New("holds a % without two hexadecimal digits behind it; write % as %25")
			}
		case (c == '[' || c == ']') && i < authority:
		case c == '#' && !fragment:
			fragment = true
		case !isURLByte(c):
			return fmt.Errorf("holds %s, which a URL may hold only percent-encoded", namedByte(rest, i))
		}
	}
	return nil
}

func namedByte(text string, i int) string {
	if text[i] < 0x80 {
		return strconv.Quote(text[i : i+1])
	}
	for _, r := range text[i:] {
		return strconv.Quote(string(r))
	}
	return ""
}

func isURLByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("-._~:/?@!$&'()*+,;=", c) >= 0
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// redactURL is the part of a URL that may be shown: no user information, no query, no fragment.
func redactURL(u *url.URL) string { return u.Scheme + "://" + u.Host + u.EscapedPath() }
