// Package web serves what operators and their tools ask a running connector: is it alive, is it ready and if not why, and its metrics.
package web
