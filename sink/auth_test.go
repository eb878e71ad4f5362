package sink

import (
	"context"
	"encoding/base64"
	encoding "encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// authority is a token endpoint and an endpoint behind it, in one server in memory. It must be made inside a bubble.
type authority struct {
	lock     sync.Mutex
	forms    []url.Values // of requests for tokens, with the Authorization header as "header"
	calls    []string     // Authorization headers of the others
	valid    string       // what the endpoint accepts
	lifetime int          // seconds; 0 for without end
	refuse   func(w http.ResponseWriter) bool
	delay    time.Duration // of tokens
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/token" {
		a.lock.Lock()
		defer a.lock.Unlock()
		a.calls = append(a.calls, r.Header.Get("Authorization"))
		if r.Header.Get("Authorization") != a.valid {
			w.WriteHeader(http.StatusUnauthorized)
		}
		return
	}
	a.lock.Lock()
	delay := a.delay
	a.lock.Unlock()
	time.Sleep(delay) //nolint:forbidigo // virtual time
	_ = r.ParseForm()
	a.lock.Lock()
	defer a.lock.Unlock()
	r.PostForm.Set("header", r.Header.Get("Authorization"))
	a.forms = append(a.forms, r.PostForm)
	if a.refuse != nil && a.refuse(w) {
		return
	}
	token := fmt.Sprintf("t%d", len(a.forms))
	a.valid = "Bearer " + token
	w.Header().Set("Content-Type", "application/json")
	answer := map[string]any{"access_token": token, "token_type": "bearer"}
	if a.lifetime != 0 {
		answer["expires_in"] = a.lifetime
	}
	_ = encoding.NewEncoder(w).Encode(answer)
}

func (a *authority) tokens() int {
	a.lock.Lock()
	defer a.lock.Unlock()
	return len(a.forms)
}

// withAuthority runs test in virtual time, over each transport.
func withAuthority(t *testing.T, o OAuth, test func(t *testing.T, a *authority, c *Client, send func() Answer)) {
	t.Helper()
	overTransports(t, func(t *testing.T, options Options) {
		synctest.Test(t, func(t *testing.T) {
			a, p := &authority{}, newPipes()
			stop := servePipes(p, a)
			defer stop()
			options.Dial, options.InFlight = p.Dial, 64
			c := newClient(t, options)
			defer c.Close()
			o := o
			o.TokenURL, o.ClientID, o.Secret = "http://auth.example.com/token?k=hunter3", "me", Secret{Text: "hunter2"}
			auth, err := c.NewOAuth(o)
			if err != nil {
				t.Fatal(err)
			}
			test(t, a, c, func() Answer {
				r := single(t, Payload{URL: "http://hooks.example.com/in", Data: []byte("{}")}, nil)
				r.Auth = auth
				return c.Send(t.Context(), r)
			})
		})
	})
}

// A hundred requests at once share one request for a token, also when it ends or is refused.
func TestOneTokenForAll(t *testing.T) {
	withAuthority(t, OAuth{}, func(t *testing.T, a *authority, _ *Client, send func() Answer) {
		a.lifetime, a.delay = 3600, time.Second
		all := func() {
			t.Helper()
			var sending sync.WaitGroup
			for range 50 {
				sending.Go(func() {
					if got := send(); got.Class != Delivered {
						t.Errorf("got %v %d %v", got.Class, got.Status, got.Err)
					}
				})
			}
			sending.Wait()
		}
		all()
		all()
		if got := a.tokens(); got != 1 {
			t.Errorf("%d tokens were asked for, want 1", got)
		}
		time.Sleep(time.Hour - 5*time.Second) //nolint:forbidigo // virtual time
		before := len(a.calls)
		all()
		if got := a.tokens(); got != 2 {
			t.Errorf("%d tokens were asked for after the first had come close to its end, want 2", got)
		}
		if got := len(a.calls) - before; got != 50 {
			t.Errorf("%d requests for 50 events: a token was used beyond its end", got)
		}
		a.lock.Lock()
		a.valid = "revoked"
		a.lock.Unlock()
		all()
		if got := a.tokens(); got != 3 {
			t.Errorf("%d tokens were asked for after the second was refused, want 3", got)
		}
	})
}

func TestTokenRequest(t *testing.T) {
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("me:hunter2"))
	for name, test := range map[string]struct {
		o    OAuth
		want url.Values
	}{
		"secret in the header": {
			OAuth{Scopes: []string{"events.write", "x"}, Parameters: map[string]string{"audience": "https://api.example.com"}},
			url.Values{"grant_type": {"client_credentials"}, "scope": {"events.write x"}, "audience": {"https://api.example.com"}, "header": {basic}},
		},
		"secret in the body": {
			OAuth{SecretInBody: true},
			url.Values{"grant_type": {"client_credentials"}, "client_id": {"me"}, "client_secret": {"hunter2"}, "header": {""}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			withAuthority(t, test.o, func(t *testing.T, a *authority, _ *Client, send func() Answer) {
				if got := send(); got.Class != Delivered {
					t.Fatalf("got %v %v", got.Class, got.Err)
				}
				if got, want := a.forms[0].Encode(), test.want.Encode(); got != want {
					t.Errorf("the request for a token held %s, want %s", got, want)
				}
			})
		})
	}
}

// A 401 with a token that was fresh is the endpoint's last word, and does not become a flood of requests for tokens.
func TestRefusedTwiceIsARejection(t *testing.T) {
	withAuthority(t, OAuth{}, func(t *testing.T, a *authority, c *Client, send func() Answer) {
		send()
		a.refuse = func(w http.ResponseWriter) bool {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"access_token":"useless","token_type":"Bearer"}`))
			return true
		}
		a.valid = "something else"
		time.Sleep(time.Minute) //nolint:forbidigo // virtual time
		got := send()
		if got.Class != Rejected || got.Status != http.StatusUnauthorized || got.Requests != 2 {
			t.Errorf("got %v %d after %d requests, want a rejection after 2", got.Class, got.Status, got.Requests)
		}
		for range 100 {
			send()
		}
		if got := a.tokens(); got > 3 {
			t.Errorf("%d tokens were asked for within a moment", got)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // virtual time
		a.refuse = nil
		if got := send(); got.Class != Delivered {
			t.Errorf("with a good token at last: got %v %d", got.Class, got.Status)
		}
		if c.Stats().Requests == 0 {
			t.Error("nothing was counted")
		}
	})
}

// Whatever the token endpoint does, the event may be tried again, the endpoint gets no request, and the text says where the
// trouble is and nothing of what was said there.
func TestFailingTokenEndpoint(t *testing.T) {
	tests := []struct {
		name   string
		refuse func(w http.ResponseWriter) bool
		want   string
	}{
		{"503", func(w http.ResponseWriter) bool { w.WriteHeader(http.StatusServiceUnavailable); return true }, "status 503"},
		{"a wrong secret", func(w http.ResponseWriter) bool {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":"invalid_client","error_description":"hunter2 is not the secret"}`))
			return true
		}, "status 401, invalid_client"},
		{"an error of its own", func(w http.ResponseWriter) bool {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"error":"hunter2"}`))
			return true
		}, "status 400"},
		{"no token", func(w http.ResponseWriter) bool { _, _ = w.Write([]byte(`{"hunter2":1}`)); return true }, "holds no access token"},
		{"no JSON", func(w http.ResponseWriter) bool { _, _ = w.Write([]byte("<html>hunter2")); return true }, "holds no access token"},
		{"a token with a line break", func(w http.ResponseWriter) bool {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"access_token":"a\r\nX-Evil: 1"}`))
			return true
		}, "cannot stand in a header"},
		{"a redirect", func(w http.ResponseWriter) bool {
			w.Header().Set("Location", "http://evil.example.com/hunter2")
			w.WriteHeader(http.StatusTemporaryRedirect)
			return true
		}, "status 307"},
		{"silence", nil, "REQUEST_TIMEOUT"},
		{"a broken connection", func(http.ResponseWriter) bool { panic(http.ErrAbortHandler) }, "connection closed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			withAuthority(t, OAuth{}, func(t *testing.T, a *authority, _ *Client, send func() Answer) {
				if a.refuse = test.refuse; a.refuse == nil {
					a.delay = time.Hour
				}
				got := send()
				if got.Class != Retry || KindOf(got.Err) != KindAuth || got.Status != 0 || len(a.calls) != 0 {
					t.Errorf("got %v %d %v, and %d requests", got.Class, got.Status, got.Err, len(a.calls))
				}
				text := strings.Join(texts(got.Err), "\n")
				if !strings.Contains(text, "no access token from http://auth.example.com/token: ") || !strings.Contains(text, test.want) ||
					strings.Contains(text, "hunter") {
					t.Errorf("the error is %q, want %q in it", text, test.want)
				}
				asked := a.tokens()
				for range 20 {
					send()
				}
				if again := a.tokens(); again != asked {
					t.Errorf("%d more tokens were asked for within a moment", again-asked)
				}
				a.lock.Lock()
				a.refuse, a.delay = nil, 0
				a.lock.Unlock()
				time.Sleep(2 * time.Hour) //nolint:forbidigo // virtual time
				if got := send(); got.Class != Delivered {
					t.Errorf("when it works again: got %v %d %v", got.Class, got.Status, got.Err)
				}
			})
		})
	}
}

// Whoever gives up while it asks for a token does not take the others along.
func TestTokenOutlivesWhoAskedForIt(t *testing.T) {
	withAuthority(t, OAuth{}, func(t *testing.T, a *authority, c *Client, send func() Answer) {
		a.delay = time.Second
		auth, err := c.NewOAuth(OAuth{TokenURL: "http://auth.example.com/token", ClientID: "me", Secret: Secret{Text: "s"}})
		if err != nil {
			t.Fatal(err)
		}
		request := func() *Request {
			r := single(t, Payload{URL: "http://hooks.example.com/in", Data: []byte("{}")}, nil)
			r.Auth = auth
			return r
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var sending sync.WaitGroup
		sending.Go(func() {
			if got := c.Send(ctx, request()); KindOf(got.Err) != KindCanceled {
				t.Errorf("the one who gave up: got %v %v", got.Class, got.Err)
			}
		})
		synctest.Wait()
		sending.Go(func() {
			if got := c.Send(t.Context(), request()); got.Class != Delivered {
				t.Errorf("the one who waits: got %v %v", got.Class, got.Err)
			}
		})
		sending.Wait()
	})
}

// The token endpoint is dialled under the rule for the operator's hosts.
func TestTokenEndpointIsGuarded(t *testing.T) {
	c := newClient(t, Options{})
	auth, err := c.NewOAuth(OAuth{TokenURL: "http://169.254.169.254/latest/token", ClientID: "me", Secret: Secret{Text: "s"}})
	if err != nil {
		t.Fatal(err)
	}
	r := single(t, Payload{URL: "http://127.0.0.1:1/", Data: []byte("{}")}, nil)
	r.Auth = auth
	if got := c.Send(t.Context(), r); got.Class != Retry || !strings.Contains(fmt.Sprint(got.Err), "may not be dialled") {
		t.Errorf("got %v %v", got.Class, got.Err)
	}
}

func TestNewOAuthFaults(t *testing.T) {
	c := newClient(t, Options{})
	for _, o := range []OAuth{
		{ClientID: "me", Secret: Secret{Text: "s"}},
		{TokenURL: "ftp://h/", ClientID: "me", Secret: Secret{Text: "s"}},
		{TokenURL: "https://u:hunter2@h/", ClientID: "me", Secret: Secret{Text: "s"}},
		{TokenURL: "https://h/", Secret: Secret{Text: "s"}},
		{TokenURL: "https://h/", ClientID: "me", Secret: Secret{Path: "/nowhere"}},
	} {
		if _, err := c.NewOAuth(o); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%+v: got %v", o, err)
		}
	}
}

// Bearer tokens and passwords win over every other Authorization, and a file is looked at when an endpoint refuses what it
// held.
func TestBearerAndBasic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	overTransports(t, func(t *testing.T, o Options) {
		write("one\n")
		synctest.Test(t, func(t *testing.T) {
			var got []string
			valid := "Bearer one"
			p := newPipes()
			stop := servePipes(p, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if got = append(got, strings.Join(r.Header["Authorization"], "|")); got[len(got)-1] != valid {
					w.WriteHeader(http.StatusUnauthorized)
				}
			}))
			defer stop()
			o.Dial = p.Dial
			c := newClient(t, o)
			defer c.Close()
			bearer, err := NewBearer(Secret{Path: path}, nil)
			if err != nil {
				t.Fatal(err)
			}
			r := single(t, Payload{URL: "http://u:p@h/", Headers: []Header{{"authorization", "mine"}}, Data: []byte("{}")}, nil)
			r.Auth = bearer
			if a := c.Send(t.Context(), r); a.Class != Delivered {
				t.Errorf("got %v %d", a.Class, a.Status)
			}
			valid = "Bearer second"
			if a := c.Send(t.Context(), r); a.Class != Rejected || a.Requests != 1 {
				t.Errorf("with the token of an unchanged file: got %v after %d requests, want a rejection after one", a.Class, a.Requests)
			}
			write("second")
			if a := c.Send(t.Context(), r); a.Class != Delivered || a.Requests != 2 {
				t.Errorf("with a changed file: got %v after %d requests, want success with the second", a.Class, a.Requests)
			}
			basic, err := NewBasic("ada", Secret{Text: "päss:word"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			valid = "Basic " + base64.StdEncoding.EncodeToString([]byte("ada:päss:word"))
			r.Auth = basic
			if a := c.Send(t.Context(), r); a.Class != Delivered {
				t.Errorf("got %v %d, the endpoint got %q", a.Class, a.Status, got[len(got)-1])
			}
		})
	})
	for _, secret := range []string{"", "a\r\nX-Evil: 1", "a\x00"} {
		if _, err := NewBearer(Secret{Text: secret}, nil); err == nil {
			t.Errorf("the token %q is no fault", secret)
		}
	}
}
