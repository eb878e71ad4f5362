package document

import "fmt"

// SyntaxError says why a text is not the JSON that was asked for.
type SyntaxError struct {
	Offset int    // of the offending byte, from 0
	Reason string // what is wrong there, in words
}

// Error names the place and the reason.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at byte %d: %s", e.Offset, e.Reason)
}

// fault says what is wrong at b[i], or that the text ends there.
func fault(b []byte, i int, reason string) *SyntaxError {
	if i >= len(b) {
		return &SyntaxError{len(b), "the text ends in the middle of a value"}
	}
	return &SyntaxError{i, reason}
}

// wordFault finds where the text at b[i] stops being the given word.
func wordFault(b []byte, i int, w string) *SyntaxError {
	n := 0
	for i+n < len(b) && b[i+n] == w[n] {
		n++
	}
	return fault(b, i+n, "expected "+w)
}

// numberFault finds what is wrong with the number at b[i].
func numberFault(b []byte, i int) *SyntaxError {
	digits := func() bool {
		from := i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		return i > from
	}
	if b[i] == '-' {
		i++
	}
	whole := i
	if digits() && i > whole+1 && b[whole] == '0' {
		return fault(b, whole+1, "a number of several digits does not start with 0")
	}
	if i > whole && i < len(b) && b[i] == '.' {
		if i++; !digits() {
			return fault(b, i, "expected a digit")
		}
	}
	if i > whole && i < len(b) && b[i]|' ' == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
	}
	return fault(b, i, "expected a digit")
}

// stringFault finds what is wrong with the string at b[i].
func stringFault(b []byte, i int) *SyntaxError {
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c < ' ':
			return fault(b, i, "a control character in a string must be escaped")
		case c == '\\':
			if n, _ := scanEscape(b[i:]); n == 0 {
				return fault(b, i+1, `expected one of the escapes \" \\ \/ \b \f \n \r \t or \u with four hexadecimal digits`)
			}
			i++
		}
	}
	return fault(b, i, "")
}
