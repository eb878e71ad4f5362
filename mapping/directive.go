package mapping

import (
	"slices"
	"strings"

	"segment-webhooks/mapping/document"
)

// directiveNames lists the directives in the order in which messages name them.
func directiveNames() []string {
	return []string{
		"@path", "@template", "@literal", "@if", "@case", "@replace", "@arrayPath", "@merge", "@transform",
		"@flatten", "@json", "@excludeWhenNull", "@liquid",
	}
}

// directiveOf returns the directive that an object is: its first key with an @, where all keys have one or are
// _metadata. ok is false for everything else.
func directiveOf(raw document.Value) (name string, options document.Value, ok bool) {
	for _, member := range raw.Members() {
		switch {
		case strings.HasPrefix(member.Key, "@"):
			if name == "" {
				name, options = member.Key, member.Value
			}
		case member.Key != "_metadata":
			return "", document.Value{}, false
		}
	}
	return name, options, name != ""
}

// compiler turns raw mappings into nodes.
type compiler struct {
	// flaws are the pieces that fail whenever an event reaches them, though validation lets them pass: it does not
	// look into arrays, for one.
	flaws []problem
	// doubts are the pieces that work but hardly do what their author meant.
	doubts []problem
}

// fails returns the node of a piece that fails whenever it is reached.
func (c *compiler) fails(at, reason string) node {
	return failing{c.flaw(problem{path: at, message: reason})}
}

// flaw notes a piece that fails when it is reached, once, and returns the error it then fails with.
func (c *compiler) flaw(p problem) *ResolveError {
	if !slices.Contains(c.flaws, p) {
		c.flaws = append(c.flaws, p)
	}
	return &ResolveError{Path: p.path, Reason: p.message}
}

// fold returns n, or what n always comes to: the failure of one of the parts that it never does without, or, where all
// parts are constants, a constant or a failure of its own.
func (c *compiler) fold(n node, parts ...node) node {
	constants := true
	for _, part := range parts {
		switch part := part.(type) {
		case failing:
			return part
		case constant:
		default:
			constants = false
		}
	}
	if !constants {
		return n
	}
	v, err := n.eval(document.Value{})
	if err != nil {
		always := asResolveError(err)
		return c.fails(always.Path, always.Reason)
	}
	return constant{v}
}

// mapping compiles a whole mapping that validation may not have seen: what an @transform applies.
func (c *compiler) mapping(at string, raw document.Value) node {
	raw, problem := applyRootDirective(raw)
	if problem != "" {
		return c.fails(at+"/"+rootDirectiveKey, problem)
	}
	if faults := validate(at, raw); len(faults) > 0 {
		return c.fails(faults[0].Path, faults[0].Reason)
	}
	return c.compile(at, raw)
}

// compile compiles any piece of a mapping.
func (c *compiler) compile(at string, raw document.Value) node {
	if name, options, ok := directiveOf(raw); ok {
		return c.directive(at+"/"+name, name, options)
	}
	switch raw.Kind() {
	case document.Object:
		var n record
		for _, member := range raw.Members() {
			if member.Key == protoKey {
				continue
			}
			n.keys = append(n.keys, member.Key)
			n.members = append(n.members, c.compile(at+"/"+member.Key, member.Value))
		}
		return c.fold(n, n.members...)
	case document.Array:
		var n list
		for i := range raw.Len() {
			n.elements = append(n.elements, c.compile(child(at, i), raw.Index(i)))
		}
		return c.fold(n, n.elements...)
	}
	return constant{raw}
}

// directive compiles one directive. Where validation has looked most of the guards cannot fail; they are for the
// places where it does not look.
func (c *compiler) directive(at, name string, options document.Value) node {
	switch name {
	case "@path":
		return c.path(at, options)
	case "@template":
		return c.template(at, options)
	case "@literal":
		return c.compile(at, options)
	case "@excludeWhenNull":
		value := c.compile(at, options)
		return c.fold(excludeWhenNull{value}, value)
	case "@liquid":
		return c.liquid(at, options)
	case "@arrayPath":
		return c.arrayPath(at, options)
	case "@if", "@case", "@replace", "@merge", "@transform", "@flatten", "@json":
		if options.Kind() != document.Object {
			return c.fails(at, "needs an object of options, not "+describe(options))
		}
	}
	switch name {
	case "@if":
		return c.condition(at, options)
	case "@case":
		return c.casing(at, options)
	case "@replace":
		return c.replace(at, options)
	case "@merge":
		return c.merge(at, options)
	case "@transform":
		return c.transform(at, options)
	case "@flatten":
		return c.flatten(at, options)
	case "@json":
		return c.json(at, options)
	}
	return c.fails(at, unknownDirective(name))
}

func (c *compiler) path(at string, operand document.Value) node {
	n, text, known := c.text(at, operand)
	if known {
		return lookup{parseRootedPath(text)}
	}
	return c.fold(computedPath{operand: n, at: at}, n)
}

func (c *compiler) template(at string, operand document.Value) node {
	n, text, known := c.text(at, operand)
	if !known {
		return c.fold(computedTemplate{operand: n, at: at}, n)
	}
	t := parseTemplate(text)
	if t.constant() {
		return n
	}
	return t
}

// text compiles what has to give a text. known is set where that is the same for all events.
func (c *compiler) text(at string, operand document.Value) (n node, text string, known bool) {
	n = c.compile(at, operand)
	fixed, known := n.(constant)
	if known && fixed.value.Kind() != document.String {
		return c.fails(at, "needs a string or a directive that gives one, not "+describe(fixed.value)), "", false
	}
	return n, fixed.value.Str(), known
}

func (c *compiler) condition(at string, options document.Value) node {
	exists, blank := options.Get("exists"), options.Get("blank")
	if !exists.Truthy() && !blank.Truthy() {
		return c.fails(at, `needs "exists" or "blank": the value to test`)
	}
	n := condition{yes: constant{}, no: constant{}}
	if exists.IsMissing() {
		n.test, n.blank = c.compile(at+"/blank", blank), true
	} else {
		n.test = c.compile(at+"/exists", exists)
	}
	if then := options.Get("then"); !then.IsMissing() {
		n.yes = c.compile(at+"/then", then)
	}
	if otherwise := options.Get("else"); otherwise.Truthy() {
		n.no = c.compile(at+"/else", otherwise)
	}
	return n.fold()
}

func (c *compiler) casing(at string, options document.Value) node {
	operator := options.Get("operator")
	if !operator.Truthy() {
		return c.fails(at, `needs an "operator": "lower" or "upper"`)
	}
	raw := options.Get("value")
	if !raw.Truthy() {
		return constant{}
	}
	n := casing{value: c.compile(at+"/value", raw)}
	switch operator.Str() {
	case "lower":
		n.change = document.Lower
	case "upper":
		n.change = document.Upper
	default:
		n.bad = c.flaw(problem{path: at + "/operator", message: `is ` + quote(operator) + `; it can be "lower" or "upper"`})
	}
	return c.fold(n, n.value)
}

func (c *compiler) replace(at string, options document.Value) node {
	pattern := options.Get("pattern")
	if !pattern.Truthy() {
		return c.fails(at, `needs a "pattern": the text to replace`)
	}
	raw := options.Get("value")
	if !raw.Truthy() {
		return constant{}
	}
	n := replace{value: c.compile(at+"/value", raw)}
	text := func(key string) (text string, ok bool) {
		v := options.Get(key)
		return v.Str(), v.IsMissing() || v.IsNull() || v.Kind() == document.String
	}
	flag := func(key string, preset bool) (on, ok bool) {
		v := options.Get(key)
		if v.IsMissing() || v.IsNull() {
			return preset, true
		}
		return v.Bool(), v.Kind() == document.Bool
	}
	global, globalOK := flag("global", true)
	ignoreCase, caseOK := flag("ignorecase", false)
	add := func(patternKey, replacementKey string) bool {
		pattern, ok := text(patternKey)
		replacement, okToo := text(replacementKey)
		if !ok || !okToo {
			return false
		}
		switch {
		case n.tooLong != nil:
		case document.UTF16Len(pattern) > replaceLimit:
			n.tooLong = c.flaw(problem{path: at + "/" + patternKey, message: tooLong(pattern)})
		case document.UTF16Len(replacement) > replaceLimit:
			n.tooLong = c.flaw(problem{path: at + "/" + replacementKey, message: tooLong(replacement)})
		}
		n.passes = append(n.passes, substitution{pattern: pattern, replacement: replacement, global: global, ignoreCase: ignoreCase})
		return true
	}
	n.broken = !add("pattern", "replacement") || !globalOK || !caseOK
	if options.Get("pattern2").Truthy() {
		add("pattern2", "replacement2")
	}
	return c.fold(n, n.value)
}

func (c *compiler) arrayPath(at string, options document.Value) node {
	if options.Kind() != document.Array {
		return c.fails(at, "needs a list of a path and a shape, not "+describe(options))
	}
	n := arrayPath{}
	if from := options.Index(0); from.Kind() == document.String {
		n.from = lookup{parseRootedPath(from.Str())}
	} else {
		n.from = c.compile(child(at, 0), from)
	}
	if shape := options.Index(1); shape.Kind() == document.Object && shape.Len() > 0 {
		n.shape = c.compile(child(at, 1), shape)
	} else {
		return n.from
	}
	if from, ok := n.from.(failing); ok {
		return from
	}
	return n
}

func (c *compiler) merge(at string, options document.Value) node {
	direction := options.Get("direction")
	if !direction.Truthy() {
		return c.fails(at, `needs a "direction": "left" or "right"`)
	}
	objects := options.Get("objects")
	if objects.Kind() != document.Array {
		return c.fails(at+"/objects", "needs a list, not "+describe(objects))
	}
	n := merge{direction: c.compile(at+"/direction", direction)}
	parts := []node{n.direction}
	for i := range objects.Len() {
		object := c.compile(child(at+"/objects", i), objects.Index(i))
		n.objects = append(n.objects, object)
		parts = append(parts, object)
	}
	return c.fold(n, parts...)
}

func (c *compiler) transform(at string, options document.Value) node {
	apply, then := options.Get("apply"), options.Get("mapping")
	if !then.Truthy() {
		return c.fails(at, `needs a "mapping": what to do with the outcome of "apply"`)
	}
	if apply.Kind() != document.Object {
		return c.fails(at+"/apply", "needs an object or a directive, not "+describe(apply))
	}
	n := transform{apply: c.mapping(at+"/apply", apply), mapping: c.compile(at+"/mapping", then), at: at}
	for _, part := range []node{n.apply, n.mapping} {
		if part, ok := part.(failing); ok {
			return part
		}
	}
	return n
}

func (c *compiler) flatten(at string, options document.Value) node {
	separator := options.Get("separator")
	if !separator.Truthy() {
		return c.fails(at, `needs a "separator": the text to put between keys`)
	}
	n := flatten{
		value:      c.compile(at+"/value", options.Get("value")),
		separator:  c.compile(at+"/separator", separator),
		omitArrays: options.Get("omitArrays").Truthy(),
		at:         at,
	}
	return c.fold(n, n.separator, n.value)
}

func (c *compiler) json(at string, options document.Value) node {
	raw, mode := options.Get("value"), options.Get("mode")
	if !raw.Truthy() {
		return c.fails(at, `needs a "value"; false, 0, "" and null count as none unless @literal wraps them`)
	}
	if !mode.Truthy() {
		return c.fails(at, `needs a "mode": "encode" or "decode"`)
	}
	n := jsonText{value: c.compile(at+"/value", raw), mode: mode.Str()}
	return c.fold(n, n.value)
}
