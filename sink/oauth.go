package sink

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// OAuth says how to get an access token by OAuth 2.0's client credentials (RFC 6749 §4.4).
type OAuth struct {
	TokenURL string // absolute, http or https; the operator's, so any address but those of metadata services will do
	ClientID string
	Secret   Secret
	Scopes   []string
	// Parameters are sent along with the request for a token, such as audience or resource.
	Parameters map[string]string
	// SecretInBody sends id and secret as form fields, for servers that do not take them in the
	// Authorization header, as RFC 6749 §2.3.1 says every server must.
	SecretInBody bool
	// TLS is how the token endpoint is spoken to; nil for the client's way.
	TLS *TLS
	// Warn is told that the secret's file cannot be read again; nil for nobody.
	Warn func(error)
}

const (
	// tokenMargin is how long before its end a token is not used any more.
	tokenMargin = 10 * time.Second
	// tokenPause is how soon a token may be asked for again: after a failure, and after one that
	// an endpoint has refused. It keeps events by the thousand from becoming requests for tokens.
	tokenPause = time.Second
)

// oauth is a token that many requests share. Whoever finds none asks for one, and the others wait
// for what comes of it.
type oauth struct {
	client  *Client
	o       OAuth
	secret  *watched[string]
	display string // the token endpoint, fit to be shown

	lock    sync.Mutex    // covers what follows
	value   string        // of the Authorization header; "" for none
	expires time.Time     // zero for never
	asked   chan struct{} // closed when what is being asked for has come; nil if nobody asks
	failure *Error        // what the last one met
	again   time.Time     // when the next may be asked for, after a failure
	renewed time.Time     // when an endpoint's 401 last had a token dropped
}

// NewOAuth returns an Auth that gets its tokens by o. Nothing is asked for before a request needs
// it. One token serves all requests until shortly before it expires or an endpoint answers 401;
// then one request gets the next for all. While the token endpoint fails no request is sent: the
// answer is a fault of [KindAuth], which is worth another attempt.
func (c *Client) NewOAuth(o OAuth) (*Auth, error) {
	target, credentials, err := parseURL(o.TokenURL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("token %w", err)
	case credentials != "":
		return nil, errors.New("token url holds a user or a password: leave them out")
	case o.ClientID == "":
		return nil, errors.New("client id is empty")
	}
	secret, err := watchSecret(o.Secret, o.Warn, func(text string) (*string, error) { return &text, nil })
	if err != nil {
		return nil, err
	}
	return &Auth{&oauth{client: c, o: o, secret: secret, display: redact(target)}}, nil
}

func (a *oauth) shown() string { return "Bearer ***" }

func (a *oauth) authorization(ctx context.Context) (string, *Error) {
	for {
		a.lock.Lock()
		now := time.Now()
		switch {
		case a.value != "" && (a.expires.IsZero() || now.Before(a.expires)):
			defer a.lock.Unlock()
			return a.value, nil
		case a.asked != nil:
			asked := a.asked
			a.lock.Unlock()
			select {
			case <-asked:
			case <-ctx.Done():
				return "", canceled(ctx)
			}
		case a.failure != nil && now.Before(a.again):
			defer a.lock.Unlock()
			return "", a.failure
		default:
			asked := make(chan struct{})
			a.asked = asked
			a.lock.Unlock()
			a.fetch(ctx)
			if ctx.Err() != nil {
				return "", canceled(ctx)
			}
		}
	}
}

// fetch asks for a token and lets those that wait go on.
func (a *oauth) fetch(ctx context.Context) {
	token, err := a.token(ctx)
	now := time.Now()
	a.lock.Lock()
	defer a.lock.Unlock()
	close(a.asked)
	a.asked, a.value, a.failure, a.again = nil, "", nil, time.Time{}
	switch {
	case err == nil:
		a.value, a.expires = token.Type()+" "+token.AccessToken, time.Time{}
		if !token.Expiry.IsZero() {
			life := token.Expiry.Sub(now)
			a.expires = now.Add(max(life-tokenMargin, life/2, tokenPause))
		}
		if checkHeader(Header{"Authorization", a.value}) != nil {
			a.value = ""
			a.fail(now, "the token cannot stand in a header")
		}
	case ctx.Err() != nil: // the one who asked has gone; the others ask for themselves
	default:
		a.fail(now, a.why(err))
	}
}

// fail notes why there is no token. The lock is held.
func (a *oauth) fail(now time.Time, why string) {
	a.failure = &Error{KindAuth, "no access token from " + a.display + ": " + why, nil}
	a.again = now.Add(tokenPause)
}

// token asks for a token.
func (a *oauth) token(ctx context.Context) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, a.client.timeout)
	defer cancel()
	config := clientcredentials.Config{
		ClientID: a.o.ClientID, ClientSecret: *a.secret.get(), TokenURL: a.o.TokenURL, Scopes: a.o.Scopes,
		EndpointParams: url.Values{}, AuthStyle: oauth2.AuthStyleInHeader,
	}
	if a.o.SecretInBody {
		config.AuthStyle = oauth2.AuthStyleInParams
	}
	for name, value := range a.o.Parameters {
		config.EndpointParams.Set(name, value)
	}
	return config.Token(context.WithValue(ctx, oauth2.HTTPClient, &http.Client{
		Transport:     a.client.tokenTransport(a.o.TLS),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}))
}

// why says what a request for a token met, without a word of the server's own: that may repeat
// what it was sent.
func (a *oauth) why(err error) string {
	if answered, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		text := fmt.Sprintf("status %d", answered.Response.StatusCode)
		known := []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}
		if slices.Contains(known, answered.ErrorCode) {
			text += ", " + answered.ErrorCode
		}
		return text
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		if errors.Is(err, context.DeadlineExceeded) {
			return timedOut(a.client.timeout).text
		}
		return diagnose(e.Err, a.client.timeout).text
	}
	return "the answer holds no access token"
}

// renew drops the token that an endpoint has refused, unless another is there already or it has
// only just taken the place of one that was refused.
func (a *oauth) renew(refused string) bool {
	a.lock.Lock()
	defer a.lock.Unlock()
	if a.value != refused {
		return true
	}
	now := time.Now()
	if now.Sub(a.renewed) < tokenPause {
		return false
	}
	a.value, a.renewed = "", now
	a.secret.look()
	return true
}
