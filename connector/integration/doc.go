// Package integration holds the tests of the whole connector against a real Apache Kafka: "make integration".
package integration
