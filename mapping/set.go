package mapping

import (
	"math/bits"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/trigger"
)

// Set is the mappings of a destination, compiled together. It is immutable and safe for concurrent use.
type Set struct {
	mappings []*Mapping
	triggers []*trigger.Trigger

	paths      document.Paths
	conditions *trigger.Conditions
	programs   []trigger.Program
	byType     requirement
	byEvent    requirement
}

// requirement tells which mappings can match, by one field of the event that triggers compare with fixed texts. Bits
// are numbers of mappings.
type requirement struct {
	slot int
	any  uint64            // those that can match whatever the field holds
	some map[string]uint64 // the others, by the JSON of the field
}

// Mappings returns the enabled mappings in the order of their definition, at most 50, and behind them those of a
// Classic destination, at most 5. The caller must not change it.
func (s *Set) Mappings() []*Mapping { return s.mappings }

// compiled makes the set ready to read events.
func (s *Set) compiled() *Set {
	s.byType = requirement{slot: s.paths.Add([]string{"type"}), some: map[string]uint64{}}
	s.byEvent = requirement{slot: s.paths.Add([]string{"event"}), some: map[string]uint64{}}
	s.conditions = trigger.NewConditions(&s.paths)
	for i, t := range s.triggers {
		s.programs = append(s.programs, t.Compile(s.conditions))
		types, events := t.Requires()
		s.byType.add(1<<i, types)
		s.byEvent.add(1<<i, events)
	}
	return s
}

func (r *requirement) add(mapping uint64, texts []string) {
	if texts == nil {
		r.any |= mapping
	}
	for _, text := range texts {
		r.some[string(document.StringValue(text).AppendJSON(nil))] |= mapping
	}
}

// Reader reads events and finds out which mappings they are for. It belongs to one goroutine, and once it has seen a
// few events it allocates nothing for those that are in canonical form.
type Reader struct {
	set     *Set
	scanner *document.Scanner
	answers *trigger.Answers // about what scanner has read
	json    []byte           // of a field, for look-ups
}

// NewReader returns a Reader for one goroutine.
func (s *Set) NewReader() *Reader {
	scanner := document.NewScanner(&s.paths)
	return &Reader{set: s, scanner: scanner, answers: s.conditions.NewAnswers(scanner)}
}

// Read reads one event, which must be the JSON of one object. event is its canonical form, what
// JSON.stringify(JSON.parse(value)) gives in JavaScript: value itself where that is canonical already, else a copy that
// the caller owns. Bit i of match is set if Mappings()[i] takes the event. The error is a *document.SyntaxError. value
// must not change before the next Read.
func (r *Reader) Read(value []byte) (event []byte, match uint64, err error) {
	if err := r.answers.Scan(value); err != nil {
		return nil, 0, err
	}
	candidates := r.candidates(&r.set.byType) & r.candidates(&r.set.byEvent)
	for ; candidates != 0; candidates &= candidates - 1 {
		i := bits.TrailingZeros64(candidates)
		if r.set.programs[i].Match(r.answers) {
			match |= 1 << i
		}
	}
	if r.scanner.Canonical() {
		return value, match, nil
	}
	return r.scanner.AppendCanonical(make([]byte, 0, len(value))), match, nil
}

// candidates returns the mappings that one field of the event leaves in the running.
func (r *Reader) candidates(field *requirement) uint64 {
	if len(field.some) == 0 {
		return field.any
	}
	slot := r.scanner.Slot(field.slot)
	if slot.Kind() != document.String {
		return field.any
	}
	r.json = slot.AppendJSON(r.json[:0])
	return field.any | field.some[string(r.json)]
}

// Explain says, after Read, why Mappings()[i] did not take the event: the first condition that failed, in words, such
// as `event is "Cart Viewed", not "Order Completed"`. It is "" for a mapping that did.
func (r *Reader) Explain(i int) string { return r.set.programs[i].Explain(r.answers) }
