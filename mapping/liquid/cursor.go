package liquid

import (
	"strings"

	"segment-webhooks/mapping/document"
)

// class is what a unit may be part of; a unit can have several classes.
type class uint8

const (
	word  class = 1 << iota // names: letters, digits, _ - ? and all of Unicode but blanks and typographic quotes
	blank                   // ignored between parts, cut by whitespace control
	digit
	sign
	quote
)

func classOf(u uint16) class {
	switch {
	case '0' <= u && u <= '9':
		return word | digit
	case 'a' <= u && u <= 'z', 'A' <= u && u <= 'Z', u == '_', u == '?':
		return word
	case u == '-':
		return word | sign
	case u == '+':
		return sign
	case u == '"', u == '\'':
		return quote
	case u == ' ', '\t' <= u && u <= '\r':
		return blank
	case u < 0x80:
		return 0
	}
	switch u {
	case 0x201c, 0x201d:
		return 0
	case 0xa0, 0x1680, 0x180e, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000:
		return blank
	}
	if 0x2000 <= u && u <= 0x200a {
		return blank
	}
	return word
}

// maxDepth is how deep values may be nested in one another, as in a[b[c]]. A template has no room for more; the
// property that where is given could.
const maxDepth = 500

// cursor reads the inside of an output or a tag, from at to end.
type cursor struct {
	in      []uint16
	at, end int
	depth   int
}

// fail returns an error at the cursor.
func (c *cursor) fail(format string, args ...any) error {
	return syntaxError(c.in, c.at, format, args...)
}

// rest returns what is left, in quotes and cut short, for messages.
func (c *cursor) rest() string {
	const most = 32
	if c.at >= c.end {
		return "the end"
	}
	if c.end-c.at > most {
		return `"` + document.FromUTF16(c.in[c.at:c.at+most]) + `…"`
	}
	return `"` + document.FromUTF16(c.in[c.at:c.end]) + `"`
}

func (c *cursor) done() bool { return c.at >= c.end }

// is reports whether the unit n behind the cursor is u.
func (c *cursor) is(n int, u uint16) bool { return c.at+n < c.end && c.in[c.at+n] == u }

// class returns the classes of the unit n behind the cursor.
func (c *cursor) class(n int) class {
	if c.at+n >= c.end {
		return 0
	}
	return classOf(c.in[c.at+n])
}

// skip moves over blanks.
func (c *cursor) skip() {
	for c.class(0)&blank != 0 {
		c.at++
	}
}

// take moves over u if it comes next.
func (c *cursor) take(u uint16) bool {
	if !c.is(0, u) {
		return false
	}
	c.at++
	return true
}

// past moves behind the next u, to the end if there is none.
func (c *cursor) past(u uint16) bool {
	for c.at < c.end {
		c.at++
		if c.in[c.at-1] == u {
			return true
		}
	}
	return false
}

// name reads a run of word units behind blanks, "" if there is none.
func (c *cursor) name() string {
	c.skip()
	from := c.at
	for c.class(0)&word != 0 {
		c.at++
	}
	return document.FromUTF16(c.in[from:c.at])
}

// longest moves over the longest of words that comes next and returns its index, -1 if none does. A word that ends
// in a letter must end there.
func (c *cursor) longest(words []string) int {
	best, length := -1, 0
	for i, w := range words {
		if len(w) <= length || !c.starts(w) {
			continue
		}
		best, length = i, len(w)
	}
	if best < 0 || classOf(c.in[c.at+length-1])&word != 0 && c.class(length)&word != 0 {
		return -1
	}
	c.at += length
	return best
}

func (c *cursor) starts(w string) bool {
	for i := range len(w) {
		if !c.is(i, uint16(w[i])) {
			return false
		}
	}
	return true
}

// operand reads one value; nil if none starts here. As in liquidjs a variable may be any run of word units, 1e3 and
// --- among them, and what a bracket holds behind its value is passed over.
func (c *cursor) operand() (operand, error) {
	if c.depth++; c.depth > maxDepth {
		return nil, c.fail("values are nested deeper than %d", maxDepth)
	}
	defer func() { c.depth-- }()
	c.skip()
	root, err := c.constant()
	if err != nil {
		return nil, err
	}
	steps, err := c.steps(root == nil)
	if err != nil || len(steps) == 0 {
		return root, err
	}
	return access{root: root, steps: steps}, nil
}

// constant reads a literal, a string, a range or a number; nil if none starts here.
func (c *cursor) constant() (operand, error) {
	if i := c.longest(literalWords[:]); i >= 0 {
		return constant(literals[i]), nil
	}
	if c.class(0)&quote != 0 {
		return c.quoted()
	}
	if c.take('(') {
		return c.span()
	}
	if n, ok := c.number(); ok {
		return constant(number(n)), nil
	}
	return nil, nil
}

// span reads a range behind its parenthesis.
func (c *cursor) span() (operand, error) {
	low, err := c.bound()
	if err != nil {
		return nil, err
	}
	if c.skip(); !c.starts("..") {
		return nil, c.fail("a range is written (first..last)")
	}
	c.at += len("..")
	high, err := c.bound()
	if err != nil {
		return nil, err
	}
	if c.skip(); !c.take(')') {
		return nil, c.fail("a range is written (first..last)")
	}
	return span{low: low, high: high}, nil
}

// bound reads one end of a range.
func (c *cursor) bound() (operand, error) {
	o, err := c.operand()
	if err == nil && o == nil {
		err = c.fail("expected a value, not %s", c.rest())
	}
	return o, err
}

// number reads a number. What a word unit follows is no number but a name.
func (c *cursor) number() (f float64, ok bool) {
	n, digits, point := 0, false, false
	if c.class(0)&sign != 0 {
		n++
	}
	for {
		if c.class(n)&digit != 0 {
			digits = true
		} else if c.is(n, '.') && !c.is(n+1, '.') {
			if point || !digits {
				return 0, false
			}
			point = true
		} else {
			break
		}
		n++
	}
	if !digits || c.class(n)&word != 0 {
		return 0, false
	}
	c.at += n
	return document.ParseNumber(document.FromUTF16(c.in[c.at-n : c.at])), true
}

// steps reads what may follow a value: .name and [value]. Where leading is set a name may come first, which makes the
// steps a variable.
func (c *cursor) steps(leading bool) ([]operand, error) {
	var steps []operand
	for {
		switch {
		case c.take('['):
			step, err := c.operand()
			if err != nil {
				return nil, err
			}
			if !c.past(']') {
				return nil, c.fail("[ is not closed")
			}
			if step == nil {
				step = constant(str(""))
			}
			steps = append(steps, step)
			continue
		case leading && len(steps) == 0:
			if name := c.name(); name != "" {
				steps = append(steps, constant(str(name)))
				continue
			}
		}
		if !c.is(0, '.') || c.is(1, '.') {
			return steps, nil
		}
		c.at++
		name := c.name()
		if name == "" {
			return steps, nil
		}
		steps = append(steps, constant(str(name)))
	}
}

// skipQuoted moves behind a string, to the end if it is not closed.
func (c *cursor) skipQuoted() {
	opening := c.in[c.at]
	c.at++
	for escaped := false; c.at < c.end; {
		u := c.in[c.at]
		c.at++
		switch {
		case escaped:
			escaped = false
		case u == opening:
			return
		case u == '\\':
			escaped = true
		}
	}
}

// quoted reads a string. One that is not closed loses its last unit, as in liquidjs.
func (c *cursor) quoted() (operand, error) {
	from := c.at
	c.skipQuoted()
	raw := c.in[from:c.at]
	out := make([]uint16, 0, len(raw))
	for i := 1; i < len(raw)-1; i++ {
		if raw[i] != '\\' {
			out = append(out, raw[i])
			continue
		}
		i++
		base, most := uint16(8), 3
		if raw[i] == 'u' {
			base, most = 16, 4
			i++
		} else if at := strings.IndexByte("bfnrtv", byte(raw[i])); at >= 0 && raw[i] < 0x80 {
			out = append(out, uint16("\b\f\n\r\t\v"[at]))
			continue
		} else if hexValue(raw[i]) >= 8 {
			out = append(out, raw[i])
			continue
		}
		var u uint16
		n := 0
		for ; n < most && i+n < len(raw) && hexValue(raw[i+n]) < base; n++ {
			u = u*base + hexValue(raw[i+n])
		}
		if base == 16 && n < most && i+n >= len(raw) {
			return nil, syntaxError(c.in, from, "a \\u escape at the end of a string that is not closed")
		}
		out = append(out, u)
		i += n - 1
	}
	return constant(str(document.FromUTF16(out))), nil
}

// hexValue returns the value of a hexadecimal digit, more than 15 for other units.
func hexValue(u uint16) uint16 {
	switch {
	case '0' <= u && u <= '9':
		return u - '0'
	case 'a' <= u && u <= 'f':
		return u - 'a' + 10
	case 'A' <= u && u <= 'F':
		return u - 'A' + 10
	}
	return 16
}
