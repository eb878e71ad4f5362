package document

import "bytes"

// validate reports what is wrong with text, nil if it is one JSON value.
func validate(text []byte) error {
	c := checker{text: text}
	if bytes.HasPrefix(text, []byte(byteOrderMark)) {
		c.at = len(byteOrderMark)
	}
	c.blanks()
	if err := c.value(); err != nil {
		return err
	}
	c.blanks()
	if c.at < len(c.text) {
		return c.fail("text after the end of the value")
	}
	return nil
}

type checker struct {
	text  []byte
	at    int
	depth int
}

func (c *checker) fail(reason string) error {
	if c.at >= len(c.text) {
		return &SyntaxError{len(c.text), "the text ends in the middle"}
	}
	return &SyntaxError{c.at, reason}
}

func (c *checker) peek() byte {
	if c.at < len(c.text) {
		return c.text[c.at]
	}
	return 0
}

func (c *checker) blanks() {
	for c.at < len(c.text) && bytes.IndexByte([]byte(" \t\r\n"), c.text[c.at]) >= 0 {
		c.at++
	}
}

func (c *checker) word(w string) error {
	for i := range len(w) {
		if c.peek() != w[i] {
			return c.fail("expected a value")
		}
		c.at++
	}
	return nil
}

func (c *checker) value() error {
	switch b := c.peek(); b {
	case '{', '[':
		if c.depth++; c.depth > MaxDepth {
			return c.fail("nested too deeply")
		}
		defer func() { c.depth-- }()
		c.at++
		c.blanks()
		if c.peek() == b+2 {
			c.at++
			return nil
		}
		for {
			if b == '{' {
				if c.peek() != '"' {
					return c.fail("expected a key in quotes")
				}
				if err := c.string(); err != nil {
					return err
				}
				c.blanks()
				if c.peek() != ':' {
					return c.fail("expected a colon")
				}
				c.at++
				c.blanks()
			}
			if err := c.value(); err != nil {
				return err
			}
			c.blanks()
			switch c.peek() {
			case b + 2:
				c.at++
				return nil
			case ',':
				c.at++
				c.blanks()
			default:
				return c.fail("expected a comma or the closing bracket")
			}
		}
	case '"':
		return c.string()
	case 't':
		return c.word("true")
	case 'f':
		return c.word("false")
	case 'n':
		return c.word("null")
	}
	return c.number()
}

func (c *checker) string() error {
	for c.at++; ; c.at++ {
		switch b := c.peek(); {
		case b == '"':
			c.at++
			return nil
		case b < ' ':
			return c.fail("a control character in a string")
		case b == '\\':
			c.at++
			switch c.peek() {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if hexUnit(c.text[c.at+1:]) < 0 {
					return c.fail("\\u without four hexadecimal digits")
				}
				c.at += 4
			default:
				return c.fail("an unknown escape")
			}
		}
	}
}

func (c *checker) digits() error {
	if c.peek()-'0' > 9 {
		return c.fail("expected a digit")
	}
	for c.peek()-'0' <= 9 {
		c.at++
	}
	return nil
}

func (c *checker) number() error {
	if c.peek() != '-' && c.peek()-'0' > 9 {
		return c.fail("expected a value")
	}
	if c.peek() == '-' {
		c.at++
	}
	if c.peek() == '0' {
		c.at++
	} else if err := c.digits(); err != nil {
		return err
	}
	if c.peek() == '.' {
		c.at++
		if err := c.digits(); err != nil {
			return err
		}
	}
	if c.peek() == 'e' || c.peek() == 'E' {
		c.at++
		if c.peek() == '-' || c.peek() == '+' {
			c.at++
		}
		return c.digits()
	}
	return nil
}
