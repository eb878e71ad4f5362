package mapping

import (
	"fmt"
	"math"
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
}

// compiled is what compile makes of a mapping's fields.
type compiled struct {
	program   program
	batch     bool
	batchSize int
}

// builder turns the fields of one mapping into a program, noting everything that is wrong.
type builder struct {
	compiler compiler
	hosts    hostList
	out      compiled
	faults   []problem
	warnings []problem
}

// compileFields compiles the fields of a mapping. Faults are what keeps it from ever working, or Segment from taking
// it; warnings what fails events that reach a certain piece.
func compileFields(raw document.Value, hosts hostList) (out compiled, faults, warnings []problem) {
	b := builder{hosts: hosts}
	b.build(raw)
	return b.out, b.faults, b.warnings
}

func (b *builder) fault(path, format string, args ...any) {
	b.faults = append(b.faults, problem{path, fmt.Sprintf(format, args...)})
}

func (b *builder) build(raw document.Value) {
	b.out.batchSize = defaultBatchSize
	mapping, trouble := applyRootDirective(raw)
	if trouble != "" {
		b.fault("/"+rootDirectiveKey, "%s", trouble)
		return
	}
	if faults := validate("", mapping); len(faults) > 0 {
		for _, fault := range faults {
			b.fault(fault.Path, "%s", fault.Reason)
		}
		return
	}
	whole := b.compiler.compile("", mapping)
	if _, ok := whole.(failing); ok {
		for _, flaw := range b.compiler.flaws {
			b.fault(flaw.Path, "%s", flaw.Reason)
		}
		return
	}
	for _, flaw := range b.compiler.flaws {
		b.warnings = append(b.warnings, problem{flaw.Path, "fails every event that reaches it: " + flaw.Reason})
	}
	switch whole := whole.(type) {
	case record:
		b.fields(func(name string) node {
			for i, key := range whole.keys {
				if key == name {
					return whole.members[i]
				}
			}
			return constant{}
		})
	case constant:
		if whole.value.Kind() != document.Object {
			b.fault("", "gives %s; it has to give an object of fields", describe(whole.value))
			return
		}
		b.fields(func(name string) node { return constant{whole.value.Get(name)} })
	default:
		b.out.program.whole = whole
		b.computedHost()
		b.batching(func(name string) node { return b.compiler.compile("/"+name, raw.Get(name)) })
	}
}

// fields takes the fields one by one.
func (b *builder) fields(field func(name string) node) {
	b.url(field("url"))
	b.method(field("method"))
	b.headers(field("headers"))
	b.data(field("data"))
	b.batching(field)
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
		b.fault("/url", "takes its host from the event, and no hosts are allowed for that; list them in ALLOWED_HOSTS, or write "+
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
		if err != nil {
			b.fault(asResolveError(err).Path, "%s", asResolveError(err).Reason)
		}
		b.out.program.constant.Headers = headers
		return
	case record:
		for i, name := range n.keys {
			if problem := checkHeaderName(name); problem != "" {
				b.fault("/headers/"+name, "%s", problem)
			}
			if value, ok := n.members[i].(constant); ok {
				if problem := checkHeaderValue(headerText(value.value)); problem != "" {
					b.fault("/headers/"+name, "%s", problem)
				}
			}
		}
	}
	b.out.program.headers = n
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

// batching reads the fields that say how events travel, which cannot depend on the event.
func (b *builder) batching(field func(name string) node) {
	b.setting("enable_batching", "true or false", field, func(v document.Value) bool {
		b.out.batch = v.Bool()
		return v.Kind() == document.Bool
	})
	b.setting("batch_size", fmt.Sprintf("a whole number from 1 to %d, or 0 for %d", maxBatchSize, defaultBatchSize), field,
		func(v document.Value) bool {
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
		})
}

// setting reads one field that has to be the same for all events. Absent, null and "" leave the default.
func (b *builder) setting(name, allowed string, field func(name string) node, take func(document.Value) bool) {
	fixed, ok := field(name).(constant)
	switch v := fixed.value; {
	case !ok:
		b.fault("/"+name, "depends on the event; it has to be %s", allowed)
	case v.IsMissing(), v.IsNull(), v.Kind() == document.String && v.Str() == "":
	case !take(v):
		b.fault("/"+name, "is %s; it has to be %s", quote(v), allowed)
	}
}
