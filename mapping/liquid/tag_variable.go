package liquid

import (
	"errors"

	"segment-webhooks/mapping/document"
)

// set makes v the variable name for the rest of the rendering.
func (r *renderer) set(name string, v value) {
	if r.scope == nil {
		r.scope = make(map[string]value)
	}
	r.scope[name] = v
}

// assign is {% assign name = value %}.
type assign struct {
	name  string
	value pipe
}

func (p *parser) assign(t token) (node, error) {
	c := p.cursor(t)
	name := c.name()
	if name == "" {
		return nil, c.fail("expected the name of a variable")
	}
	if c.skip(); !c.take('=') {
		return nil, c.fail("expected = behind the name of a variable")
	}
	v, err := p.pipe(&c)
	return assign{name: name, value: v}, err
}

func (a assign) render(r *renderer) error {
	v, err := a.value.eval(r)
	if err == nil {
		r.set(a.name, v)
	}
	return err
}

// capture is {% capture name %}body{% endcapture %}.
type capture struct {
	name string
	body []placed
}

func (p *parser) capture(t token) (node, error) {
	c := p.cursor(t)
	name := c.name()
	if name == "" {
		if c.class(0)&quote == 0 {
			return nil, c.fail("expected the name of a variable")
		}
		quoted, err := c.quoted()
		if err != nil {
			return nil, err
		}
		v, _ := quoted.eval(nil)
		name = v.Str()
	}
	body, _, err := p.body(t, "endcapture")
	return capture{name: name, body: body}, err
}

func (c capture) render(r *renderer) error {
	outer := r.out
	r.out = nil
	err := r.render(c.body)
	captured := string(r.out)
	r.out = outer
	if err == nil {
		r.set(c.name, str(captured))
	}
	return err
}

// counter is {% increment name %}, which prints the number and then adds 1, or {% decrement name %}, which subtracts 1
// and then prints it. It starts with the event's member of that name if it is a number, with 0 otherwise.
type counter struct {
	name string
	by   float64
}

func (p *parser) count(t token, by float64) node {
	c := p.cursor(t)
	return counter{name: c.name(), by: by}
}

func (c counter) render(r *renderer) error {
	n, ok := r.counters[c.name]
	if own := r.event.Get(c.name); !ok && own.Kind() == document.Number {
		n = own.Float()
	}
	if r.counters == nil {
		r.counters = make(map[string]float64)
	}
	r.counters[c.name] = n + c.by
	if c.by < 0 {
		n += c.by
	}
	return r.write(number(n))
}

// cycle is {% cycle a, b %}, which prints the next candidate every time.
type cycle struct {
	group      operand // nil if there is none
	candidates []operand
}

// cycleKey tells one cycle from another. In liquidjs it is the group and the number of candidates, whatever they are.
type cycleKey struct {
	group      string
	candidates int
}

func (p *parser) cycle(t token) (node, error) {
	c := p.cursor(t)
	first, err := c.operand()
	if err != nil {
		return nil, err
	}
	var out cycle
	if c.skip(); first != nil && c.take(':') {
		out.group = first
	} else if first != nil {
		out.candidates = append(out.candidates, first)
	}
	for !c.done() {
		candidate, err := c.operand()
		if err != nil {
			return nil, err
		}
		if candidate != nil {
			out.candidates = append(out.candidates, candidate)
		}
		c.past(',')
	}
	if len(out.candidates) == 0 {
		return nil, errors.New("cycle takes at least one value")
	}
	return out, nil
}

func (c cycle) render(r *renderer) error {
	var group value
	if c.group != nil {
		var err error
		if group, err = c.group.eval(r); err != nil {
			return err
		}
	}
	name, err := r.jsText(group.Value)
	if err != nil {
		return err
	}
	if group.literal != none {
		name = "[object Object]"
	}
	key := cycleKey{group: name, candidates: len(c.candidates)}
	at := r.cycles[key]
	if r.cycles == nil {
		r.cycles = make(map[cycleKey]int)
	}
	r.cycles[key] = (at + 1) % len(c.candidates)
	v, err := c.candidates[at].eval(r)
	if err != nil || !v.given() { // liquidjs does not print 0 and false here
		return err
	}
	return r.write(v)
}
