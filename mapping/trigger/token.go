package trigger

// kind is what a token is.
type kind uint8

const (
	end      kind = iota // the end of the text
	word                 // a name, a path or a bare value; escapes are undone, keys joined by dots
	quoted               // a text between double quotes
	number               // a number, as written
	null                 // null
	and                  // and
	or                   // or
	operator             // = != < <= > >=
	bang                 // !
	opening              // (
	closing              // )
	comma                // ,
	stray                // [ ] . and other marks that are tokens at Segment and have no meaning here
	faulty               // anything that has been reported already
)

// token is one token of a trigger's text.
type token struct {
	kind       kind
	pos, end   int    // byte offsets
	text       string // the name, the content of a text, the number or the operator
	plain      bool   // a word of one part without escapes, such as not
	escapedDot bool   // a word with a backslash before a dot
	cut        bool   // a word that Segment's tokenizer would cut short, see CutWord
}

// What a character can be, in Segment's terms.

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isBlank(c byte) bool  { return c == ' ' || c == '\t' || c == '\n' }

// isNameStart tells whether a name may begin with c.
func isNameStart(c byte) bool { return isLetter(c) || c == '_' || c == '\\' }

// isName tells whether c may stand in a name.
func isName(c byte) bool { return isNameStart(c) || isDigit(c) || c == '-' }

// at returns the byte at i, 0 behind the end.
func at(s string, i int) byte {
	if i < len(s) {
		return s[i]
	}
	return 0
}

// terminated tells whether what precedes i ends there in Segment's eyes: at the end, a blank, a comma, ] or ).
func terminated(s string, i int) bool {
	return i >= len(s) || isBlank(s[i]) || s[i] == ',' || s[i] == ']' || s[i] == ')'
}
