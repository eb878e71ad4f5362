// Package trigger reads and evaluates triggers: the conditions, in Segment's FQL, that decide whether a mapping takes an
// event. It gives the answers that Segment's action destinations give, coercions included, and refuses what they would
// misread.
//
// A trigger is parsed once ([Parse]), compiled with others whose conditions it shares ([Trigger.Compile]) and asked
// about every event ([Answers.Scan], [Program.Match], [Program.Explain]). Matching does not allocate and cannot fail.
//
// # Language
//
//	trigger   = list
//	list      = item { "and" item } | item { "or" item }       and and or never mix without parentheses
//	item      = ( "!" | "not" ) item | "(" list ")" | call | condition
//	call      = ( "contains" | "match" ) "(" field "," value ")"
//	condition = field sign value | field word value | field unary
//	field     = "type" | "event" | "name" | "userId" | ( "properties" | "traits" | "context" ) "." key { "." key }
//	sign      = "=" | "!=" | "<" | "<=" | ">" | ">="
//	value     = text | number | "true" | "false" | "null" | bare
//
// Words are written in lower case. Blanks are spaces, tabs and line feeds; they are optional wherever words stay apart.
//
// A text stands between double quotes and holds anything but a double quote: there are no escapes, and a backslash is a
// backslash. A number is a sign, digits and at most one dot between digits; there is no exponent. A bare value is a word,
// read as the text of the same spelling: type = track.
//
// A key is made of letters, digits, _ and - and begins with a letter or _. A backslash in front makes any other character
// of the basic plane part of a key, and is needed before a leading digit and before a key that is and, or or null:
//
//	properties.product\ 1.price     properties["product 1"].price
//	properties.\[0\].brand          properties[0].brand
//	properties.items.\0.sku         properties.items[0].sku
//	properties.caf\é                properties["café"]
//	properties.items.length         how many items; of a text, its UTF-16 units
//
// Dots and brackets separate keys even behind a backslash, so a key that contains one cannot be tested.
//
// # What the conditions mean
//
//	field = "a"            a string, and equal
//	field != "a"           anything but an equal string: another string, a number, missing, null
//	field = 5  != 5        a number, and equal, or different; missing and strings meet neither
//	field < 5  <= > >=     a number in that order
//	field = true  = false  that boolean
//	field = null           missing or null
//	field != null          neither missing nor null; "", 0 and false are there
//	contains(field, "a")   a string with a in it; !contains: a string without
//	match(field, "a*")     a string that starts with a; !match: a string that does not
//	match(field, "*a")     a string that ends with a; !match: a string that does not
//
// These hold for properties, traits and context. The four fields of the event itself compare texts: event = 5 asks for the
// string "5" and never for the number; of true, false and null, name knows null, userId all three, type and event none.
// Ordering compares numbers only, with anything that reads as one: > "5" is > 5 and > true is > 1, but > "2024-01-01" is
// never true. A number compared as text has JavaScript's spelling: event = 5.0 asks for "5". != true asks for anything but
// the string "true". Strings are compared exactly: no case folding, no trimming, no normalisation.
//
// The words contains, not_contains, starts_with, not_starts_with, ends_with, not_ends_with, number_equals and
// number_not_equals may stand as signs (properties.plan starts_with "pro"), and exists, not_exists, is_true and is_false
// may end a condition without a value at the end of a trigger or group, because Segment understands them.
//
// A path stops at a falsy value and yields it: where properties.a is 0, properties.a.b is 0 as well.
//
// ! and not turn an answer round: !(contains(event, "x")) holds where event is missing. Directly before contains, match or
// their words they make the negative test instead, as at Segment, which holds for strings only.
//
// # Differences from Segment
//
// Segment's parser was made for what its editor writes. It takes anything else as well, and quietly makes something of it.
// Whatever it evaluates as the author plainly meant is evaluated the same way here. Some of what it does not parse or
// misreads is accepted and means what it says: nested parentheses, function calls anywhere in a group, ! and not, missing
// blanks ([Nesting], [CallInGroup], [Negation], [Spacing]); and names that JavaScript objects inherit are missing
// ([Inherited]). [Trigger.Notes] tells which of these a trigger relies on. All other misreadings are refused, each with its
// [Reason], Segment's reading and the fix: see [Errors].
package trigger
