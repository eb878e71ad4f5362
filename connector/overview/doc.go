// Package overview remembers what became of events over the last day, for the page that shows it: how many were read, fired each mapping,
// were delivered, tried again and given up, how long that took, why it failed, and a few samples of failures.
//
// A [Book] is fed where outcomes are counted, a shipment at a time, and told the time. What it holds is bounded by the number of mappings
// alone: counts live in rings of sixty steps for each [Span], durations in histograms of fixed buckets, and a mapping has a limited
// number of reasons with ten samples each. Fifty mappings take about a megabyte. Feeding it allocates nothing but for a sample, and of
// those there is at most one a second for each reason once there are ten.
package overview
