package trigger

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"segment-webhooks/mapping/document"
)

// word reads a keyword, a name or a path: keys joined by dots, with blanks around the dots allowed. A backslash makes the
// next character part of a key, whatever it is.
func (l *lexer) word() {
	start := l.i
	t := token{kind: word, pos: start, plain: true}
	var b strings.Builder
	for {
		from := l.i
		if cutShort(l.text[from:]) {
			t.cut, l.astray = true, CutWord
		}
		if !l.key(&b, &t) {
			l.spoiltPath(start)
			return
		}
		raw := l.text[from:l.i]
		if from == start && l.keyword(raw) {
			return
		}
		if from > start && isKeyword(raw) && terminated(l.text, l.i) {
			l.fault(BadPath, from, l.i, raw+" is a word of the language and cannot be a key as it is", dotIsOperator, `write \`+raw)
			t.kind = faulty
		}
		if l.i-from >= maxUnits && document.UTF16Len(raw) >= maxUnits {
			l.tooLong(from, l.i, "a name")
			t.kind = faulty
		}
		dot := l.i
		for isBlank(at(l.text, dot)) {
			dot++
		}
		if at(l.text, dot) != '.' {
			break
		}
		b.WriteByte('.')
		t.plain = false
		for l.i = dot + 1; isBlank(at(l.text, l.i)); l.i++ {
		}
		if !isNameStart(at(l.text, l.i)) {
			l.badKey(start, dot)
			return
		}
	}
	if c := at(l.text, l.i); c == '<' || c == '>' {
		l.note(Spacing, l.i, fmt.Sprintf("Segment needs a blank before %c", c))
	}
	if t.cut && l.i < len(l.text) {
		l.note(Spacing, l.i, "Segment needs a blank before the operator here")
	}
	t.end, t.text = l.i, b.String()
	l.emit(t)
}

// key reads one key of a path into b; false: a character that cannot stand in it comes next.
func (l *lexer) key(b *strings.Builder, t *token) bool {
	for l.i < len(l.text) && isName(l.text[l.i]) {
		if l.text[l.i] != '\\' {
			b.WriteByte(l.text[l.i])
			l.i++
			continue
		}
		r, width := utf8.DecodeRuneInString(l.text[l.i+1:])
		if width == 0 || r > 0xffff {
			return false
		}
		b.WriteRune(r)
		t.plain = false
		t.escapedDot = t.escapedDot || r == '.'
		l.i += 1 + width
	}
	return terminated(l.text, l.i) || strings.IndexByte(`.(=!<>"'&|;`+"\r", l.text[l.i]) >= 0
}

// cutShort tells whether Segment's tokenizer loses all but the first letter of rest, the text from the start of a key: it
// looks ahead for and or null, and does not go back where the text ends first.
func cutShort(rest string) bool {
	longest := 0
	switch rest[0] {
	case 'a':
		longest = len("and")
	case 'n':
		longest = len("null")
	}
	return len(rest) > 1 && len(rest) < longest*utf8.UTFMax && document.UTF16Len(rest) < longest && !strings.ContainsAny(rest, " \t\n,])")
}

// keyword emits the token for and, or, null where raw is one of them. These words count although no blank follows, unless
// the text goes on as a path or, for null, as anything.
func (l *lexer) keyword(raw string) bool {
	glued := !terminated(l.text, l.i)
	if !isKeyword(raw) || at(l.text, l.i) == '.' || at(l.text, l.i) == '=' || raw == "null" && glued {
		return false
	}
	k := null
	switch raw {
	case "and":
		k = and
	case "or":
		k = or
	}
	if glued {
		l.note(Spacing, l.i, fmt.Sprintf("Segment needs a blank behind %s", raw))
	}
	l.emit(token{kind: k, pos: l.i - len(raw), end: l.i, text: raw})
	return true
}

func isKeyword(s string) bool { return s == "and" || s == "or" || s == "null" }

// dotIsOperator is Segment's reading of a path that goes on with something that is no key.
const dotIsOperator = "ends the path before this dot and takes the dot as the operator, so the condition is never true"

// badKey reports a path that goes on after the dot with something that needs a backslash, or with nothing, and skips it.
func (l *lexer) badKey(start, dot int) {
	from := l.i
	l.skipRun()
	switch run := l.text[from:l.i]; {
	case run == "" || run[0] == '.':
		l.fault(BadPath, dot, dot+1, "no key behind this dot", dotIsOperator, "name the key, or take the dot out")
	case strings.IndexByte("0123456789+-[]'", run[0]) >= 0:
		l.fault(BadPath, from, l.i, excerptOf(run)+" cannot be a key as it is", dotIsOperator, writePath(l.text[start:dot]+"."+run))
	default:
		l.unread(BadCharacter, from, l.i, excerptOf(run)+" cannot be a key as it is", writePath(l.text[start:dot]+"."+run))
	}
	l.emit(token{kind: faulty, pos: start, end: l.i})
}

// spoiltPath reports the character at i, which cannot stand in a name, and skips the rest of the run.
func (l *lexer) spoiltPath(start int) {
	bad := l.i
	l.skipRun()
	switch r, width := utf8.DecodeRuneInString(l.text[bad:]); {
	case r == '[':
		l.fault(BadPath, bad, bad+1, "a bracket in a path needs a backslash", doesNotParse, writePath(l.text[start:l.i]))
	case r == '\\':
		l.fault(BadPath, bad, bad+1, "a backslash needs a character of the basic plane behind it", doesNotParse,
			"a key with an emoji in it, or one that ends in a backslash, cannot be tested")
	default:
		hint := characterHint(r)
		if hint == "" {
			hint = writePath(l.text[start:l.i]) + "; a text goes into double quotes"
		}
		l.unread(BadCharacter, bad, bad+width, describeRun(l.text[bad:bad+width])+" cannot stand in a name as it is", hint)
	}
	l.emit(token{kind: faulty, pos: start, end: l.i})
}

// skipRun moves behind everything up to a blank, a parenthesis, a comma, a quote or an operator, brackets with what they
// hold included.
func (l *lexer) skipRun() {
	for l.i < len(l.text) && !isBlank(l.text[l.i]) && strings.IndexByte(`(),"=!<>`+"\r", l.text[l.i]) < 0 {
		switch l.text[l.i] {
		case '\\':
			l.i++
		case '[':
			l.i += max(0, strings.IndexByte(l.text[l.i:], ']'))
		}
		if l.i < len(l.text) {
			_, width := utf8.DecodeRuneInString(l.text[l.i:])
			l.i += width
		}
	}
}

// writePath is the hint how to write a path: dots for brackets, and a backslash before every character that needs one.
func writePath(raw string) string {
	b := []byte("write ")
	first := true    // at the start of a key
	bracket := false // inside brackets, where a blank counts
	for i := 0; i < len(raw); {
		r, width := utf8.DecodeRuneInString(raw[i:])
		i += width
		switch {
		case r > 0xffff:
			return "a key with an emoji in it cannot be tested"
		case r == '[':
			if bracket = true; !first {
				b, first = append(b, '.'), true
			}
			continue
		case r == ']':
			bracket = false
			continue
		case r == '\'', r == '"', !bracket && (r == ' ' || r == '\t' || r == '\n'):
			continue
		case r == '\\' && i < len(raw):
			_, width = utf8.DecodeRuneInString(raw[i:])
			b = append(b, raw[i-1:i+width]...)
			i += width
		case r != '.' && (r >= utf8.RuneSelf || !isName(byte(r)) || first && (isDigit(byte(r)) || r == '-')):
			b = utf8.AppendRune(append(b, '\\'), r)
		default:
			b = utf8.AppendRune(b, r)
		}
		first = r == '.'
	}
	return string(b)
}
