package mapping

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"

	"segment-webhooks/mapping/document"
)

// maxMappings is how many enabled mappings a destination may have, as Segment's app allows.
const maxMappings = 50

// Options are the settings that loading depends on.
type Options struct {
	// AllowedHosts are the only hosts that a URL may name whose host is computed from the event: "host" with any
	// port, "host:port", "*.example.com" for the names below example.com. Empty refuses such mappings.
	AllowedHosts []string
	// Classic is the Webhooks (Classic) destination beside the mappings.
	Classic Classic
}

// Env looks up an environment variable, as os.LookupEnv does.
type Env = func(name string) (value string, set bool)

// LoadFile loads a file of mappings: YAML or JSON with a list "mappings", or an export of Segment's Public API. See the
// package comment for the format.
//
// An error is Faults with everything that is wrong, unless the file could not be read. The set then holds the
// mappings that nothing is wrong with, for a preview that goes on; it must not be used to deliver.
func LoadFile(path string, env Env, opts Options) (*Set, []Warning, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("reading mappings: %w", err)
	}
	return LoadText(path, text, env, opts)
}

// LoadText is LoadFile for a text that is already at hand. name is what messages call it; one that ends in .json, .yaml
// or .yml says how to read it.
func LoadText(name string, text []byte, env Env, opts Options) (*Set, []Warning, error) {
	return load(parseSource(name, text), env, opts)
}

// loader turns the definitions of one source into a Set.
type loader struct {
	*source
	env   Env
	hosts hostList
	set   *Set
	ids   map[string]*definition

	reserved []string // names and ids that no mapping may have
}

func load(s *source, env Env, opts Options) (*Set, []Warning, error) {
	l := loader{source: s, env: env, set: &Set{}, ids: map[string]*definition{}}
	hosts, err := parseHosts(opts.AllowedHosts)
	if err != nil {
		return nil, nil, Faults{{File: "CONNECTOR_ALLOWED_HOSTS", Message: err.Error()}}
	}
	l.hosts = hosts
	if opts.Classic.URLs != "" {
		l.reserved = classicNames()
	}
	enabled := 0
	if !s.broken {
		for _, d := range l.definitions() {
			if l.read(d) {
				enabled++
			}
		}
	}
	switch {
	case enabled > maxMappings:
		l.fault(l.valueAt(""), fmt.Sprintf("enables %d mappings; at most %d can be enabled", enabled, maxMappings))
	case enabled == 0 && len(l.faults) == 0 && opts.Classic.URLs == "":
		l.warnings = append(l.warnings, Warning{File: l.file, Message: "enables no mapping: every event will be read and none delivered"})
	}
	l.sort()
	n := min(len(l.set.mappings), maxMappings)
	l.set.mappings, l.set.triggers = l.set.mappings[:n], l.set.triggers[:n]
	l.classic(opts.Classic)
	if len(l.faults) > 0 {
		return l.set.compiled(), l.warnings, l.faults
	}
	return l.set.compiled(), l.warnings, nil
}

// sort puts messages in the order of the file. Those on variables are in the order of the mappings.
func (l *loader) sort() {
	if l.text == nil {
		return
	}
	slices.SortStableFunc(l.faults, func(a, b *Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	slices.SortStableFunc(l.warnings, func(a, b Warning) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// definitions finds the mappings in the source.
func (l *loader) definitions() []*definition {
	switch l.value.Kind() {
	case document.Array:
		return l.list("", l.value, false)
	case document.Object:
		if own := l.value.Get("mappings"); !own.IsMissing() {
			return l.ownFile(own)
		}
		if list := l.value.Get("data").Get("subscriptions"); !list.IsMissing() {
			return l.list("/data/subscriptions", list, false)
		}
		if list := l.value.Get("subscriptions"); !list.IsMissing() {
			return l.list("/subscriptions", list, false)
		}
	}
	found := describe(l.value)
	if l.value.IsMissing() {
		found = "an empty file"
	}
	l.fault(l.valueAt(""), `needs a list "mappings", or an export of Segment's Public API: {"data": {"subscriptions": [...]}} or `+
		"a list of subscriptions; this is "+found)
	return nil
}

// ownFile reads a file of our own format. Keys that begin with x- are the author's, for YAML anchors for one.
func (l *loader) ownFile(mappings document.Value) []*definition {
	for _, member := range l.value.Members() {
		if member.Key != "mappings" && !isExtension(member.Key) {
			l.fault(l.keyAt("/"+member.Key), strconv.Quote(member.Key)+` is no key of a mappings file, which has one: "mappings"`)
		}
	}
	return l.list("/mappings", mappings, true)
}

func isExtension(key string) bool { return len(key) > 2 && key[:2] == "x-" }

func (l *loader) list(path string, list document.Value, own bool) []*definition {
	if list.Kind() == document.Null && own {
		return nil // "mappings:" with nothing below
	}
	if list.Kind() != document.Array {
		l.fault(l.valueAt(path), "needs a list of mappings, not "+describe(list))
		return nil
	}
	var found []*definition
	for i := range list.Len() {
		d := &definition{loader: l, number: i + 1, path: child(path, i), raw: list.Index(i), own: own}
		if d.raw.Kind() != document.Object {
			d.fault("", "needs an object with name, trigger and fields, not "+describe(d.raw))
			continue
		}
		d.own = own || !d.raw.Get("fields").IsMissing()
		found = append(found, d)
	}
	return found
}
