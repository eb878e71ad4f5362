package sink

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the receivers' protocol demands HMAC-SHA1
	"encoding/hex"
	"hash"
	"sync"
)

// Signer computes X-Signature under one shared secret. It is safe for concurrent use and keeps
// the keyed hash states for the next signature. A nil Signer signs nothing.
type Signer struct{ states sync.Pool }

// signState is what one signature needs, kept together so that signing allocates only its result.
type signState struct {
	mac  hash.Hash
	sum  [sha1.Size]byte
	text [2 * sha1.Size]byte
}

// NewSigner returns a signer for the secret's bytes. An empty secret means that nothing is
// signed: the result is nil then, which is a valid Signer.
func NewSigner(secret []byte) *Signer {
	if len(secret) == 0 {
		return nil
	}
	key := append([]byte(nil), secret...)
	s := &Signer{}
	s.states.New = func() any { return &signState{mac: hmac.New(sha1.New, key)} }
	return s
}

// Sign returns the lower-case hex HMAC-SHA1 of data, 40 characters, or "" where the signer is
// nil or there is no data.
func (s *Signer) Sign(data []byte) string {
	if s == nil || len(data) == 0 {
		return ""
	}
	state := s.states.Get().(*signState) //nolint:forcetypeassert // New makes nothing else
	defer s.states.Put(state)
	state.mac.Reset()
	state.mac.Write(data) // a hash never fails
	hex.Encode(state.text[:], state.mac.Sum(state.sum[:0]))
	return string(state.text[:])
}

// String hides the key, which the hash states would otherwise give away when printed.
func (s *Signer) String() string { return "sink.Signer" }

// GoString hides the key from %#v.
func (s *Signer) GoString() string { return s.String() }
