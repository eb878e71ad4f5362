// Package kafkatest gives integration tests a real Apache Kafka.
//
// [Start] hands out one broker that every test of a process shares; a test that freezes, restarts or kills brokers takes
// its own from [StartNodes]. The brokers are the plain jars that "make kafka-jars" fetches, run on loopback by
// deploy/kafka/broker: KRaft, data in a temporary folder, nothing installed, no container. They end with the test
// process, however it ends. With KAFKA_BROKERS set, [Start] uses that cluster and starts nothing.
//
// Topics and groups come from [Cluster.Topic] and [Cluster.Group] under names that no other test has, so tests that
// share a broker may run in parallel.
//
// Only tests import this package; the architecture test and the linter keep it out of binaries.
package kafkatest
