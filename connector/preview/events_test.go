package preview_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"segment-webhooks/connector/preview"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name string
		file string
		want map[int]string
	}{
		{"nothing", "", map[int]string{}},
		{"blank lines only", "\n \r\n", map[int]string{}},
		{"lines, of which empty ones count", "{\"a\":1}\r\n\n{\"b\":2}\n", map[int]string{1: `{"a":1}`, 3: `{"b":2}`}},
		{"one line", "{\"a\":1}\n", map[int]string{1: `{"a":1}`}},
		{"one document over lines", "{\n  \"a\": 1\n}\n", map[int]string{1: "{\n  \"a\": 1\n}"}},
		{"an array", "[\n {\"a\":1.0},\n {\"a\":1,\"a\":2}\n]", map[int]string{1: `{"a":1.0}`, 2: `{"a":1,"a":2}`}},
		{"an empty array", "[]", map[int]string{}},
		{"documents over lines", "{\n\"a\":1}\n{\"b\":\n2}", map[int]string{1: "{\n\"a\":1}", 2: "{\"b\":\n2}"}},
		{"one bad line among good ones", "{\"a\":1}\n{\"b\":\n{\"c\":3}", map[int]string{1: `{"a":1}`, 2: `{"b":`, 3: `{"c":3}`}},
		{"a line that is no object", "{\"a\":1}\n[5]\nnull", map[int]string{1: `{"a":1}`, 2: `[5]`, 3: `null`}},
		{"null", "null", map[int]string{1: "null"}},
		{"a byte order mark", "\ufeff{\"a\":1}", map[int]string{1: `{"a":1}`}},
		{"a lone surrogate", `{"a":"\ud800"}`, map[int]string{1: `{"a":"\ud800"}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := make(map[int]string)
			last := 0
			for _, e := range preview.Split([]byte(c.file)) {
				if e.Number <= last {
					t.Errorf("event %d comes after %d", e.Number, last)
				}
				last = e.Number
				got[e.Number] = string(e.Text)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}
