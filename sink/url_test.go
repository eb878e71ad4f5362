package sink

import (
	"net/url"
	"strings"
	"testing"
)

// What the reference sends for each URL, but where a row says otherwise.
func TestURL(t *testing.T) {
	tests := []struct{ name, raw, want, credentials string }{
		{"path", "https://hooks.example.com/in", "https://hooks.example.com/in", ""},
		{"no path", "http://hooks.example.com", "http://hooks.example.com/", ""},
		{"query without path", "http://hooks.example.com?a=1", "http://hooks.example.com/?a=1", ""},
		{"default port", "http://hooks.example.com:80/in", "http://hooks.example.com/in", ""},
		{"default port of https", "https://hooks.example.com:443/in", "https://hooks.example.com/in", ""},
		{"other scheme's port", "https://hooks.example.com:80/in", "https://hooks.example.com:80/in", ""},
		{"other port", "https://hooks.example.com:8443", "https://hooks.example.com:8443/", ""},
		{"port zero", "https://hooks.example.com:0/in", "https://hooks.example.com:0/in", ""},
		{"port with zeros before", "http://hooks.example.com:0080/in", "http://hooks.example.com/in", ""},
		{"empty port", "http://hooks.example.com:/in", "http://hooks.example.com/in", ""},
		{"upper case", "HTTPS://HOOKS.Example.COM/In", "https://hooks.example.com/In", ""},
		{"query", "https://hooks.example.com/in?x=1&y=a%20b", "https://hooks.example.com/in?x=1&y=a%20b", ""},
		{"query kept as it is", "https://hooks.example.com/in?b=2&a=1&a=%C3%A9+x;y", "https://hooks.example.com/in?b=2&a=1&a=%C3%A9+x;y", ""},
		{"empty query", "https://hooks.example.com/in?", "https://hooks.example.com/in?", ""},
		{"fragment", "https://hooks.example.com/in#frag", "https://hooks.example.com/in", ""},
		{"fragment with question mark", "https://hooks.example.com/in#a?b", "https://hooks.example.com/in", ""},
		{"dot segments", "https://hooks.example.com/a/../b/./c", "https://hooks.example.com/b/c", ""},
		{"escaped dot segments", "https://hooks.example.com/a/%2E%2e/b/%2e/.%2e/c", "https://hooks.example.com/c", ""},
		{"dots at the end", "https://hooks.example.com/a/b/..", "https://hooks.example.com/a/", ""},
		{"dot at the end", "https://hooks.example.com/a/.", "https://hooks.example.com/a/", ""},
		{"dots above the root", "https://hooks.example.com/../../a", "https://hooks.example.com/a", ""},
		{"dots in a name", "https://hooks.example.com/.well-known/a..b", "https://hooks.example.com/.well-known/a..b", ""},
		{"double slashes", "https://hooks.example.com//double//slash", "https://hooks.example.com//double//slash", ""},
		{"escapes kept", "https://hooks.example.com/%7Bid%7D/%2F", "https://hooks.example.com/%7Bid%7D/%2F", ""},
		{"apostrophe", "https://hooks.example.com/it's?it's", "https://hooks.example.com/it%27s?it%27s", ""},
		{"allowed marks", "https://hooks.example.com/~user/(x)!*;a=b:@$&+,", "https://hooks.example.com/~user/(x)!*;a=b:@$&+,", ""},
		{"IPv4", "http://192.0.2.7:9000/in", "http://192.0.2.7:9000/in", ""},
		{"IPv6", "http://[2001:DB8::1]:9000/in", "http://[2001:db8::1]:9000/in", ""},
		{"trailing dot", "https://hooks.example.com./in", "https://hooks.example.com./in", ""},
		{"underscore", "https://hooks_example.com/in", "https://hooks_example.com/in", ""},
		{"no slashes", "http:hooks.example.com", "http://hooks.example.com/", ""},
		{"one slash", "http:/hooks.example.com/in", "http://hooks.example.com/in", ""},
		{"many slashes", "https:////hooks.example.com/in", "https://hooks.example.com/in", ""},
		{"user and password", "https://user:pass@hooks.example.com/in", "https://hooks.example.com/in", "user:pass"},
		{"escaped password", "https://us%40er:p%3Ass%C3%A9@hooks.example.com/in", "https://hooks.example.com/in", "us@er:p:ssé"},
		{"user only", "https://user@hooks.example.com/in", "https://hooks.example.com/in", "user"},
		{"user and empty password", "https://user:@hooks.example.com/in", "https://hooks.example.com/in", "user"},
		{"password only", "https://:pass@hooks.example.com/in", "https://hooks.example.com/in", ":pass"},
		{"at sign in the user", "https://a@b@hooks.example.com/in", "https://hooks.example.com/in", "a@b"},
		{"empty user", "https://@hooks.example.com/in", "https://hooks.example.com/in", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u, credentials, err := parseURL(test.raw)
			if err != nil {
				t.Fatalf("parseURL(%q): %v", test.raw, err)
			}
			if got := u.String(); got != test.want {
				t.Errorf("parseURL(%q): got %q, want %q", test.raw, got, test.want)
			}
			if got, want := u.RequestURI(), "/"+strings.SplitN(test.want, "/", 4)[3]; got != want {
				t.Errorf("request line of %q: got %q, want %q", test.raw, got, want)
			}
			if credentials != test.credentials {
				t.Errorf("credentials of %q: got %q, want %q", test.raw, credentials, test.credentials)
			}
		})
	}
}

func TestURLRefused(t *testing.T) {
	tests := []struct{ name, raw, want string }{
		{"empty", "", "empty"},
		{"relative", "hooks.example.com/in", "http:// or https://"},
		{"relative to a scheme", "//hooks.example.com/in", "http:// or https://"},
		{"path only", "/in", "http:// or https://"},
		{"ftp", "ftp://hooks.example.com/in", "http:// or https://"},
		{"mailto", "mailto:a@example.com", "http:// or https://"},
		{"host and port alone", "hooks.example.com:80", "http:// or https://"},
		{"no host", "https://?x", "names no host"},
		{"nothing after the scheme", "https://", "names no host"},
		{"port without host", "https://:80/", "names no host"},
		{"port too large", "https://hooks.example.com:65536/", "port"},
		{"port of letters", "https://hooks.example.com:abc/", "cannot be read"},
		{"blank", "https://hooks.example.com/in ", "%20"},
		{"line feed", "https://hooks.example.com/in\n", "%0A"},
		{"NUL", "https://hooks.example.com/\x00", "%00"},
		{"backslash", `https://hooks.example.com/a\b`, "%5C"},
		{"braces", "https://hooks.example.com/{id}", "%7B"},
		{"unicode host", "https://bücher.example/in", "%C3"},
		{"unicode path", "https://hooks.example.com/ü", "%C3"},
		{"half an escape", "https://hooks.example.com/%", "%25"},
		{"wrong escape", "https://hooks.example.com/%zz", "%25"},
		{"wrong escape in the query", "https://hooks.example.com/?a=%f", "%25"},
		{"slash in the password", "https://user:pa/ss@hooks.example.com/", "cannot be read"},
		{"open bracket", "https://[::1/", "cannot be read"},
		{"IPv6 zone", "https://[fe80::1%25eth0]/", "IPv6"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u, _, err := parseURL(test.raw)
			if err == nil {
				t.Fatalf("parseURL(%q): got %v, want an error", test.raw, u)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("parseURL(%q): got %q, want it to mention %q", test.raw, err, test.want)
			}
		})
	}
}

func TestRedactURL(t *testing.T) {
	tests := []struct{ name, raw, want string }{
		{"all parts", "https://user:pass@erp.example.com:8443/hooks/in?token=t#f", "https://erp.example.com:8443/hooks/in"},
		{"no path", "http://erp.example.com?token=t", "http://erp.example.com/"},
		{"secret looks like a host", "user:pass@erp.example.com", invalidURL},
		{"slash in the password", "https://user:pa/ss@erp.example.com/", invalidURL},
		{"unreadable", "https://erp.example.com/%zz?token=t", invalidURL},
		{"empty", "", invalidURL},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := RedactURL(test.raw); got != test.want {
				t.Errorf("RedactURL(%q): got %q, want %q", test.raw, got, test.want)
			}
		})
	}
}

func FuzzURL(f *testing.F) {
	for _, seed := range []string{
		"https://user:pa%20ss@Hooks.example.com:0443/a/../b%2F?x='#f", "http:h", "https://[::ffff:7f00:1]:80/", "http:///x/./%2e%2E/",
		"https://a:b:c/", "http://h/%", "http://@/", "http://%41/", "https://h?#", "HTTP://h:/;a=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, _, err := parseURL(raw)
		if err != nil {
			if RedactURL(raw) != invalidURL {
				t.Errorf("RedactURL(%q) shows a URL that cannot be read", raw)
			}
			return
		}
		if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" {
			t.Errorf("parseURL(%q): got %#v", raw, u)
		}
		line := u.RequestURI()
		if !strings.HasPrefix(line, "/") || strings.IndexFunc(line, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '#' || c == '\'' }) >= 0 {
			t.Errorf("parseURL(%q): request line %q", raw, line)
		}
		again, none, err := parseURL(u.String())
		if err != nil || again.String() != u.String() || none != "" {
			t.Errorf("parseURL(%q) = %q is no fixed point: %v, %v", raw, u, again, err)
		}
		plain, err := url.Parse(u.String())
		if err != nil || plain.Host != u.Host {
			t.Errorf("parseURL(%q): another reader sees host %v in %q (%v)", raw, plain, u, err)
		}
		if shown := RedactURL(raw); strings.ContainsAny(shown, "?#") || !strings.HasPrefix(shown, u.Scheme+"://"+u.Host+"/") {
			t.Errorf("RedactURL(%q): got %q", raw, shown)
		}
	})
}
