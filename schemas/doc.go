// Package schemas turns the value of a Kafka record into the JSON text of a Segment event, and holds schemas of Segment's calls for those who
// produce them.
//
// # Values
//
// A [Decoder] reads, each value for itself:
//
//   - JSON, which it leaves as it is.
//   - Confluent's wire format: a zero byte, the id of a schema in a registry, data. The schema is Avro's; of type JSON, the data is the event.
//   - Avro's single-object encoding: the bytes C3 01, the fingerprint of one of the schemas here, data.
//
// Any Avro schema will do that describes a record or a map; the names of its fields are the names in the event. A schema that is just a
// string, or bytes, holds an event in JSON.
//
//	Avro                              JSON
//	null, boolean, string             the same; a string that is not UTF-8 is an error
//	int, long                         a number, beyond ±(2^53-1) its digits as a string: readers of JSON would round it
//	float, double                     the shortest number that reads back the same; null where it is not finite
//	bytes, fixed                      Base64
//	enum                              the symbol as a string
//	array                             a list
//	map                               an object; keys that are array indexes first and ascending, as JavaScript has them, the others by their bytes
//	union                             the value itself
//	record                            an object, in the order of the schema; fields that are null are left out
//
//	timestamp-millis, -micros, -nanos "2015-12-10T04:08:31.909Z", finer digits cut off; local timestamps without the Z
//	date, time-millis, time-micros    "2015-12-10", "04:08:31.909"
//	decimal                           a number if a double holds all its digits, else a string
//	uuid, duration                    "b5372db0-c21e-11e4-8dfc-aa07a5b093db", "P1M2DT3.001S"
//	json, on a record of one field    the value of the field
//	additional, on a map that is      its entries as members of the record; fields that are there win
//	the last field of a record
//
// A date or time that JavaScript's Date cannot hold is the number it is. Other logical types, and these where they do not belong, are ignored.
// The last two are this package's own, for its schemas: Avro has no recursion but through records, and no members beside those it names.
//
// # Trust
//
// Values are not trusted: whatever they hold, decoding ends in a time and with memory that their length and [Options].MaxBytes bound, and an
// error says what is wrong and where. Schemas are trusted to the same extent.
//
// Whether a schema is one is goavro's to say: every schema is compiled by it before anything is decoded with it. The data is read here and not by
// goavro, for three reasons. What the process must be protected from (goavro sets memory aside for as many elements as a count claims, up to
// 2^31-1, and recurses as deep as the data says, until the stack overflows, which nothing recovers from: goavro_test.go shows both) has to
// be found before goavro sees the data, which takes a walk through all of it. goavro's values, Go maps in maps, lose the order of fields, on
// which the signature of a webhook depends. And that walk can as well write the JSON: for an event of 60 values it takes 5 µs and one
// allocation, where goavro and what is made of its values take 36 µs and 350. Tests and fuzz targets hold it to what goavro makes of the
// same bytes: the recorded events, a thousand random schemas, and whatever the fuzzer finds.
package schemas
