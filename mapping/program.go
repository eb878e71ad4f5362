package mapping

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"segment-webhooks/mapping/document"
)

// The bounds of batch_size. Zero and absent mean the default.
const (
	defaultBatchSize = 1000
	maxBatchSize     = 4000
)

// fieldNames lists the fields of a mapping that mean something here.
func fieldNames() []string {
	return []string{"url", "method", "headers", "data", "enable_batching", "batch_size"}
}

// problem is something wrong with a mapping's fields.
type problem struct {
	path    string // slash path below the fields
	message string

	// Where the problem is a place within a text: that text, and the byte at which it is.
	text   string
	offset int
}

// compiled is what compile makes of a mapping's fields.
type compiled struct {
	program   program
	batch     bool
	batchSize int
}

// builder turns the fields of one mapping into a program, noting everything that is wrong.
type builder struct {
	hosts    hostList
	out      compiled
	faults   []problem
	warnings []problem
}

// compileFields compiles the fields of a mapping but for those that skip names, of which enough bad is known already.
// Faults are what keeps the mapping from ever working, or Segment from taking it; warnings what fails the events that
// come to a certain piece of it.
func compileFields(raw document.Value, hosts hostList, skip ...string) (out compiled, faults, warnings []problem) {
	b := builder{hosts: hosts}
	b.out.batchSize = defaultBatchSize
	if looksLikeDirective(raw) || !raw.Get(rootDirectiveKey).IsMissing() {
		b.whole(raw)
	} else {
		for _, name := range fieldNames() {
			if slices.Contains(skip, name) {
				continue
			}
			if n, ok := b.compile("/"+name, raw.Get(name)); ok {
				b.field(name, n)
			}
		}
	}
	if len(b.faults) == 0 {
		p := &b.out.program
		p.plan = newPlan(p)
		p.partial = newPartial(p.whole, p.url, p.method, p.headers, p.data)
	}
	return b.out, b.faults, b.warnings
}

func (b *builder) fault(path, format string, args ...any) {
	b.faults = append(b.faults, problem{path: path, message: fmt.Sprintf(format, args...)})
}

// compile compiles a piece of the mapping. ok is false where that always fails, which is noted.
func (b *builder) compile(at string, raw document.Value) (n node, ok bool) {
	if faults := validate(at, raw); len(faults) > 0 {
		for _, fault := range faults {
			b.fault(fault.Path, "%s", fault.Reason)
		}
		return nil, false
	}
	var c compiler
	n = c.compile(at, raw)
	if _, failing := n.(failing); failing {
		b.faults = append(b.faults, c.flaws...)
		return nil, false
	}
	for _, flaw := range c.flaws {
		flaw.message += " (every event that comes to this fails)"
		b.warnings = append(b.warnings, flaw)
	}
	b.warnings = append(b.warnings, c.doubts...)
	return n, true
}

// whole compiles a mapping that is a directive as a whole.
func (b *builder) whole(raw document.Value) {
	mapping, trouble := applyRootDirective(raw)
	if trouble != "" {
		b.fault("/"+rootDirectiveKey, "%s", trouble)
		return
	}
	whole, ok := b.compile("", mapping)
	if !ok {
		return
	}
	switch whole := whole.(type) {
	case record: // of a @literal
		for _, name := range fieldNames() {
			n := node(constant{})
			if i := slices.Index(whole.keys, name); i >= 0 {
				n = whole.members[i]
			}
			b.field(name, n)
		}
	case constant:
		if whole.value.Kind() != document.Object {
			b.fault("", "gives %s; it has to give an object of fields", describe(whole.value))
			return
		}
		for _, name := range fieldNames() {
			b.field(name, constant{whole.value.Get(name)})
		}
	default:
		b.out.program.whole = whole
		b.computedHost()
		for _, name := range []string{"enable_batching", "batch_size"} {
			if n, ok := b.compile("/"+name, raw.Get(name)); ok {
				b.field(name, n)
			}
		}
	}
}

// field takes one compiled field.
func (b *builder) field(name string, n node) {
	switch name {
	case "url":
		b.url(n)
	case "method":
		b.method(n)
	case "headers":
		b.headers(n)
	case "data":
		b.data(n)
	case "enable_batching":
		b.setting(name, n, "true or false", func(v document.Value) bool {
			b.out.batch = v.Bool()
			return v.Kind() == document.Bool
		})
	case "batch_size":
		b.setting(name, n, fmt.Sprintf("a whole number from 1 to %d, or 0 for %d", maxBatchSize, defaultBatchSize), b.takeBatchSize)
	}
}

func (b *builder) url(n node) {
	if fixed, ok := n.(constant); ok {
		text, err := urlOf(fixed.value)
		if err != nil {
			b.fault("/url", "%s", missingField(fixed.value, err, "the address to call, such as https://example.com/hook"))
			return
		}
		b.out.program.constant.URL = text
		b.literalOrigin(text)
		return
	}
	b.out.program.url = n
	origins, literal := literalOrigins(n)
	if !literal {
		b.computedHost()
		return
	}
	for _, origin := range origins {
		b.literalOrigin(origin)
	}
	if len(origins) > 1 {
		b.out.program.endpoint = ""
	}
}

// literalOrigin checks a URL, or the part of one up to the end of its host, that is the same for all events.
func (b *builder) literalOrigin(text string) {
	u, err := parseURL(text)
	if err != nil {
		b.fault("/url", "%v", err)
		return
	}
	if what := forbiddenHost(u); what != "" {
		b.fault("/url", "has the host %s, %s, which is never called", u.Host, what)
		return
	}
	b.out.program.endpoint = u.Scheme + "://" + u.Host
}

func (b *builder) computedHost() {
	if len(b.hosts) == 0 {
		b.fault("/url", "takes its host from the event, and no hosts are allowed for that; list them in CONNECTOR_ALLOWED_HOSTS, or write "+
			"scheme and host as plain text, as in {\"@template\": \"https://example.com/{{userId}}\"}")
		return
	}
	b.out.program.hosts = b.hosts
}

// literalOrigins returns the beginnings, up to at least the end of the host, that the URLs of n can have. literal is
// false where an event has a say in them.
func literalOrigins(n node) (origins []string, literal bool) {
	switch n := n.(type) {
	case constant:
		if text := n.value.Str(); text != "" {
			return []string{text}, true
		}
		return nil, true // no URL at all: refused for the events that come to it
	case template:
		// A placeholder begins with a brace, so nothing before the first one is ever replaced.
		prefix, _, _ := strings.Cut(n.pieces[0].text, "{")
		scheme, rest, found := strings.Cut(prefix, "://")
		end := strings.IndexAny(rest, "/?")
		if !found || end <= 0 {
			return nil, false
		}
		return []string{scheme + "://" + rest[:end]}, true
	case condition:
		yes, yesOK := literalOrigins(n.yes)
		no, noOK := literalOrigins(n.no)
		return append(yes, no...), yesOK && noOK
	}
	return nil, false
}

func (b *builder) method(n node) {
	fixed, ok := n.(constant)
	if !ok {
		b.out.program.method = n
		return
	}
	method, err := methodOf(fixed.value)
	if err != nil {
		b.fault("/method", "%s", missingField(fixed.value, err, strings.Join(methods(), ", ")))
	}
	b.out.program.constant.Method = method
}

// missingField words the absence of a required field for whoever writes the mapping.
func missingField(v document.Value, err error, what string) string {
	if v.IsMissing() || v.IsNull() || v.Kind() == document.String && v.Str() == "" {
		return "is missing: " + what
	}
	return asResolveError(err).Reason
}

func (b *builder) headers(n node) {
	switch n := n.(type) {
	case constant:
		headers, err := headersOf(n.value)
		if err == nil {
			b.out.program.constant.Headers = headers
			return
		}
		if n.value.Kind() != document.Object {
			b.fault("/headers", "%s", asResolveError(err).Reason)
			return
		}
		for _, member := range n.value.Members() {
			b.header(member.Key, constant{member.Value})
		}
	case record:
		for i, name := range n.keys {
			b.header(name, n.members[i])
		}
	}
	b.out.program.headers = n
}

// header checks what is known of a header.
func (b *builder) header(name string, n node) {
	if problem := checkHeaderName(name); problem != "" {
		b.fault("/headers/"+name, "%s", problem)
	}
	if value, ok := n.(constant); ok {
		if problem := checkHeaderValue(headerText(value.value)); problem != "" {
			b.fault("/headers/"+name, "%s", problem)
		}
	}
}

func (b *builder) data(n node) {
	switch n := n.(type) {
	case constant:
		data, err := dataOf(n.value)
		if err != nil {
			b.fault("/data", "%s", asResolveError(err).Reason)
		}
		b.out.program.constant.Data = data
		return
	case lookup:
		if len(n.path) == 0 {
			b.out.program.passThrough = true
			return
		}
	}
	b.out.program.data = n
}

func (b *builder) takeBatchSize(v document.Value) bool {
	size := v.Float()
	if v.Kind() == document.String {
		size = document.ParseNumber(v.Str())
	}
	if size != math.Trunc(size) || size < 0 || size > maxBatchSize {
		return false
	}
	if size > 0 {
		b.out.batchSize = int(size)
	}
	return true
}

// setting takes a field that has to be the same for all events. Absent, null and "" leave the default.
func (b *builder) setting(name string, n node, allowed string, take func(document.Value) bool) {
	fixed, ok := n.(constant)
	switch v := fixed.value; {
	case !ok:
		b.fault("/"+name, "depends on the event; it has to be %s", allowed)
	case v.IsMissing(), v.IsNull(), v.Kind() == document.String && v.Str() == "":
	case !take(v):
		b.fault("/"+name, "is %s; it has to be %s", quote(v), allowed)
	}
}
