package liquid

import "segment-webhooks/mapping/document"

// filterFunc is what a filter does with its input and its arguments.
type filterFunc func(r *renderer, in value, args arguments) (value, error)

// arguments are what follows the name of a filter.
type arguments []value

// at returns the i-th argument, missing if there are fewer.
func (a arguments) at(i int) value {
	if i < len(a) {
		return a[i]
	}
	return value{}
}

// or returns the i-th argument, or v if it is missing.
func (a arguments) or(i int, v value) value {
	if given := a.at(i); !given.absent() {
		return given
	}
	return v
}

// disabledFilters are the filters of liquidjs that Segment switches off, and type, which liquidjs does not have.
var disabledFilters = map[string]bool{
	"array_to_sentence_string": true, "concat": true, "find": true, "find_exp": true, "find_index": true,
	"find_index_exp": true, "group_by": true, "group_by_exp": true, "has": true, "has_exp": true, "map": true,
	"newline_to_br": true, "reject": true, "reject_exp": true, "reverse": true, "sort": true, "sort_natural": true,
	"uniq": true, "where_exp": true, "type": true,
}

// filters are the filters that Segment leaves on, all others of liquidjs 10.27.2.
var filters = map[string]filterFunc{
	// filter_string.go
	"append":               appendFilter,
	"capitalize":           textFilter(capitalize),
	"downcase":             textFilter(document.Lower),
	"lstrip":               lstrip,
	"normalize_whitespace": textFilter(normalizeWhitespace),
	"number_of_words":      numberOfWords,
	"prepend":              prepend,
	"remove":               remove,
	"remove_first":         removeFirst,
	"remove_last":          removeLast,
	"replace":              replace,
	"replace_first":        replaceFirst,
	"replace_last":         replaceLast,
	"rstrip":               rstrip,
	"split":                splitFilter,
	"strip":                strip,
	"strip_newlines":       textFilter(stripNewlines),
	"truncate":             truncate,
	"truncatewords":        truncateWords,
	"upcase":               textFilter(document.Upper),

	// filter_html.go
	"escape":      textFilter(escapeHTML),
	"escape_once": textFilter(escapeOnce),
	"strip_html":  textFilter(stripHTML),
	"xml_escape":  textFilter(escapeHTML),

	// filter_url.go
	"cgi_escape": encodeFilter(cgiEscape),
	"slugify":    slugify,
	"uri_escape": encodeFilter(uriEscape),
	"url_decode": encodeFilter(urlDecode),
	"url_encode": encodeFilter(urlEncode),

	// filter_hash.go
	"base64_decode": textFilter(base64Decode),
	"base64_encode": textFilter(base64Encode),
	"hmac_sha256":   hmacSHA256,
	"sha256":        textFilter(sha256Hex),

	// filter_number.go
	"abs":        numberFilter(abs),
	"at_least":   numberFilter(atLeast),
	"at_most":    numberFilter(atMost),
	"ceil":       numberFilter(ceil),
	"divided_by": numberFilter(dividedBy),
	"floor":      numberFilter(floor),
	"minus":      numberFilter(minus),
	"modulo":     numberFilter(modulo),
	"plus":       numberFilter(plus),
	"round":      numberFilter(round),
	"times":      numberFilter(times),
	"to_integer": toInteger,

	// filter_array.go
	"compact": compact,
	"first":   first,
	"join":    joinFilter,
	"last":    last,
	"pop":     pop,
	"push":    push,
	"sample":  sample,
	"shift":   shift,
	"size":    size,
	"slice":   sliceFilter,
	"sum":     sum,
	"unshift": unshift,
	"where":   where,

	// filter_date.go
	"date":                dateFilter,
	"date_to_long_string": dateToLongString,
	"date_to_rfc822":      dateToRFC822,
	"date_to_string":      dateToString,
	"date_to_xmlschema":   dateToXMLSchema,

	// filter_misc.go
	"default": defaultFilter,
	"inspect": jsonFilter,
	"json":    jsonFilter,
	"jsonify": jsonFilter,
	"raw":     rawFilter,
}

// textFilter makes a filter of what only looks at the text of its input.
func textFilter(f func(s string) string) filterFunc {
	return func(r *renderer, in value, _ arguments) (value, error) {
		s, err := r.chargedText(in)
		if err != nil {
			return value{}, err
		}
		return str(f(s)), nil
	}
}

// chargedText returns the text of v and pays for reading it.
func (r *renderer) chargedText(v value) (string, error) {
	s, err := r.text(v)
	if err != nil {
		return "", err
	}
	return s, r.charge(len(s))
}
