package liquid

import (
	"errors"
	"fmt"
	"slices"

	"segment-webhooks/mapping/document"
)

// maxTemplate is how many UTF-16 units a template may have.
const maxTemplate = 1000

// Template is a parsed template. It is immutable.
type Template struct {
	nodes    []placed
	warnings []Warning
}

// Parse reads a template of at most 1000 UTF-16 units. The error is a *SyntaxError. Disabled filters, unlike disabled
// tags, are no error before they are reached; see [Template.Warnings].
func Parse(text string) (*Template, error) {
	in := document.ToUTF16(document.StringValue(text).Str())
	if len(in) > maxTemplate {
		return nil, syntaxError(in, 0, "the template has %d UTF-16 units, at most %d are allowed", len(in), maxTemplate)
	}
	tokens, err := lex(in)
	if err != nil {
		return nil, err
	}
	var t Template
	p := parser{in: in, tokens: tokens, template: &t}
	if t.nodes, err = p.all(); err != nil {
		return nil, err
	}
	return &t, nil
}

// Warnings returns what Segment accepts but hardly means what its author meant: filters that do not exist and are
// passed over, disabled ones, which fail when they are reached, and event.properties where properties is meant.
func (t *Template) Warnings() []Warning { return t.warnings }

// parser makes nodes of tokens. A tag with a body takes the tokens up to the one that closes it.
type parser struct {
	in       []uint16
	tokens   []token // those that are left
	template *Template
}

// take removes the next token.
func (p *parser) take() token {
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return t
}

// source returns what t is in the template.
func (p *parser) source(t token) string { return document.FromUTF16(p.in[t.begin:t.end]) }

// cursor returns a cursor on the inside of an output or on what follows the name of a tag.
func (p *parser) cursor(t token) cursor { return cursor{in: p.in, at: t.from, end: t.to} }

// all parses every token.
func (p *parser) all() ([]placed, error) {
	var nodes []placed
	for len(p.tokens) > 0 {
		t := p.take()
		n, err := p.node(t)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, placed{node: n, at: position(p.in, t.begin)})
	}
	return nodes, nil
}

// node parses what t begins.
func (p *parser) node(t token) (node, error) {
	switch t.kind {
	case textToken:
		return text(document.FromUTF16(p.in[t.from:max(t.from, t.to)])), nil
	case outputToken:
		c := p.cursor(t)
		v, err := p.pipe(&c)
		return output{value: v}, err
	case tagToken:
	}
	n, err := p.tag(t)
	if err != nil {
		if _, ok := errors.AsType[*SyntaxError](err); !ok {
			err = syntaxError(p.in, t.begin, "%s", err)
		}
		return nil, err
	}
	return n, nil
}

// body parses tokens up to a tag of one of the given names, which it returns. open is the tag whose body it is.
func (p *parser) body(open token, names ...string) ([]placed, token, error) {
	var nodes []placed
	for len(p.tokens) > 0 {
		t := p.take()
		if t.kind == tagToken && slices.Contains(names, t.name) {
			return nodes, t, nil
		}
		n, err := p.node(t)
		if err != nil {
			return nil, token{}, err
		}
		nodes = append(nodes, placed{node: n, at: position(p.in, t.begin)})
	}
	return nil, token{}, p.unclosed(open)
}

// skipTo returns the tokens up to the tag of the given name and removes them with it.
func (p *parser) skipTo(open token, name string) ([]token, error) {
	for i, t := range p.tokens {
		if t.kind == tagToken && t.name == name {
			skipped := p.tokens[:i]
			p.tokens = p.tokens[i+1:]
			return skipped, nil
		}
	}
	return nil, p.unclosed(open)
}

func (p *parser) unclosed(open token) error {
	return fmt.Errorf("tag %s is not closed by end%s", p.source(open), open.name)
}

// bare refuses a tag with arguments.
func (p *parser) bare(t token) error {
	if t.from < t.to {
		return fmt.Errorf("%s takes no arguments, found %q", t.name, document.FromUTF16(p.in[t.from:t.to]))
	}
	return nil
}

// pipe is an expression and the filters it goes through.
type pipe struct {
	first   expression
	filters []filterCall
}

// pipe reads an expression and filters up to the cursor's end.
func (p *parser) pipe(c *cursor) (pipe, error) {
	c.skip()
	from := c.at
	first, err := c.expression()
	if err != nil {
		return pipe{}, err
	}
	if len(first) == 0 {
		return pipe{}, c.fail("expected a value, not %s", c.rest())
	}
	for _, t := range first {
		p.checkVariable(t.operand, from)
	}
	out := pipe{first: first}
	for {
		if c.skip(); c.done() {
			return out, nil
		}
		if !c.take('|') {
			return pipe{}, c.fail("expected | before a filter, not %s", c.rest())
		}
		c.skip()
		at := c.at
		name := c.name()
		if name == "" {
			if !c.done() {
				return pipe{}, c.fail("expected the name of a filter, not %s", c.rest())
			}
			return out, nil
		}
		call, err := c.filterCall(name)
		if err != nil {
			return pipe{}, err
		}
		p.checkFilter(name, at)
		for _, a := range call.args {
			p.checkVariable(a.value, at)
		}
		out.filters = append(out.filters, call)
	}
}

// checkFilter notes what the author of a filter at the unit at should know.
func (p *parser) checkFilter(name string, at int) {
	switch _, known := filters[name]; {
	case disabledFilters[name]:
		p.warn(at, "filter %q is disabled: an event for which it is reached fails", name)
	case !known:
		p.warn(at, "filter %q does not exist and is passed over", name)
	}
}

// checkVariable notes a variable that starts with event, as the examples in Segment's documentation do.
func (p *parser) checkVariable(o operand, at int) {
	variable, ok := o.(access)
	if !ok || variable.root != nil || len(variable.steps) < 2 {
		return
	}
	if first, _ := variable.steps[0].(constant); first.Str() != "event" {
		return
	}
	switch step, _ := variable.steps[1].(constant); step.Str() {
	case "", "size", "first", "last", "length": // of the name, or not known yet
	default:
		p.warn(at, "event is the event's name and has no %s: its members are variables themselves, as in {{ %s }}",
			step.Str(), step.Str())
	}
}

func (p *parser) warn(at int, format string, args ...any) {
	w := Warning{Position: position(p.in, at), Reason: fmt.Sprintf(format, args...)}
	p.template.warnings = append(p.template.warnings, w)
}

// filterCall is one filter with its arguments.
type filterCall struct {
	name string
	args []argument
}

// argument is a value, with a name if it is written name: value. A named one is a list of both to the filter.
type argument struct {
	name  *string
	value operand // nil behind a name that no value follows
}

// filterCall reads what follows the name of a filter.
func (c *cursor) filterCall(name string) (filterCall, error) {
	call := filterCall{name: name}
	c.skip()
	if c.done() || c.is(0, '|') {
		return call, nil
	}
	if !c.is(0, ':') {
		return call, c.fail("expected : behind filter %s, not %s", name, c.rest())
	}
	for {
		c.at++
		arg, err := c.argument()
		if err != nil {
			return call, err
		}
		if arg.name != nil || arg.value != nil {
			call.args = append(call.args, arg)
		}
		c.skip()
		switch {
		case c.is(0, ','):
		case c.done(), c.is(0, '|'):
			return call, nil
		default:
			return call, c.fail("expected , or | in filter %s, not %s", name, c.rest())
		}
	}
}

// argument reads one argument of a filter; neither name nor value if none starts here.
func (c *cursor) argument() (argument, error) {
	c.skip()
	from := c.at
	v, err := c.operand()
	if err != nil || v == nil {
		return argument{}, err
	}
	name := document.FromUTF16(c.in[from:c.at])
	if c.skip(); !c.take(':') {
		return argument{value: v}, nil
	}
	v, err = c.operand()
	return argument{name: &name, value: v}, err
}

func (p pipe) eval(r *renderer) (value, error) {
	v, err := p.first.eval(r)
	for i := range p.filters {
		if err != nil {
			return value{}, err
		}
		v, err = p.filters[i].apply(r, v)
	}
	return v, err
}

// apply evaluates the arguments, those of a filter that does not exist too, then the filter.
func (f *filterCall) apply(r *renderer, in value) (value, error) {
	args := make(arguments, len(f.args))
	for i, a := range f.args {
		if a.value != nil {
			var err error
			if args[i], err = a.value.eval(r); err != nil {
				return value{}, err
			}
		}
		if a.name != nil {
			args[i] = array([]document.Value{document.StringValue(*a.name), args[i].Value})
		}
	}
	if disabledFilters[f.name] {
		return value{}, fmt.Errorf("filter %q is disabled", f.name)
	}
	filter, ok := filters[f.name]
	if !ok {
		return in, nil
	}
	out, err := filter(r, in, args)
	if err != nil && !errors.Is(err, errBudget) {
		err = fmt.Errorf("filter %s: %w", f.name, err)
	}
	return out, err
}
