package schemas_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"

	"segment-webhooks/schemas"
)

// The schema of an Avro value is asked for once; decoding itself never waits.
func Example() {
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"schema": "{\"type\":\"record\",\"name\":\"Signup\",\"fields\":[{\"name\":\"type\",\"type\":\"string\"},{\"name\":\"user_id\",\"type\":[\"null\",\"string\"]},{\"name\":\"sent_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}}]}"}`)
	}))
	defer registry.Close()
	decoder, err := schemas.New(schemas.Options{CamelNames: true, Registry: &schemas.Registry{URLs: []string{registry.URL}}})
	if err != nil {
		panic(err)
	}
	defer decoder.Close()

	value := binary.BigEndian.AppendUint32([]byte{0}, 7) // schema 7 of the registry
	value = append(value, "\x0atrack\x02\x06u-1\xca\xf6\x9b\xa1\xb1\x54"...)

	event, err := decoder.Decode(value)
	if errors.Is(err, schemas.ErrUnavailable) {
		if err := decoder.Load(context.Background(), value); err != nil {
			panic(err) // the registry is out of reach: try again later
		}
		event, err = decoder.Decode(value)
	}
	fmt.Println(string(event), err)
	// Output: {"type":"track","userId":"u-1","sentAt":"2015-12-10T04:08:31.909Z"} <nil>
}

// Everything that is wrong with an event is said at once.
func ExampleValidate() {
	fmt.Println(schemas.Validate([]byte(`{"type":"group","anonymousId":""}`)))
	// Output:
	// groupId is missing, which every group has
	// userId is missing and anonymousId is empty: every event has one of them
}

// The schemas are files to register, to generate code from, or to read.
func ExampleFiles() {
	names, err := fs.Glob(schemas.Files(), "avro/*")
	fmt.Println(names, err)
	// Output: [avro/alias.avsc avro/delete.avsc avro/event.avsc avro/group.avsc avro/identify.avsc avro/page.avsc avro/screen.avsc avro/track.avsc] <nil>
}
