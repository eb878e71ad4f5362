package mapping

import (
	"errors"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/liquid"
)

// liquidText is @liquid: the text that a Liquid template gives for the input.
type liquidText struct {
	template *liquid.Template
	at       string
}

func (n liquidText) eval(in document.Value) (document.Value, error) {
	text, err := n.template.Render(in)
	if err != nil {
		return document.Value{}, &ResolveError{Path: n.at, Reason: "cannot be rendered: " + err.Error()}
	}
	return document.StringValue(text), nil
}

func (c *compiler) liquid(at string, options document.Value) node {
	if options.Kind() != document.String {
		return c.fails(at, "needs a plain string, not "+describe(options))
	}
	text := options.Str()
	template, err := liquid.Parse(text)
	if err != nil {
		flaw := problem{path: at, message: "is no Liquid template: " + err.Error()}
		if syntax, ok := errors.AsType[*liquid.SyntaxError](err); ok {
			flaw.text, flaw.offset = text, syntax.Offset
		}
		return failing{c.flaw(flaw)}
	}
	for _, w := range template.Warnings() {
		c.doubts = append(c.doubts, problem{path: at, message: "may surprise: " + w.String(), text: text, offset: w.Offset})
	}
	return liquidText{template: template, at: at}
}
