package sink

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the receivers' protocol demands HMAC-SHA1
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Scheme is a way to sign a request. All of them use the same shared secret.
type Scheme string

const (
	// SchemeSegment is Segment's: X-Signature is the lower-case hex HMAC-SHA1 of the body, of a
	// batch's first element alone. A request without body has none.
	SchemeSegment Scheme = "segment"
	// SchemeSHA256 covers the whole body: X-Signature-256 is "sha256=" and the lower-case hex
	// HMAC-SHA256, the form that GitHub gives its X-Hub-Signature-256.
	SchemeSHA256 Scheme = "sha256"
	// SchemeStandard is that of Standard Webhooks 1.0.0: webhook-id, webhook-timestamp and
	// webhook-signature, which covers the whole body, the id and the time of the try. A secret
	// of the form whsec_… is base64 and stands for the bytes it encodes, here alone.
	SchemeStandard Scheme = "standard"
)

// Schemes are all schemes, in the order of their headers.
func Schemes() []Scheme { return []Scheme{SchemeSegment, SchemeSHA256, SchemeStandard} }

// Signing says how requests are signed.
type Signing struct {
	Schemes []Scheme
	Secret  Secret
	// Previous is the secret before, while receivers change over: requests are signed with both.
	// Standard Webhooks has room for two signatures; the others get a second header,
	// X-Signature-Previous and X-Signature-256-Previous. The zero value is none.
	Previous Secret
	// Warn is told that a secret's file cannot be read again; nil for nobody.
	Warn func(error)
}

// Signer signs requests. It is safe for concurrent use and keeps the keyed hash states for the
// next signature. A nil Signer signs nothing.
type Signer struct {
	segment, sha256, standard bool
	secrets                   []*watched[keys] // the current one, and the previous one if there is one
}

// NewSigner returns a signer for Segment's scheme and the secret's bytes. An empty secret means
// that nothing is signed: the result is nil then, which is a valid Signer.
func NewSigner(secret []byte) *Signer {
	if len(secret) == 0 {
		return nil
	}
	k := &watched[keys]{}
	k.value.Store(newKeys(string(secret), nil))
	return &Signer{segment: true, secrets: []*watched[keys]{k}}
}

// NewSigner returns the signer. It is nil where there is no secret or no scheme. The error names
// every scheme that does not exist and every secret that cannot be used, and no secret.
func (s Signing) NewSigner() (*Signer, error) {
	var faults []error
	for _, scheme := range s.Schemes {
		if !slices.Contains(Schemes(), scheme) {
			faults = append(faults, fmt.Errorf("signing scheme %q: use segment, sha256 or standard", scheme))
		}
	}
	signer := &Signer{
		segment:  slices.Contains(s.Schemes, SchemeSegment),
		sha256:   slices.Contains(s.Schemes, SchemeSHA256),
		standard: slices.Contains(s.Schemes, SchemeStandard),
	}
	parse := func(text string) (*keys, error) {
		key, err := standardKey(text)
		if err != nil && signer.standard {
			return nil, err
		}
		return newKeys(text, key), nil
	}
	for _, secret := range []Secret{s.Secret, s.Previous} {
		if secret.IsSet() {
			k, err := watchSecret(secret, s.Warn, parse)
			if err != nil {
				faults = append(faults, fmt.Errorf("shared secret: %w", err))
			}
			signer.secrets = append(signer.secrets, k)
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	if !s.Secret.IsSet() || len(s.Schemes) == 0 {
		return nil, nil //nolint:nilnil // a nil Signer signs nothing, which is what was asked for
	}
	return signer, nil
}

// standardKey is the key that Standard Webhooks means by a secret: whsec_ and base64, or any other
// text as it is.
func standardKey(secret string) ([]byte, error) {
	encoded, is := strings.CutPrefix(secret, "whsec_")
	if !is {
		return []byte(secret), nil
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) == 0 {
		return nil, errors.New("a secret that begins with whsec_ needs standard base64 behind it")
	}
	return key, nil
}

// Sign returns Segment's signature of data, the lower-case hex HMAC-SHA1, 40 characters, or ""
// where the signer is nil or there is no data.
func (s *Signer) Sign(data []byte) string {
	if s == nil || len(data) == 0 {
		return ""
	}
	return s.secrets[0].get().sha1.hex("", data)
}

// Names reports whether requests carry a webhook-id, see Request.ID.
func (s *Signer) Names() bool { return s != nil && s.standard }

// sign adds the signatures that stay the same at every try. first is what Segment's covers. A
// mapped header of the same name wins.
func (s *Signer) sign(headers headerSet, first, body []byte) headerSet {
	if s == nil {
		return headers
	}
	for i, secret := range s.secrets {
		if s.segment && len(first) > 0 {
			if name := [...]string{"X-Signature", "X-Signature-Previous"}[i]; !headers.has(name) {
				headers = headers.add(name, secret.get().sha1.hex("", first))
			}
		}
		if s.sha256 {
			if name := [...]string{"X-Signature-256", "X-Signature-256-Previous"}[i]; !headers.has(name) {
				headers = headers.add(name, secret.get().sha256.hex("sha256=", body))
			}
		}
	}
	return headers
}

// signAt adds the headers of Standard Webhooks for a try at a time. They win over mapped ones,
// with which the signature would not hold.
func (s *Signer) signAt(headers headerSet, id string, body []byte, now time.Time) headerSet {
	seconds := strconv.FormatInt(now.Unix(), 10)
	var list strings.Builder
	for i, secret := range s.secrets {
		if i > 0 {
			list.WriteByte(' ')
		}
		list.WriteString("v1,")
		list.WriteString(secret.get().standard.base64([]byte(id+"."+seconds+"."), body))
	}
	headers = headers.set("Webhook-Id", id)
	headers = headers.set("Webhook-Timestamp", seconds)
	return headers.set("Webhook-Signature", list.String())
}

// String hides the key, which the hash states would otherwise give away when printed.
func (s *Signer) String() string { return "sink.Signer" }

// GoString hides the key from %#v.
func (s *Signer) GoString() string { return s.String() }

// keys are what one secret means to each scheme.
type keys struct{ sha1, sha256, standard digests }

func newKeys(secret string, standard []byte) *keys {
	k := &keys{}
	k.sha1.use(sha1.New, []byte(secret))
	k.sha256.use(sha256.New, []byte(secret))
	k.standard.use(sha256.New, standard)
	return k
}

// digests makes HMACs under one key.
type digests struct{ states sync.Pool }

// digest is what one HMAC needs, kept together so that making one allocates only its result.
type digest struct {
	mac  hash.Hash
	sum  [sha256.Size]byte
	text [2 * sha256.Size]byte
}

func (d *digests) use(algorithm func() hash.Hash, key []byte) {
	d.states.New = func() any { return &digest{mac: hmac.New(algorithm, key)} }
}

// hex is the HMAC of data in lower-case hex, behind a prefix.
func (d *digests) hex(prefix string, data []byte) string {
	state := d.states.Get().(*digest) //nolint:forcetypeassert // use makes nothing else
	defer d.states.Put(state)
	state.mac.Reset()
	state.mac.Write(data) // a hash never fails
	n := hex.Encode(state.text[:], state.mac.Sum(state.sum[:0]))
	if prefix == "" {
		return string(state.text[:n])
	}
	return prefix + string(state.text[:n])
}

// base64 is the HMAC of two parts, one behind the other, in standard base64.
func (d *digests) base64(before, data []byte) string {
	state := d.states.Get().(*digest) //nolint:forcetypeassert // use makes nothing else
	defer d.states.Put(state)
	state.mac.Reset()
	state.mac.Write(before)
	state.mac.Write(data)
	return base64.StdEncoding.EncodeToString(state.mac.Sum(state.sum[:0]))
}
