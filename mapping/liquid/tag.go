package liquid

import (
	"errors"
	"fmt"

	"segment-webhooks/mapping/document"
)

// disabledTags are the tags of liquidjs that Segment switches off.
var disabledTags = map[string]bool{
	"case": true, "for": true, "include": true, "layout": true, "render": true, "tablerow": true,
}

// tag parses the tag t, with its body if it has one.
func (p *parser) tag(t token) (node, error) {
	if disabledTags[t.name] {
		return nil, fmt.Errorf("tag %q is disabled", t.name)
	}
	switch t.name {
	case "assign":
		return p.assign(t)
	case "block":
		body, _, err := p.body(t, "endblock")
		return block(body), err
	case "break", "continue":
		return stop{}, nil
	case "capture":
		return p.capture(t)
	case "comment":
		_, err := p.skipTo(t, "endcomment")
		return text(""), err
	case "cycle":
		return p.cycle(t)
	case "decrement":
		return p.count(t, -1), nil
	case "echo":
		return p.echo(t)
	case "if":
		return p.condition(t)
	case "increment":
		return p.count(t, 1), nil
	case "liquid":
		return p.liquid(t)
	case "raw":
		return p.raw(t)
	case "unless":
		return p.unless(t)
	case "#":
		return p.remark(t)
	}
	return nil, fmt.Errorf("tag %q does not exist", t.name)
}

// output is {{ value }}.
type output struct{ value pipe }

func (o output) render(r *renderer) error {
	v, err := o.value.eval(r)
	if err != nil {
		return err
	}
	return r.write(v)
}

// echo is {% echo value %}, an output. Without a value it prints nothing.
func (p *parser) echo(t token) (node, error) {
	c := p.cursor(t)
	if c.skip(); c.done() {
		return text(""), nil
	}
	v, err := p.pipe(&c)
	return output{value: v}, err
}

// raw is {% raw %}text{% endraw %}. Its body is printed as it stands in the template.
func (p *parser) raw(t token) (node, error) {
	tokens, err := p.skipTo(t, "endraw")
	var out []uint16
	for _, inner := range tokens {
		out = append(out, p.in[inner.begin:inner.end]...)
	}
	return text(document.FromUTF16(out)), err
}

// remark is {% # text %}, of which every line must start with #.
func (p *parser) remark(t token) (node, error) {
	fresh := false // no unit of the line but blanks so far
	for _, u := range p.in[t.from:t.to] {
		switch {
		case u == '\n':
			fresh = true
		case document.IsBlank(rune(u)):
		case fresh && u != '#':
			return nil, errors.New("every line of an inline comment starts with #")
		default:
			fresh = false
		}
	}
	return text(""), nil
}

// liquid is {% liquid tags %}, which holds a tag on every line.
func (p *parser) liquid(t token) (node, error) {
	tokens, err := lines(p.in, t.from, t.to)
	if err != nil {
		return nil, err
	}
	inner := parser{in: p.in, tokens: tokens, template: p.template}
	nodes, err := inner.all()
	return group(nodes), err
}

// group is nodes in place of one.
type group []placed

func (g group) render(r *renderer) error { return r.render(g) }

// block is {% block name %}body{% endblock %}. Without layouts it prints its body, in which there is a variable block.
type block []placed

func (b block) render(r *renderer) error {
	r.blocks++
	defer func() { r.blocks-- }()
	return r.render(b)
}

// stop is {% break %} or {% continue %}. There is no loop that they could end, so they end the template: what has been
// printed stays, what follows is not rendered.
type stop struct{}

func (stop) render(r *renderer) error {
	r.stopped = true
	return nil
}
