package sink

import (
	"context"
	"encoding/base64"
	"errors"
)

// Auth proves to an endpoint who sends a request, in its Authorization header. [NewBearer],
// [NewBasic] and [Client.NewOAuth] make one. It is safe for concurrent use, and prints nothing of
// what it knows.
type Auth struct{ credentials }

// credentials give the Authorization header its value.
type credentials interface {
	// authorization is the value for one try.
	authorization(ctx context.Context) (string, *Error)
	// renew is told that an endpoint has answered 401 to a value, and reports whether there is,
	// or will be, another to try with.
	renew(refused string) bool
	// shown is the value for a person who looks at a request that is not sent.
	shown() string
}

// String says nothing.
func (*Auth) String() string { return "sink.Auth" }

// GoString says nothing.
func (a *Auth) GoString() string { return a.String() }

// NewBearer sends a token (RFC 6750). When its file has changed, the new one is sent; and where an
// endpoint answers 401, the file is looked at and the request tried once more if there is a new
// one. warn is told that the file cannot be read again; nil for nobody.
func NewBearer(token Secret, warn func(error)) (*Auth, error) {
	return newHeaderAuth(token, warn, func(token string) string { return "Bearer " + token })
}

// NewBasic sends a user's name and password, in UTF-8 (RFC 7617). Files are as for [NewBearer].
func NewBasic(user string, password Secret, warn func(error)) (*Auth, error) {
	return newHeaderAuth(password, warn, func(password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	})
}

// headerAuth is a value made of a secret.
type headerAuth struct{ value *watched[string] }

func newHeaderAuth(s Secret, warn func(error), value func(string) string) (*Auth, error) {
	w, err := watchSecret(s, warn, func(secret string) (*string, error) {
		text := value(secret)
		if checkHeader(Header{"Authorization", text}) != nil || secret == "" {
			return nil, errors.New("the secret cannot stand in a header: it is empty, or holds a line break or another control character")
		}
		return &text, nil
	})
	if err != nil {
		return nil, err
	}
	return &Auth{headerAuth{w}}, nil
}

func (h headerAuth) authorization(context.Context) (string, *Error) { return *h.value.get(), nil }

func (h headerAuth) renew(refused string) bool {
	h.value.look()
	return *h.value.value.Load() != refused
}

func (h headerAuth) shown() string { return *h.value.get() }
