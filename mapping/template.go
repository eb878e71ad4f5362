package mapping

import (
	"strings"

	"segment-webhooks/mapping/document"
)

// template is the text of an @template: pieces of text with placeholders between them.
type template struct {
	pieces []piece
	// again is set where the text holds {{{path}}}: those are filled first and what comes of it is searched for
	// {{path}}, text from the event included.
	again bool
}

// piece is a stretch of text followed by a placeholder. The last piece of a template has none.
type piece struct {
	text string
	path path
	hole bool
}

func parseTemplate(text string) template {
	triple := parsePieces(text, 3)
	if len(triple) > 1 {
		return template{pieces: triple, again: true}
	}
	return template{pieces: parsePieces(text, 2)}
}

// parsePieces cuts text at its placeholders: a run of one or more characters other than "}" between as many opening
// and closing braces.
func parsePieces(text string, braces int) []piece {
	opening, closing := strings.Repeat("{", braces), strings.Repeat("}", braces)
	var pieces []piece
	start := 0 // of the text not yet in a piece
	for from := 0; ; {
		open := strings.Index(text[from:], opening)
		if open < 0 {
			break
		}
		open += from
		inner := open + braces
		length := strings.IndexByte(text[inner:], '}')
		if length < 0 {
			break
		}
		end := inner + length
		if length == 0 || !strings.HasPrefix(text[end:], closing) {
			from = end // no placeholder that opens before this brace can close
			continue
		}
		pieces = append(pieces, piece{text: text[start:open], path: parsePath(document.TrimBlanks(text[inner:end])), hole: true})
		start = end + braces
		from = start
	}
	return append(pieces, piece{text: text[start:]})
}

// constant reports whether the template holds no placeholder.
func (t template) constant() bool { return len(t.pieces) == 1 }

// render fills the placeholders from in. Missing and null leave nothing behind.
func (t template) render(in document.Value) string {
	text := renderPieces(t.pieces, in)
	if t.again {
		text = renderPieces(parsePieces(text, 2), in)
	}
	return text
}

func renderPieces(pieces []piece, in document.Value) string {
	var b strings.Builder
	for i := range pieces {
		b.WriteString(pieces[i].text)
		if !pieces[i].hole {
			continue
		}
		if v := pieces[i].path.in(in); !v.IsMissing() && !v.IsNull() {
			b.WriteString(v.Text())
		}
	}
	return b.String()
}
