package trigger

import (
	"strings"

	"segment-webhooks/mapping/spelling"
)

// signOf returns the operator of a sign, for texts; compare adapts it to the value.
func signOf(sign string) op {
	switch sign {
	case "!=":
		return opIsNot
	case "<":
		return opBelow
	case "<=":
		return opAtMost
	case ">":
		return opAbove
	case ">=":
		return opAtLeast
	}
	return opIs
}

// wordOf returns the operator that a word between field and value stands for. Segment's editor does not write these words,
// but Segment evaluates them.
func wordOf(name string) (o op, ok bool) {
	switch name {
	case "number_equals":
		return opNumberIs, true
	case "number_not_equals":
		return opNumberIsNot, true
	case "contains":
		return opContains, true
	case "not_contains":
		return opLacks, true
	case "starts_with":
		return opStarts, true
	case "not_starts_with":
		return opStartsNot, true
	case "ends_with":
		return opEnds, true
	case "not_ends_with":
		return opEndsNot, true
	case "exists":
		return opExists, true
	case "not_exists":
		return opAbsent, true
	case "is_true":
		return opTrue, true
	case "is_false":
		return opFalse, true
	}
	return 0, false
}

// unaryHint returns the usual spelling of a unary operator.
func unaryHint(o op) string {
	switch o {
	case opExists:
		return "!= null"
	case opAbsent:
		return "= null"
	case opTrue:
		return "= true"
	}
	return "= false"
}

// operatorHint says which operator was probably meant.
func operatorHint(wrong string) string {
	switch strings.ToLower(wrong) {
	case "==", "===", "is", "eq", "equals", "equal":
		return "write ="
	case "!==", "<>", "=!", "!", "~=", "=~", "ne", "neq":
		return "write !="
	case "=>", "ge", "gte":
		return "write >="
	case "=<", "le", "lte":
		return "write <="
	case "gt":
		return "write >"
	case "lt":
		return "write <"
	case "in":
		return `write field = "a" or field = "b", in parentheses beside an and`
	case "not":
		return "write not or ! before the field, or !="
	case "like", "matches", "match", "startswith", "endswith":
		return `write match(field, "start*") or match(field, "*end")`
	case "includes":
		return `write contains(field, "…")`
	}
	return `use =, !=, <, <=, >, >=, contains(field, "…") or match(field, "…*")`
}

// functionHint says what to write instead of a function.
func functionHint(name string) string {
	switch name {
	case "exists":
		return "write field != null"
	case "length":
		return "write the length as a path, as in properties.items.length > 1"
	case "startswith", "starts_with":
		return `write match(field, "start*")`
	case "endswith", "ends_with":
		return `write match(field, "*end")`
	case "includes":
		return `write contains(field, "…")`
	}
	return `there are contains(field, "…") and match(field, "…*")`
}

// fieldHint says which field was probably meant.
func fieldHint(head string) string {
	const all = "there are type, event, name, userId, properties.…, traits.… and context.…"
	fold := strings.ToLower(strings.ReplaceAll(head, "_", ""))
	best, least := "", (len(fold)+1)/3+1 // a third of the letters may be wrong
	for _, name := range [...]string{"type", "event", "name", "userId", "properties", "traits", "context"} {
		if d := spelling.Distance(fold, name); d < least {
			best, least = name, d
		}
	}
	if fold == "property" || fold == "props" {
		best = "properties"
	}
	if best != "" {
		return "write " + best + " if that is meant; " + all
	}
	return all
}
