package liquid

import "errors"

// branch is {% if %} or {% unless %}: the first arm that applies is rendered, otherwise the part behind else.
type branch struct {
	arms  []arm
	other []placed
}

type arm struct {
	test    pipe
	negated bool // applies if the test fails
	body    []placed
}

func (b branch) render(r *renderer) error {
	for _, a := range b.arms {
		v, err := a.test.eval(r)
		if err != nil {
			return err
		}
		if v.truthy() != a.negated {
			return r.render(a.body)
		}
	}
	return r.render(b.other)
}

// condition parses {% if %}.
func (p *parser) condition(open token) (node, error) {
	test, err := p.test(open)
	if err != nil {
		return nil, err
	}
	b := branch{arms: []arm{{test: test}}}
	for last := false; ; { // last: behind else
		body, end, err := p.body(open, "elsif", "else", "endif")
		if err != nil {
			return nil, err
		}
		if last {
			b.other = body
		} else {
			b.arms[len(b.arms)-1].body = body
		}
		if end.name == "elsif" {
			if last {
				return nil, errors.New("elsif behind else")
			}
			test, err := p.test(end)
			if err != nil {
				return nil, err
			}
			b.arms = append(b.arms, arm{test: test})
			continue
		}
		if err := p.bare(end); err != nil || end.name == "endif" {
			return b, err
		}
		if last {
			return nil, errors.New("a second else")
		}
		last = true
	}
}

// unless parses {% unless %}. Other than if it takes arguments behind else and endunless, and drops what follows a
// second else or an elsif behind else.
func (p *parser) unless(open token) (node, error) {
	test, err := p.test(open)
	if err != nil {
		return nil, err
	}
	b := branch{arms: []arm{{test: test, negated: true}}}
	const (
		inArm = iota
		inElse
		dropped
	)
	for state := inArm; ; {
		body, end, err := p.body(open, "elsif", "else", "endunless")
		if err != nil {
			return nil, err
		}
		switch state {
		case inArm:
			b.arms[len(b.arms)-1].body = body
		case inElse:
			b.other = body
		}
		switch {
		case end.name == "endunless":
			return b, nil
		case state != inArm:
			state = dropped
		case end.name == "else":
			state = inElse
		default:
			test, err := p.test(end)
			if err != nil {
				return nil, err
			}
			b.arms = append(b.arms, arm{test: test})
		}
	}
}

// test parses the condition of a tag.
func (p *parser) test(t token) (pipe, error) {
	c := p.cursor(t)
	return p.pipe(&c)
}
