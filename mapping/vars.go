package mapping

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"segment-webhooks/mapping/document"
)

// LoadVars loads mappings from numbered environment variables. vars holds them without the prefix CONNECTOR_:
// MAPPING_1_NAME, _TRIGGER, _URL, _METHOD, _HEADERS, _DATA, _ENABLE_BATCHING, _BATCH_SIZE, _ORDERING, _RATE_LIMIT,
// _MAX_IN_FLIGHT, _COMPRESSION, _SIGNING, _SECRET, _SECRET_FILE, _PREVIOUS_SECRET, _PREVIOUS_SECRET_FILE, _AUTH, _TLS, up to
// MAPPING_50_…; numbers may be left out. URL is a URL, or a directive in JSON; HEADERS, DATA, AUTH and TLS are JSON, SIGNING
// is words between commas. As in Segment's app a new mapping
// sends the whole event by POST: that is what DATA and METHOD are where they are not set. The results are as for
// LoadFile.
func LoadVars(vars map[string]string, env Env, opts Options) (*Set, []Warning, error) {
	s := newSource("", nil)
	var mappings []document.Value
	for n := 1; n <= maxMappings; n++ {
		prefix := "MAPPING_" + strconv.Itoa(n) + "_"
		v := variables{source: s, prefix: prefix, vars: vars, path: child("/mappings", len(mappings))}
		if v.any() {
			mappings = append(mappings, v.mapping())
		}
	}
	s.value = document.ObjectValue([]document.Member{{Key: "mappings", Value: document.ArrayValue(mappings)}})
	return load(s, env, opts)
}

// variables makes the definition of one mapping out of its variables.
type variables struct {
	*source
	prefix string
	vars   map[string]string
	path   string // of the definition
}

// variablePrefix stands before the names of all our variables.
const variablePrefix = "CONNECTOR_"

// any reports whether one of the mapping's variables is set.
func (v variables) any() bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(v.vars)), func(name string) bool { return strings.HasPrefix(name, v.prefix) })
}

func (v variables) mapping() document.Value {
	v.values[v.path] = place{file: variablePrefix + v.prefix + "…"}
	fields := []document.Member{
		v.field("url", v.urlValue, ""),
		v.field("method", v.text, "POST"),
		v.field("headers", v.json, ""),
		v.field("data", v.json, `{"@path":"$."}`),
		v.field("enable_batching", v.scalar, ""),
		v.field("batch_size", v.scalar, ""),
	}
	isMissing := func(m document.Member) bool { return m.Value.IsMissing() }
	members := []document.Member{
		v.member("name", v.text, ""),
		v.member("trigger", v.text, ""),
		v.member("ordering", v.text, ""),
		v.member("rate_limit", v.text, ""),
		v.member("max_in_flight", v.scalar, ""),
		v.member("compression", v.text, ""),
		v.member("signing", v.words, ""),
		v.member("secret", v.text, ""),
		v.member("secret_file", v.text, ""),
		v.member("previous_secret", v.text, ""),
		v.member("previous_secret_file", v.text, ""),
		v.member("auth", v.json, ""),
		v.member("tls", v.json, ""),
		{Key: "fields", Value: document.ObjectValue(slices.DeleteFunc(fields, isMissing))},
	}
	return document.ObjectValue(slices.DeleteFunc(members, isMissing))
}

func (v variables) member(key string, read func(path, name, text string) document.Value, preset string) document.Member {
	return v.read(v.path+"/"+key, key, read, preset)
}

func (v variables) field(key string, read func(path, name, text string) document.Value, preset string) document.Member {
	return v.read(v.path+"/fields/"+key, key, read, preset)
}

// read returns what a variable says for key; a variable that is empty counts as not set.
func (v variables) read(path, key string, read func(path, name, text string) document.Value, preset string) document.Member {
	name := v.prefix + strings.ToUpper(key)
	text := v.vars[name]
	if text == "" {
		text = preset
	}
	if text == "" {
		return document.Member{Key: key}
	}
	v.values[path] = place{file: variablePrefix + name}
	return document.Member{Key: key, Value: read(path, name, text)}
}

func (v variables) text(_, _, text string) document.Value { return document.StringValue(text) }

// words reads words between commas.
func (v variables) words(_, _, text string) document.Value {
	var words []document.Value
	for word := range strings.SplitSeq(text, ",") {
		words = append(words, document.StringValue(strings.TrimSpace(word)))
	}
	return document.ArrayValue(words)
}

// urlValue reads a URL, or a directive in JSON.
func (v variables) urlValue(path, name, text string) document.Value {
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		return v.json(path, name, text)
	}
	return document.StringValue(text)
}

// scalar reads a number or a boolean; what is neither is text, and for the fields to refuse.
func (v variables) scalar(_, _, text string) document.Value {
	if value, err := document.Parse([]byte(text)); err == nil {
		return value
	}
	return document.StringValue(text)
}

// json reads a JSON text and takes over the places of what is in it.
func (v variables) json(path, name, text string) document.Value {
	inner := parseJSON(variablePrefix+name, []byte(text))
	v.faults = append(v.faults, inner.faults...)
	v.warnings = append(v.warnings, inner.warnings...)
	for below, at := range inner.values {
		v.values[path+below] = at
	}
	for below, at := range inner.keys {
		v.keys[path+below] = at
	}
	return inner.value
}
