// Package schemas turns the value of a Kafka record into the JSON text of a Segment event.
package schemas
