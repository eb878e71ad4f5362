// Connector delivers Twilio Segment events from Kafka as signed webhooks.
//
// Its exit codes are a contract with whatever starts it:
//
//	0  done: the command did its work, or the connector was told to stop and stopped in order
//	1  failed while running: Kafka or a file could not be reached, or a delivery could not be finished in order
//	2  cannot start as asked: wrong usage, or a fault in the configuration or the mappings; starting it again
//	   without a change gives the same answer
//
// Every fault goes to standard error; standard output holds results only.
package main
