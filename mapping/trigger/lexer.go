package trigger

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"segment-webhooks/mapping/document"
)

// maxUnits is the length, in UTF-16 code units, from which Segment refuses a name, a number or a text.
const maxUnits = 100_000

// doesNotParse is Segment's reading of what it refuses, too.
const doesNotParse = "does not parse this either: the mapping would never fire"

// lexer turns text into tokens. It goes on after a fault, so that all of them are reported.
type lexer struct {
	*report
	i      int // offset of the next byte
	tokens []token
	astray Reason // why Segment's tokenizer reads the rest otherwise than it is written; 0 if it does not
}

// lex returns the tokens of text, an end token last.
func lex(r *report) []token {
	l := &lexer{report: r}
	for l.i < len(l.text) {
		l.next()
	}
	l.emit(token{kind: end, pos: len(l.text), end: len(l.text)})
	return l.tokens
}

func (l *lexer) emit(t token) { l.tokens = append(l.tokens, t) }

// mark emits a token of one or more bytes without further content and moves behind it.
func (l *lexer) mark(k kind, width int) {
	l.emit(token{kind: k, pos: l.i, end: l.i + width, text: l.text[l.i : l.i+width]})
	l.i += width
}

// next reads one token, or skips a blank.
func (l *lexer) next() {
	switch c := l.text[l.i]; {
	case isBlank(c):
		l.i++
	case isNameStart(c):
		l.word()
	case isDigit(c), c == '-', c == '+':
		l.number()
	case c == '.' && isDigit(at(l.text, l.i+1)):
		l.number()
	case c == '"':
		l.quoted()
	case c == '\'':
		l.singleQuoted()
	case c == '(':
		l.mark(opening, 1)
	case c == ')':
		l.mark(closing, 1)
	case c == ',':
		l.mark(comma, 1)
	case c == '[', c == ']', c == '.':
		l.mark(stray, 1)
	case c == '=', c == '<', c == '>', c == '!':
		l.operator()
	default:
		l.badCharacter()
	}
}

// operator reads ! or a run of operator characters.
func (l *lexer) operator() {
	stop := l.i + 1
	if l.text[l.i] != '!' || at(l.text, stop) == '=' {
		for stop < len(l.text) && strings.IndexByte("=<>!~", l.text[stop]) >= 0 {
			stop++
		}
	}
	switch text := l.text[l.i:stop]; text {
	case "!":
		l.mark(bang, 1)
	case "=", "<", ">":
		l.mark(operator, 1)
	case "!=", "<=", ">=":
		if !terminated(l.text, stop) {
			l.note(Spacing, l.i, fmt.Sprintf("Segment needs a blank behind %s", text))
		}
		l.mark(operator, len(text))
	default:
		l.fault(UnknownOperator, l.i, stop, "no such operator: "+text, "takes the characters one by one, and the condition is never true",
			operatorHint(text))
		l.mark(faulty, len(text))
	}
}

// unread reports what is outside the language, and what Segment therefore does not parse unless it is astray.
func (l *lexer) unread(reason Reason, start, stop int, message, hint string) {
	segment := doesNotParse
	switch l.astray {
	case CutWord:
		reason, segment = l.astray, "loses this: of the word before it only the first letter remains"
	case QuoteInText:
		reason, segment = l.astray, "reads this as text, which goes on from a closing quote without a blank behind it"
	}
	l.fault(reason, start, stop, message, segment, hint)
}

// number reads a sign, digits and at most one dot.
func (l *lexer) number() {
	start, stop := l.i, l.i+1
	for c := at(l.text, stop); isName(c) && c != '\\' || c == '.' || c == '+'; c = at(l.text, stop) {
		stop++
	}
	// 5and is a number and a word, at Segment as here; every other letter spoils the number.
	digits := strings.TrimRight(l.text[start:stop], "andor")
	if rest := l.text[start+len(digits) : stop]; rest == "and" || rest == "or" {
		stop = start + len(digits)
	}
	text := l.text[start:stop]
	l.i = stop
	switch {
	case !isNumber(text):
		l.fault(BadNumber, start, stop, text+" is not a number", "reads the part that it takes for a number and ignores the rest, or does not parse it",
			"write digits with at most one dot between them, as in 5, -5 or 0.5; a text goes into double quotes")
	case len(text) >= maxUnits:
		l.tooLong(start, stop, "a number")
	default:
		l.emit(token{kind: number, pos: start, end: stop, text: text})
		return
	}
	l.emit(token{kind: faulty, pos: start, end: stop})
}

// isNumber tells whether s is a number that Segment reads whole: [+-]digits, with a dot followed by digits. Without a sign
// a digit has to come first, because Segment takes a leading dot for a token of its own.
func isNumber(s string) bool {
	signed := s[0] == '-' || s[0] == '+'
	if signed {
		s = s[1:]
	}
	whole, fraction, dotted := strings.Cut(s, ".")
	for _, c := range []byte(whole + fraction) {
		if !isDigit(c) {
			return false
		}
	}
	return (whole != "" || signed && dotted) && (fraction != "" || !dotted)
}

func (l *lexer) tooLong(start, stop int, what string) {
	l.fault(TooLong, start, stop, fmt.Sprintf("%s of %d or more characters", what, maxUnits), doesNotParse, "shorten it")
}

// quoted reads a text in double quotes. There are no escapes.
func (l *lexer) quoted() {
	start := l.i
	length := strings.IndexByte(l.text[start+1:], '"')
	if length < 0 {
		l.unread(Unclosed, start, len(l.text), "this text has no closing quote", `add the missing "`)
		l.i = len(l.text)
		l.emit(token{kind: faulty, pos: start, end: l.i})
		return
	}
	stop := start + 1 + length + 1
	content := l.text[start+1 : stop-1]
	switch {
	case terminated(l.text, stop), l.text[stop] == '\r': // a carriage return gets an error of its own
	case conjunctionAt(l.text, stop):
		l.note(Spacing, stop, "Segment needs a blank behind a closing quote")
		l.astray = QuoteInText
	default:
		l.quoteInText(start, stop)
		return
	}
	l.i = stop
	if len(content) >= maxUnits && document.UTF16Len(content) >= maxUnits {
		l.tooLong(start, stop, "a text")
		l.emit(token{kind: faulty, pos: start, end: stop})
		return
	}
	l.emit(token{kind: quoted, pos: start, end: stop, text: content})
}

// conjunctionAt tells whether and or or begins at i and ends as a word.
func conjunctionAt(s string, i int) bool {
	rest := s[i:]
	for _, w := range [...]string{"and", "or"} {
		if strings.HasPrefix(rest, w) && !isName(at(rest, len(w))) {
			return true
		}
	}
	return false
}

// quoteInText reports a closing quote that something follows directly, and skips to a quote that does end a text.
func (l *lexer) quoteInText(start, stop int) {
	hint := `put a blank behind it; a " inside a text cannot be written at all`
	if r, width := utf8.DecodeRuneInString(l.text[stop:]); r < utf8.RuneSelf && !isName(byte(r)) && r != '"' && r != '\'' {
		hint = "take out the " + l.text[stop:stop+width] + " behind it"
	}
	l.fault(QuoteInText, stop-1, stop, "a closing quote is followed by a blank, a comma, ) or the end",
		"reads on from this quote into a second text", hint)
	for l.i = stop; l.i < len(l.text); l.i++ {
		if l.text[l.i] == '"' && terminated(l.text, l.i+1) {
			l.i++
			break
		}
	}
	l.emit(token{kind: faulty, pos: start, end: l.i})
}

// singleQuoted reports a text in single quotes and skips it.
func (l *lexer) singleQuoted() {
	start := l.i
	length := strings.IndexByte(l.text[start+1:], '\'')
	if length < 0 {
		l.unread(Unclosed, start, len(l.text), "this text has no closing quote", `put it between two "`)
		l.i = len(l.text)
	} else {
		l.i = start + 1 + length + 1
		hint := fmt.Sprintf(`write "%s"`, l.text[start+1:l.i-1])
		if strings.Contains(l.text[start+1:l.i-1], `"`) {
			hint = `use double quotes; a " inside a text cannot be written at all`
		}
		l.fault(SingleQuotes, start, l.i, "a text goes into double quotes", "takes the single quotes as part of the text", hint)
	}
	l.emit(token{kind: faulty, pos: start, end: l.i})
}

// badCharacter reports a run of characters outside the language and skips it.
func (l *lexer) badCharacter() {
	start := l.i
	run := l.text[start:]
	for i, c := range run {
		if i > 0 && (c < utf8.RuneSelf && (isBlank(byte(c)) || isName(byte(c)) || strings.ContainsRune(`"'().,[]=<>!`, c))) {
			run = run[:i]
			break
		}
	}
	l.i += len(run)
	k := faulty
	hint := "take it out; a text that contains it goes into double quotes"
	first, _ := utf8.DecodeRuneInString(run)
	switch special := characterHint(first); {
	case run == "&&", run == "&":
		k, hint = and, "write and"
	case run == "||", run == "|":
		k, hint = or, "write or"
	case special != "":
		hint = special
	}
	l.unread(BadCharacter, start, l.i, describeRun(run)+" has no meaning in a trigger", hint)
	l.emit(token{kind: k, pos: start, end: l.i, text: run})
}

// characterHint says what to do about a character that has nothing to do in a name either; "" for any other.
func characterHint(r rune) string {
	switch {
	case r == '\r':
		return "end lines with a line feed only, or write the trigger on one line"
	case strings.ContainsRune("“”„‟«»", r):
		return `use the straight double quote "`
	case r == '/':
		return "take it out; a trigger has no comments"
	case invisible(r):
		return "it is invisible: take it out or replace it by an ordinary blank"
	}
	return ""
}

// invisible tells whether r is a control character or a blank that looks like an ordinary one or like nothing.
func invisible(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.IsSpace(r)
}

// describeRun names characters so that invisible ones can be told apart.
func describeRun(run string) string {
	r, _ := utf8.DecodeRuneInString(run)
	switch {
	case r == '\r':
		return "a carriage return"
	case invisible(r):
		return fmt.Sprintf("the character U+%04X", r)
	}
	return excerptOf(run)
}

// excerptOf cuts s to a length that suits a message.
func excerptOf(s string) string {
	const most = 80
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
