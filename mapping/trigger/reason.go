package trigger

// Reason says why a trigger is refused, or in what way an accepted one deserves a word. The set is closed: errors, notes
// and the conformance test use these values and no others.
type Reason uint8

// Refusals. The trigger does not load.
const (
	_ Reason = iota
	// Empty: there is no condition in the text.
	Empty
	// BadCharacter: a character that the language does not have, such as & ; $ or a carriage return.
	BadCharacter
	// Unclosed: a text value without its closing quote.
	Unclosed
	// BadNumber: a number not written as a sign, digits and at most one dot followed by digits.
	BadNumber
	// Incomplete: a condition, or one side of and/or/not, is missing something.
	Incomplete
	// Unbalanced: a parenthesis without its partner.
	Unbalanced
	// TooLong: a name, number or text of 100,000 or more characters.
	TooLong
	// TooDeep: parentheses and negations nested more than maxDepth deep.
	TooDeep
	// UnknownField: a name that is no field of the language. Segment drops the condition.
	UnknownField
	// FieldPart: a path below type, event, name or userId. Segment ignores everything after the dot.
	FieldPart
	// WholeObject: properties, traits or context without a key. Segment looks for a key of that very name.
	WholeObject
	// BadPath: a key that needs a backslash (a bare index, a word of the language, a bracket), or no key at all.
	BadPath
	// MixedAndOr: and beside or without parentheses. At Segment the last one rules the whole list.
	MixedAndOr
	// SingleQuotes: a value in single quotes. Segment makes the quotes part of the text.
	SingleQuotes
	// QuoteInText: a double quote inside a text. Segment has no way to write one.
	QuoteInText
	// BadPattern: a match pattern whose star is not one, first or last. Segment drops a character and looks at the end.
	BadPattern
	// WrongCase: AND, Or, NOT, NULL, True, CONTAINS. Segment knows these words in lower case only.
	WrongCase
	// UnknownOperator: no operator of the language. At Segment such a condition is never true.
	UnknownOperator
	// UnknownFunction: a function other than contains and match. Segment ignores it.
	UnknownFunction
	// FunctionField: a function on type. Segment drops the condition.
	FunctionField
	// NullText: null where Segment reads the text "null", as in event = null.
	NullText
	// FieldValue: a field on the right-hand side. Segment compares with the field's name.
	FieldValue
	// Leftover: something that belongs to no condition, a missing and/or among them. Segment skips it.
	Leftover
	// EmptyGroup: parentheses around nothing. Evaluating them raises an error at Segment.
	EmptyGroup
	// BadCall: contains or match not called with a field, a comma and a value. Segment does not look.
	BadCall
	// CutWord: a short word without quotes at the very end of the text that begins with a or n, such as no. Segment loses
	// all but its first letter.
	CutWord
)

// Differences. The trigger loads and means what it says; Segment refuses it or reads something else.
const (
	// Nesting: parentheses inside parentheses. Segment refuses them.
	Nesting Reason = 64 + iota
	// CallInGroup: contains or match in a group, not in last place. At Segment the group ends there.
	CallInGroup
	// Negation: ! or not before anything but contains and match. Segment ignores it.
	Negation
	// Spacing: no blank where Segment needs one, as in price>5. Segment refuses it or ignores what follows.
	Spacing
	// Inherited: a key that every JavaScript object inherits (toString, constructor). Segment finds it on any object.
	Inherited
)

// Cautions. The trigger loads and gives Segment's answer, which may surprise.
const (
	// NeverTrue: an ordering against something that is not a number.
	NeverTrue Reason = 128 + iota
	// BooleanText: != true and != false, which compare with a text and hold for true and false themselves.
	BooleanText
	// EscapedDot: a backslash before a dot, which separates keys all the same.
	EscapedDot
	// NumberText: an unquoted number compared as text, and the text is not the number's spelling.
	NumberText
)

// Class tells what a Reason does to a trigger.
type Class uint8

// The classes of reasons.
const (
	Refusal    Class = iota // the trigger does not load
	Difference              // it loads and deliberately differs from Segment
	Caution                 // it loads, agrees with Segment, and may surprise
)

// Class returns the class of r.
func (r Reason) Class() Class {
	switch {
	case r >= NeverTrue:
		return Caution
	case r >= Nesting:
		return Difference
	}
	return Refusal
}

// String returns the short name of r, fit for a log attribute or a test report.
func (r Reason) String() string {
	name, _ := r.describe()
	return name
}

// Sentence says what r stands for and what Segment does instead.
func (r Reason) Sentence() string {
	_, sentence := r.describe()
	return sentence
}

func (r Reason) describe() (name, sentence string) {
	switch r {
	case Empty:
		return "empty", "No condition at all; Segment does not parse it either."
	case BadCharacter:
		return "bad-character", "A character that the language does not have; Segment does not parse it either."
	case Unclosed:
		return "unclosed", "A text without its closing quote; Segment does not parse it either."
	case BadNumber:
		return "bad-number", "Segment reads the part of a number it knows and ignores the rest, or does not parse it."
	case Incomplete:
		return "incomplete", "Something is missing; Segment takes whatever token comes next, the end of the text included, as operator or value."
	case Unbalanced:
		return "unbalanced", "A parenthesis without its partner; Segment ignores a stray ) and does not parse a stray (."
	case TooLong:
		return "too-long", "A name, number or text of 100,000 characters or more; Segment does not parse it either."
	case TooDeep:
		return "too-deep", "Parentheses nested beyond any use; Segment does not parse the second level."
	case UnknownField:
		return "unknown-field", "Segment drops a condition on a field it does not know, and goes on without it."
	case FieldPart:
		return "field-part", "Segment drops what follows the dot after type, event, name and userId."
	case WholeObject:
		return "whole-object", "Segment reads a bare properties as a property called properties."
	case BadPath:
		return "bad-path", "Segment ends a path at an unescaped digit, bracket or word of the language and takes the next tokens as operator and value."
	case MixedAndOr:
		return "mixed-and-or", "Segment lets the last and/or rule the whole list; there is no precedence."
	case SingleQuotes:
		return "single-quotes", "Segment keeps single quotes as part of the text."
	case QuoteInText:
		return "quote-in-text", "Segment has no escape for a double quote and reads on into a second text."
	case BadPattern:
		return "bad-pattern", "Segment's match knows one star, at the start or the end; otherwise it drops the first character and compares endings."
	case WrongCase:
		return "wrong-case", "Segment knows its words in lower case only and takes others as text or ignores them."
	case UnknownOperator:
		return "unknown-operator", "A condition with an operator that Segment does not know is never true."
	case UnknownFunction:
		return "unknown-function", "Segment knows contains and match and ignores other names."
	case FunctionField:
		return "function-field", "Segment drops contains and match on type."
	case NullText:
		return "null-text", "Segment takes null as the text \"null\" except in = and != on name, userId, properties, traits and context."
	case FieldValue:
		return "field-value", "Segment compares with the name of the other field, as a text."
	case Leftover:
		return "leftover", "Segment skips what belongs to no condition, and joins conditions without and/or by the last one seen."
	case EmptyGroup:
		return "empty-group", "Parentheses around nothing raise an error when Segment evaluates them."
	case BadCall:
		return "bad-call", "Segment takes the five tokens after contains and match without looking at them."
	case CutWord:
		return "cut-word", "Segment loses all but the first letter of a bare word of two letters beginning with a, or two or three beginning with n, that ends the text."
	case Nesting:
		return "nesting", "Parentheses nest; Segment does not parse the second level."
	case CallInGroup:
		return "call-in-group", "contains and match may stand anywhere in a group; at Segment the group ends with them and the rest joins the outer list."
	case Negation:
		return "negation", "! and not negate conditions and groups; Segment ignores them except in !contains and !match."
	case Spacing:
		return "spacing", "Blanks around operators, and, or and parentheses are optional; Segment refuses or misreads some that are missing."
	case Inherited:
		return "inherited", "Names that JavaScript objects inherit are missing unless the event has them; Segment finds them on every object."
	case NeverTrue:
		return "never-true", "An ordering against something that is not a number is never true, here as at Segment."
	case BooleanText:
		return "boolean-text", "!= true compares with the text \"true\", here as at Segment, and so holds for the boolean itself."
	case EscapedDot:
		return "escaped-dot", "An escaped dot separates keys like a plain one, here as at Segment."
	case NumberText:
		return "number-text", "A number compared as text is compared in its shortest spelling, here as at Segment."
	}
	return "none", "No reason."
}
