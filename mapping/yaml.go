package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"segment-webhooks/mapping/document"
)

// The bounds of a YAML file. Aliases multiply what they refer to, so the values are counted as they come out.
const (
	yamlDepth  = 200
	yamlValues = 200_000
)

// parseYAML reads a YAML file: one document of what JSON can say, with anchors, aliases and merge keys. Repeated keys
// are refused.
func parseYAML(file string, text []byte) *source {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	s := newSource(file, text)
	parsed, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		at, reason := place{file: file}, err.Error()
		if syntax := (*yaml.SyntaxError)(nil); errors.As(err, &syntax) {
			reason = syntax.Message
			if syntax.Token != nil {
				at = s.tokenPlace(syntax.Token)
			}
		}
		if strings.Contains(reason, "reserved character") {
			reason += `; put it in quotes, as in "@path"`
		}
		s.unreadable(at, "is not valid YAML: "+reason)
		return s
	}
	y := yamlReader{source: s, anchors: map[string]ast.Node{}}
	for i, doc := range parsed.Docs {
		if doc.Body == nil {
			continue
		}
		if i > 0 && !s.value.IsMissing() {
			s.unreadable(s.tokenPlace(doc.Body.GetToken()), "begins a second YAML document; a mappings file has one")
			break
		}
		s.value = y.value("", doc.Body, 0)
	}
	return s
}

func (s *source) tokenPlace(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{file: s.file}
	}
	return place{file: s.file, line: t.Position.Line, column: t.Position.Column}
}

// yamlReader turns YAML nodes into values.
type yamlReader struct {
	*source
	anchors map[string]ast.Node
	count   int
	inside  []string // the anchors whose aliases are being resolved
}

func (y *yamlReader) refuse(n ast.Node, format string, args ...any) document.Value {
	y.unreadable(y.nodePlace(n), fmt.Sprintf(format, args...))
	return document.NullValue()
}

// nodePlace returns where a node begins. The token of a block of keys is the first colon.
func (y *yamlReader) nodePlace(n ast.Node) place {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return y.tokenPlace(n.Values[0].Key.GetToken())
		}
	case *ast.MappingValueNode:
		return y.tokenPlace(n.Key.GetToken())
	}
	return y.tokenPlace(n.GetToken())
}

func (y *yamlReader) value(path string, n ast.Node, depth int) document.Value {
	y.count++
	switch {
	case n == nil:
		return document.NullValue()
	case depth > yamlDepth:
		return y.refuse(n, "is nested more than %d deep", yamlDepth)
	case y.count == yamlValues:
		return y.refuse(n, "makes more than %d values of the file", yamlValues)
	case y.count > yamlValues:
		return document.NullValue()
	}
	if len(y.inside) == 0 {
		y.values[path] = y.nodePlace(n)
	}
	switch n := n.(type) {
	case *ast.NullNode:
		return document.NullValue()
	case *ast.BoolNode:
		return document.BoolValue(n.Value)
	case *ast.StringNode:
		return plainScalar(n)
	case *ast.LiteralNode:
		return document.StringValue(n.Value.Value)
	case *ast.IntegerNode, *ast.FloatNode:
		return y.number(n)
	case *ast.InfinityNode, *ast.NanNode:
		return y.refuse(n, "is a number that JSON cannot say")
	case *ast.SequenceNode:
		elements := make([]document.Value, len(n.Values))
		for i, element := range n.Values {
			elements[i] = y.value(child(path, i), element, depth+1)
		}
		return document.ArrayValue(elements)
	case *ast.MappingNode:
		return y.object(path, n.Values, depth)
	case *ast.MappingValueNode:
		return y.object(path, []*ast.MappingValueNode{n}, depth)
	case *ast.AnchorNode:
		y.anchors[n.Name.GetToken().Value] = n.Value
		return y.value(path, n.Value, depth+1)
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		target, ok := y.anchors[name]
		switch {
		case !ok:
			return y.refuse(n, "is an alias of %q, and no anchor &%s stands before it", name, name)
		case slices.Contains(y.inside, name):
			return y.refuse(n, "is an alias of %q within itself", name)
		}
		y.inside = append(y.inside, name)
		v := y.value(path, target, depth+1)
		y.inside = y.inside[:len(y.inside)-1]
		return v
	case *ast.TagNode:
		return y.tagged(path, n, depth)
	}
	return y.refuse(n, "is a %s, which a mappings file cannot hold", strings.ToLower(n.Type().String()))
}

// plainScalar tells text from the two kinds of number that the parser takes for text: with an exponent, and large.
func plainScalar(n *ast.StringNode) document.Value {
	if n.Token.Type == token.StringType {
		if v, err := document.Parse([]byte(n.Value)); err == nil && v.Kind() == document.Number {
			return v
		}
	}
	return document.StringValue(n.Value)
}

func (y *yamlReader) number(n ast.Node) document.Value {
	text := n.GetToken().Value
	digits := strings.TrimLeft(text, "+-")
	if strings.Contains(text, "_") || len(digits) > 1 && digits[0] == '0' && '0' <= digits[1] && digits[1] <= '9' {
		return y.refuse(n, "is %s, which YAML 1.1 and YAML 1.2 read as different values; put it in quotes if it is text", text)
	}
	if n, ok := n.(*ast.IntegerNode); ok {
		switch i := n.Value.(type) {
		case int64:
			return document.NumberValue(float64(i))
		case uint64:
			return document.NumberValue(float64(i))
		}
	}
	if n, ok := n.(*ast.FloatNode); ok {
		return document.NumberValue(n.Value)
	}
	return y.refuse(n, "is %s, which is no number", text)
}

func (y *yamlReader) tagged(path string, n *ast.TagNode, depth int) document.Value {
	switch n.Start.Value {
	case "!!str":
		if n.Value == nil {
			return document.StringValue("")
		}
		if text, ok := n.Value.(*ast.StringNode); ok {
			return document.StringValue(text.Value)
		}
		return document.StringValue(n.Value.GetToken().Value)
	case "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq":
		return y.value(path, n.Value, depth+1)
	}
	return y.refuse(n, "has the tag %s; a mappings file needs none", n.Start.Value)
}

// object reads the members of an object. Those that a merge key brings give way to the object's own.
func (y *yamlReader) object(path string, nodes []*ast.MappingValueNode, depth int) document.Value {
	var own, merged []document.Member
	lines := map[string]int{}
	for _, n := range nodes {
		if n.Key.IsMergeKey() {
			merged = append(merged, y.mergeKey(path, n.Value, depth)...)
			continue
		}
		key, ok := keyText(n.Key)
		if !ok {
			y.refuse(n, "has a key that is no text")
			continue
		}
		at := y.tokenPlace(n.Key.GetToken())
		if line, repeated := lines[key]; repeated {
			y.fault(at, fmt.Sprintf("repeats the key %s of line %d; remove one of them", strconv.Quote(key), line))
			continue
		}
		lines[key] = at.line
		if len(y.inside) == 0 {
			y.keys[path+"/"+key] = at
		}
		own = append(own, document.Member{Key: key, Value: y.value(path+"/"+key, n.Value, depth+1)})
	}
	members := own
	for _, m := range merged {
		if _, ok := lines[m.Key]; !ok {
			members = append(members, m)
		}
	}
	return document.ObjectValue(members)
}

// mergeKey returns the members that "<<" brings: those of an object or of a list of objects, earlier ones winning.
func (y *yamlReader) mergeKey(path string, n ast.Node, depth int) []document.Member {
	at := y.values[path]
	v := y.value(path, n, depth+1)
	if len(y.inside) == 0 {
		y.values[path] = at // and not that of the alias
	}
	var objects []document.Value
	switch v.Kind() {
	case document.Object:
		objects = []document.Value{v}
	case document.Array:
		for i := range v.Len() {
			objects = append(objects, v.Index(v.Len()-1-i))
		}
	}
	var members []document.Member
	for _, object := range objects {
		if object.Kind() != document.Object {
			y.refuse(n, "merges %s; << takes an alias of an object or a list of such", describe(object))
		}
		members = append(members, object.Members()...)
	}
	if objects == nil {
		y.refuse(n, "merges %s; << takes an alias of an object or a list of such", describe(v))
	}
	return members
}

// keyText returns a key as text: a scalar is what it is written as.
func keyText(n ast.MapKeyNode) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}
