package mapping

import (
	"strconv"
	"strings"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/spelling"
)

// validate checks a mapping as Segment does before it resolves it, whatever the event, and returns every fault. It
// does not look into arrays, nor into plain objects below @literal and @excludeWhenNull: what is wrong there comes to
// light when an event reaches it.
func validate(at string, raw document.Value) []*ResolveError {
	v := validator{}
	v.mapping(at, raw)
	return v.faults
}

type validator struct{ faults []*ResolveError }

// fault notes a fault, once: what stands in options is looked at as a part of them and as the option it is.
func (v *validator) fault(at, reason string) {
	for _, known := range v.faults {
		if known.Path == at && known.Reason == reason {
			return
		}
	}
	v.faults = append(v.faults, &ResolveError{Path: at, Reason: reason})
}

func (v *validator) mapping(at string, raw document.Value) {
	if looksLikeDirective(raw) {
		v.directive(at, raw)
		return
	}
	for _, member := range raw.Members() {
		v.mapping(at+"/"+member.Key, member.Value)
	}
}

// looksLikeDirective reports whether an object has a key with an @. Nothing but a directive may have one.
func looksLikeDirective(raw document.Value) bool {
	for _, member := range raw.Members() {
		if strings.HasPrefix(member.Key, "@") {
			return true
		}
	}
	return false
}

func (v *validator) directive(at string, raw document.Value) {
	var keys []string
	var name string
	for _, member := range raw.Members() {
		if member.Key == "_metadata" {
			continue
		}
		keys = append(keys, strconv.Quote(member.Key))
		if name == "" && strings.HasPrefix(member.Key, "@") {
			name = member.Key
		}
	}
	if len(keys) > 1 {
		v.fault(at, "has the keys "+strings.Join(keys, ", ")+`; a directive such as "@path" stands alone in its object`)
		return
	}
	options := raw.Get(name)
	at += "/" + name
	switch name {
	case "@path", "@template":
		v.stringOrDirective(at, options)
	case "@literal", "@excludeWhenNull":
		if looksLikeDirective(options) {
			v.directive(at, options)
		}
	case "@liquid":
		v.plainString(at, options)
	case "@arrayPath":
		v.arrayPath(at, options)
	case "@if", "@case", "@replace", "@merge", "@transform", "@flatten", "@json":
		if v.options(at, options) {
			v.option(at, name, options)
		}
	default:
		v.fault(at, unknownDirective(name))
	}
}

// options checks that a directive's options are an object and no directive, and whatever stands in it.
func (v *validator) options(at string, options document.Value) bool {
	if options.Kind() != document.Object || looksLikeDirective(options) {
		v.fault(at, "needs an object of options, not "+describe(options))
		return false
	}
	for _, member := range options.Members() {
		v.mapping(at+"/"+member.Key, member.Value)
	}
	return true
}

// option checks the options that a directive knows.
func (v *validator) option(at, name string, options document.Value) {
	switch name {
	case "@case":
		v.optional(at, "operator", options, v.plainString)
		v.optional(at, "value", options, v.stringOrDirective)
	case "@replace":
		v.required(at, "pattern", options, func(at string, pattern document.Value) {
			v.shortString(at, pattern)
			if pattern.Kind() == document.String && pattern.Str() == "" {
				v.fault(at, "is empty; it is the text to replace")
			}
		})
		v.required(at, "value", options, v.stringOrDirective)
		v.optional(at, "replacement", options, v.shortString)
		v.optional(at, "ignorecase", options, v.boolean)
		v.optional(at, "global", options, v.boolean)
	case "@merge":
		v.required(at, "objects", options, func(at string, objects document.Value) {
			if objects.Kind() != document.Array {
				v.fault(at, "needs a list of objects and directives, not "+describe(objects))
			}
			for i := range objects.Len() {
				v.objectOrDirective(child(at, i), objects.Index(i))
				v.mapping(child(at, i), objects.Index(i))
			}
		})
		v.optional(at, "direction", options, func(at string, direction document.Value) { v.word(at, direction, "left", "right") })
	case "@transform":
		v.required(at, "apply", options, v.objectOrDirective)
		v.required(at, "mapping", options, v.objectOrDirective)
	case "@flatten":
		v.required(at, "value", options, func(string, document.Value) {})
		v.optional(at, "separator", options, v.plainString)
	case "@json":
		v.required(at, "value", options, func(string, document.Value) {})
		v.required(at, "mode", options, func(at string, mode document.Value) { v.word(at, mode, "encode", "decode") })
	}
}

func (v *validator) arrayPath(at string, options document.Value) {
	if options.Kind() != document.Array {
		v.fault(at, "needs a list of a path and a shape, not "+describe(options))
		return
	}
	v.stringOrDirective(child(at, 0), options.Index(0))
	v.mapping(child(at, 1), options.Index(1))
}

func (v *validator) required(at, key string, options document.Value, check func(string, document.Value)) {
	value := options.Get(key)
	if value.IsMissing() {
		v.fault(at, "needs "+strconv.Quote(key)+", and has none")
		return
	}
	check(at+"/"+key, value)
}

func (v *validator) optional(at, key string, options document.Value, check func(string, document.Value)) {
	if value := options.Get(key); !value.IsMissing() {
		check(at+"/"+key, value)
	}
}

func (v *validator) stringOrDirective(at string, raw document.Value) {
	switch {
	case raw.Kind() == document.String:
	case looksLikeDirective(raw):
		v.directive(at, raw)
	default:
		v.fault(at, "needs a string or a directive, not "+describe(raw))
	}
}

// objectOrDirective checks the type only.
func (v *validator) objectOrDirective(at string, raw document.Value) {
	if raw.Kind() != document.Object {
		v.fault(at, "needs an object or a directive, not "+describe(raw))
	}
}

func (v *validator) plainString(at string, raw document.Value) {
	if raw.Kind() != document.String {
		v.fault(at, "needs a plain string, not "+describe(raw))
	}
}

func (v *validator) shortString(at string, raw document.Value) {
	v.plainString(at, raw)
	if document.UTF16Len(raw.Str()) > replaceLimit {
		v.fault(at, tooLong(raw.Str()))
	}
}

func (v *validator) boolean(at string, raw document.Value) {
	if raw.Kind() != document.Bool {
		v.fault(at, "needs true or false, not "+describe(raw))
	}
}

// word checks for one of two words in any case.
func (v *validator) word(at string, raw document.Value, one, other string) {
	if raw.Kind() != document.String {
		v.plainString(at, raw)
		return
	}
	if !strings.EqualFold(raw.Str(), one) && !strings.EqualFold(raw.Str(), other) {
		v.fault(at, "is "+quote(raw)+"; it can be "+strconv.Quote(one)+" or "+strconv.Quote(other))
	}
}

// rootDirectiveKey marks a mapping whose fields are wrapped in a directive as a whole.
const rootDirectiveKey = "__segment_internal_directive"

// applyRootDirective returns the mapping that raw stands for: where it has the key of a root directive, that
// directive with all other fields as its option "mapping". problem says what is wrong with the directive.
func applyRootDirective(raw document.Value) (mapping document.Value, problem string) {
	root := raw.Get(rootDirectiveKey)
	if root.IsMissing() {
		return raw, ""
	}
	if root.Kind() != document.Object || root.Len() != 1 {
		return raw, "needs an object with one directive, not " + describe(root)
	}
	directive := root.Members()[0]
	switch directive.Value.Kind() {
	case document.Array:
		return root, ""
	case document.Object:
	default:
		return raw, "needs a directive with an object of options, not " + describe(directive.Value)
	}
	var fields []document.Member
	for _, member := range raw.Members() {
		if member.Key != rootDirectiveKey {
			fields = append(fields, member)
		}
	}
	options := append([]document.Member(nil), directive.Value.Members()...)
	options = append(options, document.Member{Key: "mapping", Value: document.ObjectValue(fields)})
	return document.ObjectValue([]document.Member{{Key: directive.Key, Value: document.ObjectValue(options)}}), ""
}

func child(at string, i int) string { return at + "/" + strconv.Itoa(i) }

// describe names the type of a value, for messages.
func describe(v document.Value) string {
	switch v.Kind() {
	case document.Missing:
		return "nothing"
	case document.Null:
		return "null"
	case document.Array:
		return "a list"
	case document.Object:
		if name, _, ok := directiveOf(v); ok {
			return "the directive " + name
		}
		return "an object"
	}
	return "a " + v.Kind().String()
}

// quote returns a value as it stands in a file, cut where it is long.
func quote(v document.Value) string {
	const limit = 60
	text := string(v.AppendJSON(nil))
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}

func tooLong(text string) string {
	return "is " + strconv.Itoa(document.UTF16Len(text)) + " characters long; at most " + strconv.Itoa(replaceLimit) + " are allowed"
}

func unknownDirective(name string) string {
	if near := spelling.Nearest(name, directiveNames()); near != "" {
		return "is not a directive; did you mean " + near + "?"
	}
	return "is not a directive; there are " + strings.Join(directiveNames(), ", ")
}
