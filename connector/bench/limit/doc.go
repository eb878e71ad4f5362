// Package limit is the yardstick of the benchmark: the least that a program can do between Kafka and a webhook. A consumer, one
// scan an event, one trigger, the bytes that JSON.stringify would print, HMAC-SHA1, a POST over a connection that stays open, a commit.
//
// It does the measured work and nothing else. There are no retries, no dead letters, no metrics; a poll is delivered as a whole before it is
// committed, so one slow endpoint stops everything; what is rare, such as keys that repeat, it refuses. The scan looks for quotes
// sixty-four bytes at a time, in assembly where the machine has AVX2. What the connector costs beyond it is the price of its promises, and what is left to win.
package limit
