package sink

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// invalidURL stands where a URL that cannot be read would otherwise be printed.
const invalidURL = "(unreadable URL)"

// RedactURL is the part of a URL that may be shown: scheme, host, port and path. User
// information, query and fragment are gone. What is no http or https URL becomes a fixed text,
// because nobody can tell which part of it is secret.
func RedactURL(raw string) string {
	u, _, err := parseURL(raw)
	if err != nil {
		return invalidURL
	}
	return redact(u)
}

func redact(u *url.URL) string { return u.Scheme + "://" + u.Host + u.EscapedPath() }

// parseURL reads a mapped URL as Segment's client does (a WHATWG parser followed by Node's own)
// and returns it without user information and fragment, next to "user:password" decoded.
//
// Like there: the host is lower-cased, a default port dropped, an empty path becomes "/", dot
// segments are resolved, an apostrophe is escaped, and "http:host" means "http://host". The rest
// of path and query is left alone. Errors never quote the URL.
func parseURL(raw string) (*url.URL, string, error) {
	if err := checkURLBytes(raw); err != nil {
		return nil, "", err
	}
	raw, _, _ = strings.Cut(raw, "#")
	scheme, rest, found := strings.Cut(raw, ":")
	scheme = strings.ToLower(scheme)
	if !found || scheme != "http" && scheme != "https" {
		return nil, "", errors.New("url does not begin with http:// or https://")
	}
	if !strings.HasPrefix(rest, "//") || strings.HasPrefix(rest, "///") {
		raw = scheme + "://" + strings.TrimLeft(rest, "/")
	}
	u, err := url.Parse(raw)
	if err != nil {
		// url.Parse quotes what it was given, and a misplaced slash makes a password look
		// like a port: its words are not passed on.
		return nil, "", errors.New("url cannot be read: check host, port and the escapes in the user information")
	}
	if u.Host, err = canonicalHost(u); err != nil {
		return nil, "", err
	}
	credentials := userInfo(u.User)
	u.User = nil
	path := strings.ReplaceAll(resolveDots(u.EscapedPath()), "'", "%27")
	if path == "" {
		path = "/"
	}
	if u.Path, err = url.PathUnescape(path); err != nil {
		return nil, "", errors.New("url path holds an invalid escape: write % as %25")
	}
	u.RawPath = path
	u.RawQuery = strings.ReplaceAll(u.RawQuery, "'", "%27")
	return u, credentials, nil
}

// checkURLBytes refuses what RFC 3986 does not allow anywhere in a URI.
func checkURLBytes(raw string) error {
	if raw == "" {
		return errors.New("url is empty")
	}
	for i := range len(raw) {
		c := raw[i]
		switch {
		case c == '%':
			if i+2 >= len(raw) || !isHexDigit(raw[i+1]) || !isHexDigit(raw[i+2]) {
				return fmt.Errorf("url holds %% without two hexadecimal digits at byte %d: write %% as %%25", i)
			}
		case !isAlphanumeric(c) && strings.IndexByte("-._~:/?#[]@!$&'()*+,;=", c) < 0:
			return fmt.Errorf("url holds the byte %#02x at byte %d: percent-encode it as %%%02X", c, i, c)
		}
	}
	return nil
}

func isHexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// canonicalHost is the host in lower case, with its port where that is not the scheme's own.
func canonicalHost(u *url.URL) (string, error) {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if host == "" {
		return "", errors.New("url names no host")
	}
	if strings.HasPrefix(u.Host, "[") {
		addr, err := netip.ParseAddr(host)
		if err != nil || !addr.Is6() || addr.Zone() != "" {
			return "", errors.New("url host in brackets is no IPv6 address without a zone")
		}
		host = "[" + addr.String() + "]"
	}
	if port == "" {
		return host, nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return "", errors.New("url port is not in 0 to 65535")
	}
	if u.Scheme == "http" && n == 80 || u.Scheme == "https" && n == 443 {
		return host, nil
	}
	return host + ":" + strconv.FormatUint(n, 10), nil
}

// userInfo is what Basic authentication encodes. Segment's client leaves out the colon where
// there is no password.
func userInfo(user *url.Userinfo) string {
	if password, _ := user.Password(); password != "" {
		return user.Username() + ":" + password
	}
	return user.Username()
}

// resolveDots resolves "." and ".." in an escaped path, also where the dots are escaped.
func resolveDots(path string) string {
	if !strings.Contains(path, "/.") && !strings.Contains(path, "/%2") {
		return path
	}
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	kept := segments[:0]
	for i, segment := range segments {
		last := i == len(segments)-1
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case ".":
			if last {
				kept = append(kept, "")
			}
		case "..":
			kept = kept[:max(0, len(kept)-1)]
			if last {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, segment)
		}
	}
	return "/" + strings.Join(kept, "/")
}
