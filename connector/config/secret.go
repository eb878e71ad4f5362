package config

import (
	"fmt"
	"io"
	"log/slog"
)

// hidden is what stands for a secret wherever one is printed.
const hidden = "(secret)"

// Secret is a text that prints as a placeholder with every verb of fmt, in JSON and in slog. The zero value is a
// secret that is not set, and prints as nothing.
//
// The text is behind a pointer because fmt reads unexported fields without asking for their methods: a Secret in
// such a field shows an address, not the text.
type Secret struct {
	text *string
}

// NewSecret hides text. An empty text is a secret that is not set.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// IsSet tells whether there is a secret.
func (s Secret) IsSet() bool { return s.text != nil }

// Reveal gives the secret itself, or "" where none is set. Its result must not reach a log, an error or a page.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// String gives the placeholder.
func (s Secret) String() string {
	if s.text == nil {
		return ""
	}
	return hidden
}

// Format prints the placeholder, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText gives the placeholder; encoding/json uses it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue gives the placeholder.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// UnmarshalText keeps text as the secret.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}
