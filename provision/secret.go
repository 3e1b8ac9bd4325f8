package provision

import (
	"fmt"
	"io"
)

// Secret is a password or passphrase in memory. Nothing prints it: no verb of
// fmt, no JSON, no log, no panic. Reveal is the one way to its text.
type Secret struct {
	// A pointer, since fmt looks into unexported fields past every method, and
	// stops there at a pointer's address.
	text *string
}

// redacted is what stands in a secret's place.
const redacted = "[redacted]"

// NewSecret hides text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal is the text itself, to be written to whoever asked for it and nowhere
// else.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty says whether there is nothing to hide.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// String implements fmt.Stringer.
func (s Secret) String() string { return redacted }

// Format implements fmt.Formatter: every verb prints the same.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText implements encoding.TextMarshaler, and so JSON's and slog's.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
