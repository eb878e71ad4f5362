package mapping

import (
	"fmt"
	"strings"

	"segment-webhooks/mapping/document"
)

// expander replaces ${NAME} in the texts of a mapping by what the environment holds.
type expander struct {
	env   func(string) (string, bool)
	used  map[string]string // the variables that were read are added
	fault func(path, message string)
}

// fields returns a mapping's fields with url and headers expanded. data is left alone: what looks like a variable there
// belongs to the receiver.
func (e expander) fields(at string, fields document.Value) document.Value {
	members := make([]document.Member, 0, fields.Len())
	for _, member := range fields.Members() {
		if member.Key == "url" || member.Key == "headers" {
			member.Value = e.value(at+"/"+member.Key, member.Value)
		}
		members = append(members, member)
	}
	return document.ObjectValue(members)
}

func (e expander) value(at string, v document.Value) document.Value {
	switch v.Kind() {
	case document.String:
		if strings.Contains(v.Str(), "${") {
			return document.StringValue(e.text(at, v.Str()))
		}
	case document.Array:
		elements := make([]document.Value, v.Len())
		for i := range elements {
			elements[i] = e.value(child(at, i), v.Index(i))
		}
		return document.ArrayValue(elements)
	case document.Object:
		members := make([]document.Member, 0, v.Len())
		for _, member := range v.Members() {
			members = append(members, document.Member{Key: member.Key, Value: e.value(at+"/"+member.Key, member.Value)})
		}
		return document.ObjectValue(members)
	}
	return v
}

// text replaces every ${NAME}; $${ gives a plain ${.
func (e expander) text(at, text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			b.WriteString(text)
			return b.String()
		}
		if plain, escaped := strings.CutSuffix(before, "$"); escaped {
			b.WriteString(plain + "${")
			text = rest
			continue
		}
		b.WriteString(before)
		name, after, closed := strings.Cut(rest, "}")
		if !closed || !isVariableName(name) {
			e.fault(at, "holds ${ without the name of a variable and } behind it; for a plain ${ write $${")
			b.WriteString("${")
			text = rest
			continue
		}
		value, set := e.env(name)
		if !set {
			e.fault(at, fmt.Sprintf("needs the environment variable %s, which is not set; set it, or write $${%s} for the plain text", name, name))
		}
		e.used[name] = value
		b.WriteString(value)
		text = after
	}
}

func isVariableName(name string) bool {
	for i, r := range name {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}
