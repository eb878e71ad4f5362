package liquid

import "slices"

// kind is what a token is.
type kind uint8

const (
	textToken kind = iota
	outputToken
	tagToken
)

// token is a piece of a template: text, an output or a tag.
type token struct {
	kind       kind
	begin, end int // where it stands, delimiters included

	// of text: what whitespace control leaves
	// of outputs: what stands between the delimiters
	// of tags: what follows the name
	from, to int

	name                string // of tags
	trimLeft, trimRight bool   // whether it cuts blanks of the text beside it
}

// lexer cuts a template into tokens.
type lexer struct {
	cursor
	raw int // where the raw tag begins that is open, -1 if none is
}

// lex returns the tokens of a template.
func lex(in []uint16) ([]token, error) {
	l := lexer{cursor: cursor{in: in, end: len(in)}, raw: -1}
	var tokens []token
	for !l.done() {
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
	}
	trim(in, tokens)
	return tokens, nil
}

func (l *lexer) next() (token, error) {
	begin := l.at
	switch {
	case l.raw >= 0:
		return l.rawText()
	case l.starts("{%"):
		if !l.to("%}", false) {
			return token{}, syntaxError(l.in, begin, "tag %s is not closed by %%}", l.from(begin))
		}
		t, err := newTag(l.in, begin, l.at, begin+2, l.at-2)
		if t.name == "raw" {
			l.raw = begin
		}
		return t, err
	case l.starts("{{"):
		if !l.to("}}", true) {
			return token{}, syntaxError(l.in, begin, "output %s is not closed by }}", l.from(begin))
		}
		t := token{kind: outputToken, begin: begin, end: l.at}
		t.inside(l.in, begin+2, l.at-2)
		return t, nil
	}
	for !l.done() && !l.starts("{%") && !l.starts("{{") {
		l.at++
	}
	return token{kind: textToken, begin: begin, end: l.at, from: begin, to: l.at}, nil
}

// from returns the start of what begins at begin, for messages.
func (l *lexer) from(begin int) string {
	c := cursor{in: l.in, at: begin, end: l.end}
	return c.rest()
}

// behind reports whether delimiter ends where the cursor is.
func (c *cursor) behind(delimiter string) bool {
	from := c.at - len(delimiter)
	return from >= 0 && slices.EqualFunc(c.in[from:c.at], []byte(delimiter), func(u uint16, b byte) bool {
		return u == uint16(b)
	})
}

// to moves behind the next delimiter, over strings if they count. As in liquidjs the delimiter may share units with
// what the cursor is on.
func (c *cursor) to(delimiter string, overStrings bool) bool {
	c.skip()
	for !c.done() {
		if overStrings && c.class(0)&quote != 0 {
			c.skipQuoted()
			continue
		}
		c.at++
		if c.behind(delimiter) {
			return true
		}
	}
	return false
}

// rawText reads what stands in a raw tag up to its endraw tag, then that tag.
func (l *lexer) rawText() (token, error) {
	begin := l.at
	open := func() int {
		for !l.done() {
			l.at++
			if l.behind("{%") {
				return l.at - 2
			}
		}
		return -1
	}
	left := open()
	for !l.done() {
		if l.name() != "endraw" {
			left = open()
			continue
		}
		for l.at <= l.end {
			if l.behind("%}") {
				if begin == left {
					l.raw = -1
					return newTag(l.in, begin, l.at, begin+2, l.at-2)
				}
				l.at = left
				return token{kind: textToken, begin: begin, end: left, from: begin, to: left}, nil
			}
			if l.behind("{%") {
				break
			}
			l.at++
		}
	}
	return token{}, syntaxError(l.in, l.raw, "raw %s is not closed by {%% endraw %%}", l.from(l.raw))
}

// newTag returns the tag of which from and to bound what stands between the delimiters.
func newTag(in []uint16, begin, end, from, to int) (token, error) {
	t := token{kind: tagToken, begin: begin, end: end}
	t.inside(in, from, to)
	c := cursor{in: in, at: t.from, end: t.to}
	c.skip()
	if c.at < len(in) && in[c.at] == '#' {
		c.at++
		t.name = "#"
	} else {
		t.name = c.name()
	}
	if t.name == "" {
		return t, c.fail("expected the name of a tag")
	}
	c.skip()
	t.from = c.at
	t.to = max(t.from, t.to)
	return t, nil
}

// inside sets from, to and whether to trim, of an output or a tag with the given content.
func (t *token) inside(in []uint16, from, to int) {
	at := func(i int) uint16 {
		if i < 0 || i >= len(in) {
			return 0
		}
		return in[i]
	}
	t.trimLeft, t.trimRight = at(from) == '-', at(to-1) == '-'
	if t.trimLeft {
		from++
	}
	if t.trimRight {
		to--
	}
	for from < to && classOf(in[from])&blank != 0 {
		from++
	}
	for to > from && classOf(in[to-1])&blank != 0 {
		to--
	}
	t.from, t.to = from, max(from, to)
}

// trim carries out whitespace control: a hyphen beside a delimiter cuts all blanks and line ends of the text there.
// In raw text nothing is cut.
func trim(in []uint16, tokens []token) {
	raw := false
	for i, t := range tokens {
		if t.kind == textToken {
			continue
		}
		if t.trimLeft && !raw && i > 0 {
			left := &tokens[i-1]
			for left.kind == textToken && left.to > left.begin && classOf(in[left.to-1])&blank != 0 {
				left.to--
			}
		}
		if t.kind == tagToken && t.name == "raw" {
			raw = true
		} else if t.kind == tagToken && t.name == "endraw" {
			raw = false
		}
		if t.trimRight && !raw && i+1 < len(tokens) {
			right := &tokens[i+1]
			for right.kind == textToken && right.from < right.end && classOf(in[right.from])&blank != 0 {
				right.from++
			}
		}
	}
}

// lines returns a tag for every line of what a liquid tag holds.
func lines(in []uint16, from, to int) ([]token, error) {
	c := cursor{in: in, at: from, end: to}
	var tokens []token
	for {
		if c.skip(); c.done() {
			return tokens, nil
		}
		begin := c.at
		c.to("\n", false)
		t, err := newTag(in, begin, c.at, begin, c.at)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
	}
}
