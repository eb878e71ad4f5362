package connector

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"segment-webhooks/connector/config"
	"segment-webhooks/connector/lane"
	"segment-webhooks/mapping"
	"segment-webhooks/sink"
)

// Sender is how the requests of a mapping are signed, how they prove who sends them, and whom they trust.
type Sender struct {
	Signer *sink.Signer
	Auth   *sink.Auth
	TLS    *sink.TLS
}

// NewSender returns a mapping's sender, whose requests the client is to send. Log is told of files that cannot be read again later.
func NewSender(cfg *config.Config, client *sink.Client, m *mapping.Mapping, log *slog.Logger) (Sender, error) {
	warn := func(err error) {
		log.Warn("a file that has changed cannot be used: what it held before counts on", "mapping", m.Name, "error", err)
	}
	var s Sender
	var faults [3]error
	s.Signer, faults[0] = newSigner(cfg, m, warn)
	if t := m.TLS; t != nil {
		s.TLS, faults[1] = client.NewTLS(sink.TLSFiles{CA: t.CAFile, Cert: t.CertFile, Key: t.KeyFile, Warn: warn})
	}
	s.Auth, faults[2] = newAuth(client, m.Auth, s.TLS, warn)
	for i, err := range faults {
		if err != nil {
			faults[i] = fmt.Errorf("mapping %q: %w", m.Name, err)
		}
	}
	return s, errors.Join(faults[:]...)
}

// Signed says how the requests of a mapping are signed; nothing where no secret is set.
func Signed(cfg *config.Config, m *mapping.Mapping) []string {
	if !m.Signing.Secret.IsSet() && !cfg.Delivery.SharedSecret.IsSet() {
		return nil
	}
	if m.Signing.Schemes != nil {
		return m.Signing.Schemes
	}
	return cfg.Delivery.Signing
}

func newSigner(cfg *config.Config, m *mapping.Mapping, warn func(error)) (*sink.Signer, error) {
	d := &cfg.Delivery
	s := sink.Signing{Warn: warn, Secret: secretOf(m.Signing.Secret), Previous: secretOf(m.Signing.Previous)}
	if !s.Secret.IsSet() {
		s.Secret = settingOf(d.SharedSecret, d.SharedSecretFile)
		s.Previous = settingOf(d.PreviousSecret, d.PreviousSecretFile)
	}
	for _, scheme := range Signed(cfg, m) {
		s.Schemes = append(s.Schemes, sink.Scheme(scheme))
	}
	return s.NewSigner()
}

func newAuth(client *sink.Client, a *mapping.Auth, tls *sink.TLS, warn func(error)) (*sink.Auth, error) {
	if a == nil {
		return nil, nil //nolint:nilnil // no Auth is how a request proves nothing
	}
	switch a.Kind {
	case "bearer":
		return sink.NewBearer(secretOf(a.Secret), warn)
	case "basic":
		return sink.NewBasic(a.Username, secretOf(a.Secret), warn)
	default:
		return client.NewOAuth(sink.OAuth{
			TokenURL: a.TokenURL, ClientID: a.ClientID, Secret: secretOf(a.Secret), Scopes: a.Scopes,
			Parameters: a.Parameters, SecretInBody: a.SecretInBody, TLS: tls, Warn: warn,
		})
	}
}

func secretOf(s mapping.Secret) sink.Secret { return sink.Secret{Text: s.Text, Path: s.File} }

func settingOf(s config.Secret, path string) sink.Secret {
	if path != "" {
		return sink.Secret{Path: path}
	}
	return sink.Secret{Text: s.Reveal()}
}

// newSenders returns the sender of each mapping. The error names each that cannot send as its definition says.
func newSenders(cfg *config.Config, client *sink.Client, set *mapping.Set, log *slog.Logger) ([]Sender, error) {
	all := make([]Sender, len(set.Mappings()))
	var faults []error
	for i, m := range set.Mappings() {
		if len(m.Signing.Schemes) > 0 && len(Signed(cfg, m)) == 0 {
			faults = append(faults, fmt.Errorf(`mapping %q: "signing" is there, but no secret: give the mapping a "secret", or set CONNECTOR_SHARED_SECRET`, m.Name))
		}
		var err error
		if all[i], err = NewSender(cfg, client, m, log); err != nil {
			faults = append(faults, err)
		}
	}
	return all, errors.Join(faults...)
}

// CheckSenders says what keeps the connector from sending as its configuration and its mappings say; nil for nothing.
func CheckSenders(cfg *config.Config, set *mapping.Set) error {
	client, err := newSender(cfg, set, Options{})
	if err != nil {
		return err
	}
	defer client.Close()
	_, err = newSenders(cfg, client, set, slog.New(slog.DiscardHandler))
	return err
}

// idempotencyKey is the same for every attempt at an event, by every member, after every restart.
func (c *courier) idempotencyKey(ev *lane.Event) string {
	p := ev.Partition()
	key := make([]byte, 0, len(p.Topic)+len("-2147483647-9223372036854775807-01234567"))
	key = append(append(key, p.Topic...), '-')
	key = append(strconv.AppendInt(key, int64(p.Number), 10), '-')
	key = append(strconv.AppendInt(key, ev.Offset, 10), '-')
	return string(append(key, c.lane...))
}

// webhookID is Standard Webhooks' id of a request: that of a single event is its Idempotency-Key, without the dots that separate the parts of
// what is signed; that of a batch stands for the events in it, in their order.
func (c *courier) webhookID(s *shipment) string {
	if !s.array {
		return strings.ReplaceAll(c.idempotencyKey(s.events[0]), ".", "_")
	}
	all := sha256.New()
	for _, ev := range s.events {
		_, _ = fmt.Fprintln(all, c.idempotencyKey(ev)) // a hash never fails
	}
	return "batch-" + hex.EncodeToString(all.Sum(nil)[:16])
}

// SentAs says in a few words how a mapping's requests prove who sends them; "" for nothing beyond the signatures of all.
func SentAs(cfg *config.Config, m *mapping.Mapping) string {
	var parts []string
	if m.Signing.Schemes != nil || m.Signing.Secret.IsSet() {
		signed := cmp.Or(strings.Join(Signed(cfg, m), ", "), "nothing")
		if m.Signing.Secret.IsSet() {
			signed += " with a secret of its own"
		}
		parts = append(parts, "signs "+signed)
	}
	if a := m.Auth; a != nil {
		switch a.Kind {
		case "bearer":
			parts = append(parts, "a bearer token")
		case "basic":
			parts = append(parts, "user "+a.Username)
		default:
			parts = append(parts, "OAuth 2.0 tokens from "+sink.RedactURL(a.TokenURL))
		}
	}
	if t := m.TLS; t != nil && t.CertFile != "" {
		parts = append(parts, "a client certificate")
	}
	if t := m.TLS; t != nil && t.CAFile != "" {
		parts = append(parts, "an authority of its own")
	}
	return strings.Join(parts, ", ")
}
