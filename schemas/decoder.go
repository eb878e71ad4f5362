package schemas

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
)

// Format says how the values of records are encoded.
type Format string

// The formats.
const (
	Auto Format = "auto" // each value tells
	JSON Format = "json" // every value is the JSON of an event
	Avro Format = "avro" // every value is Avro, behind a schema's id or fingerprint
)

// Options say how a [Decoder] reads. The zero value reads JSON, and Avro as single objects with the schemas of this package.
type Options struct {
	Format     Format // "" is Auto
	CamelNames bool   // fields of Avro records whose names are in snake_case get camelCase keys; keys of maps stay
	MaxBytes   int    // largest value, and largest event made of one; 0 is 16 MiB
	Registry   *Registry
}

// defaultMaxBytes is far above what Kafka (1 MB) and Segment (32 KB) take by default.
const defaultMaxBytes = 16 << 20

// Decoder turns values into events. It is safe for concurrent use.
type Decoder struct {
	format   Format
	camel    bool
	maxBytes int
	registry *registry // nil: none

	own         func() (map[uint64]*schema, error) // the schemas of this package, by fingerprint
	transcoders sync.Pool
}

// New returns a decoder. It does not speak to the registry yet.
func New(o Options) (*Decoder, error) {
	d := &Decoder{format: o.Format, camel: o.CamelNames, maxBytes: o.MaxBytes}
	switch d.format {
	case "":
		d.format = Auto
	case Auto, JSON, Avro:
	default:
		return nil, fmt.Errorf("format %q is none of auto, json and avro", o.Format)
	}
	if d.maxBytes == 0 {
		d.maxBytes = defaultMaxBytes
	}
	d.own = sync.OnceValues(func() (map[uint64]*schema, error) { return ownSchemas(d.camel) })
	if o.Registry != nil {
		var err error
		if d.registry, err = newRegistry(o.Registry, d.camel); err != nil {
			return nil, fmt.Errorf("making a client of the schema registry: %w", err)
		}
	}
	return d, nil
}

// NewDecoder returns a decoder with the zero options.
func NewDecoder() *Decoder {
	d, _ := New(Options{}) // these cannot be wrong
	return d
}

// Close gives up the connections to the registry. The decoder can still be used.
func (d *Decoder) Close() {
	if d.registry != nil {
		d.registry.idle()
	}
}

// ErrEmpty is returned for a record without a value: a tombstone of a compacted topic, or an empty one. Neither is an event.
var ErrEmpty = errors.New("the record has no value")

// ErrUnavailable is in the errors for which the record is not to blame: its schema is not here, and the registry has not been asked or does
// not answer. Trying again helps, after [Decoder.Load].
var ErrUnavailable = errors.New("the schema is not at hand")

// Decode returns the event's JSON text, the same bytes where value already is JSON; whether that is valid JSON is for the reader of the event
// to find out, who looks at every byte anyway. What it makes of Avro is valid JSON, in JavaScript's form. It does not wait for
// anything.
//
// An error is ErrUnavailable, or it says why the value cannot be an event; then trying again does not help.
func (d *Decoder) Decode(value []byte) ([]byte, error) {
	event, _, err := d.DecodeInto(nil, value)
	return event, err
}

// DecodeInto is [Decoder.Decode] for many values: what it makes of Avro it appends to space, which it gives back grown, so that each need not be set aside by
// itself. The event lasts for as long as that is left alone.
func (d *Decoder) DecodeInto(space, value []byte) (event, grown []byte, err error) {
	s, data, err := d.find(value)
	if s == nil || err != nil {
		return data, space, err
	}
	grown, err = s.decode(space, data, d.maxBytes, &d.transcoders)
	if err != nil {
		return nil, space, fmt.Errorf("the value is not what %s describes: %w", schemaName(value), err)
	}
	return grown[len(space):len(grown):len(grown)], grown, nil
}

// find gives the schema of a value and the data behind its frame. Without a schema the data is the event.
func (d *Decoder) find(value []byte) (*schema, []byte, error) {
	if len(value) == 0 {
		return nil, nil, ErrEmpty
	}
	if len(value) > d.maxBytes {
		return nil, nil, fmt.Errorf("the value has %d bytes, more than the %d of an event", len(value), d.maxBytes)
	}
	switch f := framing(value); {
	case f == unframed && d.format != Avro:
		return nil, value, nil
	case f == unframed:
		return nil, nil, fmt.Errorf("the value is not Avro behind a schema's id (it begins with % x), and only that is read here", value[:min(4, len(value))])
	case d.format == JSON:
		return nil, nil, fmt.Errorf("the value is %s, and only JSON is read here", f)
	case len(value) < f.header():
		return nil, nil, fmt.Errorf("the value is %s, cut off after %d bytes", f, len(value))
	case f == singleObject:
		return d.findOwn(value)
	}
	return d.findRegistered(value)
}

// Load asks the registry for the schema of a value that [Decoder.Decode] found ErrUnavailable; the first five bytes of the value are enough.
// After nil, Decode has an answer. It waits for the registry, but no longer than the registry's timeout; an error is ErrUnavailable, ctx's cause
// in it where ctx ended. While the registry fails, calls that follow within a second get the same error and the registry is left alone.
func (d *Decoder) Load(ctx context.Context, value []byte) error {
	if d.registry == nil || d.format == JSON || len(value) < registered.header() || framing(value) != registered {
		return nil
	}
	return d.registry.load(ctx, binary.BigEndian.Uint32(value[1:]))
}

// Ping asks the registry whether it answers requests for schemas, with these credentials. Without a registry it does nothing.
func (d *Decoder) Ping(ctx context.Context) error {
	if d.registry == nil {
		return nil
	}
	return d.registry.ping(ctx)
}

func (d *Decoder) findRegistered(value []byte) (*schema, []byte, error) {
	if d.registry == nil {
		return nil, nil, fmt.Errorf("the value is %s (%s), and no registry is configured", registered, schemaName(value))
	}
	s, err := d.registry.schema(binary.BigEndian.Uint32(value[1:]))
	if err != nil {
		return nil, nil, err
	}
	data := value[registered.header():]
	if s.json {
		return nil, data, nil
	}
	return s, data, nil
}

func (d *Decoder) findOwn(value []byte) (*schema, []byte, error) {
	own, err := d.own()
	if err != nil {
		return nil, nil, err
	}
	name := binary.LittleEndian.Uint64(value[2:])
	s := own[name]
	if s == nil {
		return nil, nil, fmt.Errorf("the value is %s of a schema that is not known here (fingerprint %016x): use one of the connector's schemas, or a schema registry", singleObject, name)
	}
	return s, value[singleObject.header():], nil
}

// schemaName names the schema of a framed value, for people.
func schemaName(value []byte) string {
	if framing(value) == registered {
		return fmt.Sprintf("schema %d", binary.BigEndian.Uint32(value[1:]))
	}
	return fmt.Sprintf("its schema (fingerprint %016x)", binary.LittleEndian.Uint64(value[2:]))
}

// frame is what stands before the data in a value.
type frame uint8

const (
	unframed     frame = iota // nothing
	registered                // a zero byte and the id of a schema in a registry, in four bytes
	singleObject              // two bytes that mark Avro's single-object encoding and a schema's fingerprint, in eight
)

// framing tells the frames apart. Neither can begin a text in JSON.
func framing(value []byte) frame {
	switch {
	case value[0] == 0:
		return registered
	case len(value) > 1 && value[0] == 0xC3 && value[1] == 0x01:
		return singleObject
	}
	return unframed
}

// header is the frame's length in bytes.
func (f frame) header() int {
	switch f {
	case registered:
		return 5
	case singleObject:
		return 10
	default:
		return 0
	}
}

func (f frame) String() string {
	switch f {
	case registered:
		return "in a schema registry's wire format"
	case singleObject:
		return "an Avro single object"
	default:
		return "without a frame"
	}
}

// ownSchemas compiles the schemas of this package.
func ownSchemas(camel bool) (map[uint64]*schema, error) {
	entries, err := files.ReadDir("avro")
	if err != nil {
		return nil, err
	}
	own := make(map[uint64]*schema, len(entries))
	for _, e := range entries {
		text, err := files.ReadFile("avro/" + e.Name())
		if err != nil {
			return nil, err
		}
		s, err := compile(string(text), nil, camel)
		if err != nil {
			return nil, fmt.Errorf("schema %s: %w", e.Name(), err)
		}
		own[fingerprint(s.root)] = s
	}
	return own, nil
}
