package trigger_test

import "segment-webhooks/mapping/trigger"

// refusedRows are the conditions that Segment evaluates and we refuse, among the recorded rows whose categories hold
// conditions as the editor or a careful author writes them: type.*, event.ops, name.ops, userId.ops, ops.*, compare.*,
// contains*, match*, and, or, paren*. Each comes under a reason; Reason.Sentence says what Segment makes of it.
var refusedRows = map[string]trigger.Reason{
	`!contains(event, "x"`:                      trigger.Unbalanced,
	`(type = "track")) and event = "Nope"`:      trigger.Unbalanced,
	`contains(event, "Order"`:                   trigger.Unbalanced,
	`contains(event, "Order" and type = "page"`: trigger.Unbalanced,
	`match(event, "Order*"`:                     trigger.Unbalanced,

	`() and type = "track"`: trigger.EmptyGroup,
	`type = "track" and ()`: trigger.EmptyGroup,

	`(type = "page" or event = "Order Completed" and properties.total > 20)`:                    trigger.MixedAndOr,
	`(type = "track" and event = "Nope" or properties.total > 20)`:                              trigger.MixedAndOr,
	`type = "page" and (type = "track" or event = "Order Completed") or properties.total > 200`: trigger.MixedAndOr,

	`(type =)`:             trigger.Incomplete,
	`[type = "track"]`:     trigger.Incomplete,
	`match(event,`:         trigger.Incomplete,
	`type = "track" and )`: trigger.Incomplete,

	`CONTAINS(event, "Order")`: trigger.WrongCase,
	`Contains(event, "Order")`: trigger.WrongCase,
	`MATCH(event, "Order*")`:   trigger.WrongCase,

	`contains(event "Order")`: trigger.BadCall,

	`contains(event, "Order") = false`:                trigger.Leftover,
	`contains(event, "Order") contains(event, "zzz")`: trigger.Leftover,
	`contains(event, "zzz") contains(event, "Order")`: trigger.Leftover,
	`type = "track" contains(event, "Order")`:         trigger.Leftover,

	`contains(properties.f, 'Order')`: trigger.SingleQuotes,
	`match(event, '*Completed')`:      trigger.SingleQuotes,

	`contains(propertiesX, "x")`: trigger.UnknownField,
	`match(propertiesfoo, "*")`:  trigger.UnknownField,

	`event != null`: trigger.NullText,
	`event = null`:  trigger.NullText,
	`type != null`:  trigger.NullText,

	`match(event, "**")`:      trigger.BadPattern,
	`match(event, "*Order*")`: trigger.BadPattern,
	`match(event, "*\*")`:     trigger.BadPattern,
	`match(event, "?")`:       trigger.BadPattern,
	`match(event, 5)`:         trigger.BadPattern,
	`match(event, true)`:      trigger.BadPattern,
}
