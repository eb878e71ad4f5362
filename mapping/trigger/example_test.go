package trigger_test

import (
	"errors"
	"fmt"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/trigger"
)

// A trigger is parsed and compiled once, and then asked about every event.
func Example() {
	tr, err := trigger.Parse(`type = "track" and (event = "Order Completed" or properties.total > 100)`)
	if err != nil {
		fmt.Println(err)
		return
	}
	var paths document.Paths
	conditions := trigger.NewConditions(&paths)
	program := tr.Compile(conditions)
	answers := conditions.NewAnswers(document.NewScanner(&paths))
	for _, event := range []string{
		`{"type":"track","event":"Order Completed"}`,
		`{"type":"track","event":"Cart Viewed","properties":{"total":250}}`,
		`{"type":"track","event":"Cart Viewed","properties":{"total":25}}`,
		`{"type":"page","name":"Home"}`,
	} {
		if err := answers.Scan([]byte(event)); err != nil {
			fmt.Println(err)
			continue
		}
		if program.Match(answers) {
			fmt.Println("fires")
		} else {
			fmt.Println("does not:", program.Explain(answers))
		}
	}
	// Output:
	// fires
	// fires
	// does not: no alternative holds: event is "Cart Viewed", not "Order Completed"; properties.total is 25 (number), not above 100
	// does not: type is "page", not "track"
}

// What Segment would quietly misread is refused, with its reading and the fix.
func ExampleErrors() {
	_, err := trigger.Parse(`type = 'track' and groupId = "g"`)
	fmt.Println(err)

	if faults, ok := errors.AsType[trigger.Errors](err); ok {
		for _, fault := range faults {
			fmt.Println()
			fmt.Println(fault.Caret())
		}
	}
	// Output:
	// 1:8: a text goes into double quotes; Segment takes the single quotes as part of the text; write "track"
	// 1:20: groupId is not a field of triggers; Segment drops this condition and goes on without it; there are type, event, name, userId, properties.…, traits.… and context.…
	//
	// type = 'track' and groupId = "g"
	//        ^^^^^^^ a text goes into double quotes
	//   Segment takes the single quotes as part of the text
	//   write "track"
	//
	// type = 'track' and groupId = "g"
	//                    ^^^^^^^ groupId is not a field of triggers
	//   Segment drops this condition and goes on without it
	//   there are type, event, name, userId, properties.…, traits.… and context.…
}

// Notes tell where a trigger that loads differs from Segment on purpose, and which of Segment's answers may surprise.
func ExampleTrigger_Notes() {
	tr, err := trigger.Parse(`!(type = "page") and properties.day > "2024-01-01"`)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range tr.Notes() {
		fmt.Println(n.Reason, n)
	}
	// Output:
	// negation 1:1: Segment ignores ! and not, or does not parse them, except in !contains(…) and !match(…)
	// never-true 1:22: "2024-01-01" is not a number and order is known for numbers only: this is never true
}

// Requires lets a set of triggers skip those that cannot match an event, by its type and name alone.
func ExampleTrigger_Requires() {
	tr, err := trigger.Parse(`type = "track" and (event = "Order Completed" or event = "Order Refunded") and properties.total > 0`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(tr.Requires())
	// Output:
	// [track] [Order Completed Order Refunded]
}
