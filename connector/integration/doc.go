// Package integration holds the tests of the whole connector against a real Apache Kafka: "make integration". Those of
// schemas also need a schema registry and a producer of another vendor, which "make registry" fetches.
package integration
