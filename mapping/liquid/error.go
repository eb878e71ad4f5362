package liquid

import (
	"fmt"

	"segment-webhooks/mapping/document"
)

// Position is a place in a template.
type Position struct {
	Offset int // bytes from the start, from 0
	Line   int // from 1
	Column int // UTF-16 units from the start of the line, from 1, as liquidjs counts
}

// String returns the position in words, for messages.
func (p Position) String() string { return fmt.Sprintf("line %d, column %d", p.Line, p.Column) }

// SyntaxError says why a template cannot be used, whatever the event: Parse returns no other error. Segment parses
// anew for each event and fails that event, so a caller that wants parity reports it when the event arrives; one
// that wants to help reports it at load.
type SyntaxError struct {
	Position
	Reason string // what was found and what is allowed
}

func (e *SyntaxError) Error() string { return e.String() + ": " + e.Reason }

// RenderError says why a template gives no text for one event: Render returns no other error. The position is that
// of the output or the tag which was being rendered.
type RenderError struct {
	Position
	Reason string
}

func (e *RenderError) Error() string { return e.String() + ": " + e.Reason }

// Warning is something in a template that parses but hardly does what its author meant.
type Warning struct {
	Position
	Reason string
}

func (w Warning) String() string { return w.Position.String() + ": " + w.Reason }

// position returns the place of the unit at in a template.
func position(in []uint16, at int) Position {
	before := in[:min(at, len(in))]
	p := Position{Offset: len(document.FromUTF16(before)), Line: 1, Column: 1}
	for _, u := range before {
		if u == '\n' {
			p.Line++
			p.Column = 1
		} else {
			p.Column++
		}
	}
	return p
}

// syntaxError returns the error that a template has at the unit at.
func syntaxError(in []uint16, at int, format string, args ...any) error {
	return &SyntaxError{Position: position(in, at), Reason: fmt.Sprintf(format, args...)}
}
