// Package demo is the connector with everything around it, in one process: an in-memory Kafka (franz-go's kfake, which is not Kafka and keeps
// nothing), a receiver that checks signatures the way Segment's customers do, and a stream of sample events. The connector in it is
// the real one. Nothing leaves the machine.
package demo
