// Package web serves what operators and their tools ask a running connector: is it alive, is it ready and if not why, and its metrics; and for
// people the Delivery Overview and the mapping tester.
//
// Whoever reaches the address may open the pages. So they change nothing, send nothing, sign nothing and show no secret: see [UI].
package web
