package schemas

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/linkedin/goavro/v2"
)

// speller spells the types of a schema for goavro: the structure only, each named type where it is used first. Names are unique without
// namespaces, which goavro resolves differently from the specification in corners.
//
// Left out are defaults, which only writers need and which are wrong in many schemas in use, and logical types. Those are rendered here,
// and some are dangerous: goavro keeps the patterns of validated-string in a map that it reads and writes without a lock, which ends the
// process, and computes 10^scale for each decimal anew, however large the scale.
type speller struct {
	labels map[*avroType]string // of named types
	taken  map[string]bool
}

// codec asks goavro whether t is a schema. A schema that makes goavro panic is none.
func (s *speller) codec(t *avroType) (codec *goavro.Codec, err error) {
	s.labels, s.taken = map[*avroType]string{}, map[string]bool{}
	for _, primitive := range kindNames() {
		s.taken[primitive] = true
	}
	text, err := json.Marshal(s.spell(t))
	if err != nil {
		return nil, err
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("goavro: %v", p)
		}
	}()
	return goavro.NewCodec(string(text))
}

func (s *speller) spell(t *avroType) any {
	switch t.kind {
	case unionKind:
		branches := make([]any, len(t.branches))
		for i, b := range t.branches {
			branches[i] = s.spell(b)
		}
		return branches
	case arrayKind:
		return map[string]any{"type": "array", "items": s.spell(t.items)}
	case mapKind:
		return map[string]any{"type": "map", "values": s.spell(t.items)}
	case recordKind, enumKind, fixedKind:
		return s.spellNamed(t)
	default:
		return t.kind.String()
	}
}

func (s *speller) spellNamed(t *avroType) any {
	if label := s.labels[t]; label != "" {
		return label
	}
	base := strings.ReplaceAll(t.name, ".", "_")
	label := base
	for n := 2; s.taken[label]; n++ {
		label = base + "_" + strconv.Itoa(n)
	}
	s.labels[t], s.taken[label] = label, true
	out := map[string]any{"type": t.kind.String(), "name": label}
	switch t.kind {
	case enumKind:
		out["symbols"] = t.symbols
	case fixedKind:
		out["size"] = t.size
	default:
		fields := make([]any, len(t.fields))
		for i, f := range t.fields {
			fields[i] = map[string]any{"name": f.name, "type": s.spell(f.typ)}
		}
		out["fields"] = fields
	}
	return out
}
