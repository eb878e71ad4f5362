package schemas

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

// schema is a writer's schema, ready to decode with. It never changes.
type schema struct {
	root *avroType
	json bool // the data is JSON already; root is nil
}

// compile makes a schema of its text and the texts of the schemas that it refers to, each after those that it refers to itself.
// An error says what is wrong with the schema.
func compile(text string, references []string, camel bool) (_ *schema, err error) {
	t := types{named: map[string]*avroType{}, camel: camel}
	size := len(text)
	for i, r := range references {
		if size += len(r); size > maxSchemaBytes {
			break
		}
		if _, err := t.parseText(r); err != nil {
			return nil, fmt.Errorf("reference %d: %w", i+1, err)
		}
	}
	if size > maxSchemaBytes {
		return nil, fmt.Errorf("the schema is larger than %d MiB with what it refers to", maxSchemaBytes>>20)
	}
	root, err := t.parseText(text)
	if err != nil {
		return nil, err
	}
	if err := holdsEvents(root); err != nil {
		return nil, err
	}
	if _, err := new(speller).codec(root); err != nil {
		return nil, err
	}
	return &schema{root: root}, nil
}

func (t *types) parseText(text string) (*avroType, error) {
	var tree any
	if err := json.Unmarshal([]byte(text), &tree); err != nil {
		return nil, fmt.Errorf("the schema is no JSON: %w", err)
	}
	return t.parse(tree, "")
}

// holdsEvents tells whether a value of type t can be an event: an object, or a text that holds one in JSON.
func holdsEvents(t *avroType) error {
	switch t.kind {
	case recordKind, mapKind, stringKind, bytesKind:
		return nil
	case unionKind:
		for _, b := range t.branches {
			if holdsEvents(b) == nil {
				return nil
			}
		}
		return errors.New("the schema is a union without a record: no value of it is an event")
	default:
		return fmt.Errorf("the schema is of type %s: no value of it is an event", t.kind)
	}
}

// decode appends the event that data holds, in JSON of at most about limit bytes, or says what is wrong with data. The transcoders are
// lent for the time of the call.
func (s *schema) decode(dst, data []byte, limit int, transcoders *sync.Pool) ([]byte, error) {
	c, ok := transcoders.Get().(*transcoder)
	if !ok {
		c = new(transcoder)
	}
	c.limit = limit
	event, fault := c.event(s.root, data)
	if fault != nil {
		return nil, fmt.Errorf("byte %d of %d: %s", c.at, len(data), fault)
	}
	dst = append(dst, event...)
	if c.small() {
		transcoders.Put(c)
	}
	return dst, nil
}
