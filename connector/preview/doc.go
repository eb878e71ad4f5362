// Package preview shows, without Kafka and without sending anything, what the connector would do with events: which
// mappings fire, why the others do not, and the exact requests.
//
// It maps and builds requests with the same packages as delivery does, so a preview is what would be sent: method,
// URL, the headers that the mapping, the signature and the body cause, and the body byte for byte. What it leaves out
// is what the HTTP client adds to every request, and the company an event has in a batch: each batch is shown with
// one event in it.
package preview
