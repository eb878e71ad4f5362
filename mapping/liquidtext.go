package mapping

import (
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
	template, err := liquid.Parse(options.Str())
	if err != nil {
		return c.fails(at, "is no Liquid template: "+err.Error())
	}
	return liquidText{template: template, at: at}
}
