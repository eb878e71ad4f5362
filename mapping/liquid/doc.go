// Package liquid renders the templates of Segment's @liquid directive as Segment does: as liquidjs 10.27.2 on Node.js
// does in the configuration of the mapping kit. It is written from observed behaviour, and the outcomes that it is
// compared with are beside it, in testdata and in mapping/testdata/vectors.
//
// [Parse] reads a template of at most 1000 UTF-16 units, [Template.Render] gives the text for an event. There is no
// clock and no chance in it: a template and an event always give the same text.
//
// # Variables and values
//
// The members of the event are the variables: {{ properties.email }}. The examples in Segment's documentation write
// event.properties.email, but event is the event's name and has no members; [Template.Warnings] says so.
//
// A variable goes on with .name, ["any name"], [0], [-1] or [variable]; .size, .first and .last work on what has no
// member of that name. Literals are true, false, nil and null, empty, blank, numbers, strings in either quotes with
// JavaScript's escapes, and ranges (1..n). Only false, nil and what is missing fail a condition: 0 and "" hold. What
// is missing prints nothing, an array its elements without anything between them, an object [object Object], a number
// as JavaScript spells it. Output is not escaped.
//
// The operators are ==, !=, <, >, <=, >=, contains, not, and, or. Comparisons bind tightest, then not; and and or bind
// alike and are evaluated from right to left, both sides always. Arrays are equal element by element, objects only if
// they are the same one. Less and greater compare strings by UTF-16 unit and everything else as numbers.
//
// A hyphen beside a delimiter, {%- or -}}, cuts all blanks and line ends of the text there.
//
// # Tags
//
//	{% assign x = value %}                            sets a variable; assigned ones come before the event's
//	{% capture x %}…{% endcapture %}                  sets a variable to what is rendered inside
//	{% if c %}…{% elsif c %}…{% else %}…{% endif %}
//	{% unless c %}…{% elsif c %}…{% else %}…{% endunless %}
//	{% increment x %}, {% decrement x %}              print and count, from the event's number x or from 0
//	{% cycle a, b %}, {% cycle group: a, b %}         prints the next value; cycles of one group and length are one
//	{% echo value %}                                  is {{ value }}
//	{% liquid … %}                                    holds one tag a line
//	{% comment %}…{% endcomment %}, {% # … %}         print nothing
//	{% raw %}…{% endraw %}                            prints what stands inside, delimiters too
//	{% block x %}…{% endblock %}                      prints its body
//	{% break %}, {% continue %}                       end the template, for lack of a loop
//
// Disabled, a SyntaxError wherever they stand: case, for, include, layout, render, tablerow.
//
// # Filters
//
// An argument that is missing counts as not given. A filter that does not exist is passed over.
//
//	text    append: t  prepend: t  capitalize  downcase  upcase  strip: chars?  lstrip: chars?  rstrip: chars?
//	        strip_newlines  normalize_whitespace  remove: t  remove_first: t  remove_last: t  replace: t, u
//	        replace_first: t, u  replace_last: t, u  split: t  truncate: 50?, "..."?  truncatewords: 15?, "..."?
//	        number_of_words: "cjk"|"auto"?
//	HTML    escape  xml_escape  escape_once  strip_html
//	URL     url_encode  url_decode  cgi_escape  uri_escape  slugify: mode?, cased?
//	hashes  base64_encode  base64_decode  sha256  hmac_sha256: key
//	number  abs  ceil  floor  round: decimals?  plus: n  minus: n  times: n  modulo: n  divided_by: n, whole?
//	        at_least: n  at_most: n  to_integer
//	array   size  first  last  join: " "?  compact  sum: property?  where: property, value?  slice: from, count?
//	        push: v  pop  unshift: v  shift  sample: count?
//	date    date: format?, zone?  date_to_xmlschema  date_to_rfc822  date_to_string: "ordinal"?, "US"?
//	        date_to_long_string: "ordinal"?, "US"?
//	other   default: v, allow_false: true?  json: indent?  jsonify: indent?  inspect: indent?  raw
//
// Division is floating and modulo has the divisor's sign. Lengths and positions are in UTF-16 units. Dates are read as
// JavaScript's Date reads them and shown in UTC, or in the zone given by name or as minutes behind UTC; the formats
// are strftime's with the flags - _ 0 ^ # and :, a width, and the names of American English.
//
// Disabled, a RenderError when they are reached: array_to_sentence_string, concat, find, find_exp, find_index,
// find_index_exp, group_by, group_by_exp, has, has_exp, map, newline_to_br, reject, reject_exp, reverse, sort,
// sort_natural, type, uniq, where_exp.
//
// # Differences
//
// By intention:
//
//   - Memory and time are one budget of 100,000,000: 1 for a byte of text read or written, 40 for an element of a new
//     list, 8 for looking at one. liquidjs allows as many units of text and elements, and 500 ms. What it does not
//     charge, output, capture and comparisons among it, is charged here.
//   - increment and decrement leave the event as it is. In liquidjs they write into it, so that other fields of the
//     mapping see the counter.
//   - "now" and "today" are the event's receivedAt, else its timestamp; an event with neither fails.
//   - sample takes the first elements instead of any.
//   - Time zones are UTC and American English is spoken, whatever the process is set to; a zone's name is spelled as in
//     the time zone database, while Node.js takes any case.
//
// Too small to pursue:
//
//   - The literals nil, empty and blank become null and "" inside arrays and named arguments; there liquidjs prints
//     them as objects. Their inner members, as in nil.equals, and those of the variable block are missing.
//   - Two empty objects are equal, because they cannot be told apart.
//   - An object with a member toString prints as any other instead of failing.
//   - round with a fraction for decimals, or with more than 20, may be off in the last digit.
//   - Letters added to Unicode after version 15 have no case.
package liquid
