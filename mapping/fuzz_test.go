package mapping

import (
	"os"
	"path/filepath"
	"testing"

	"segment-webhooks/mapping/document"
)

// FuzzDirectives checks that no mapping and no event brings the directives down, that what they give is JSON in
// JavaScript's form, and that the plan gives what the nodes give, and a mapping that was loaded, too.
func FuzzDirectives(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"a":{"@path":"$.x['y'].0"},"b":{"@template":"{{x}} {{{y}}}"}}`, `{"x":{"y":[1]},"y":"{{x}}"}`},
		{`{"@if":{"exists":{"@path":"$.x"},"then":{"@literal":1},"else":[{"@nope":1}]}}`, `{"x":null}`},
		{`{"@if":{"blank":{"@path":"$.x"},"then":1}}`, `{"x":[[]]}`},
		{`{"a":{"@case":{"operator":"lower","value":{"@path":"$.x"}}}}`, `{"x":"ΑΣ İ\ud800"}`},
		{`{"a":{"@replace":{"pattern":"σ","replacement":"$&$'","value":{"@path":"$.x"},"ignorecase":true,"pattern2":"\ud83d","replacement2":"$$"}}}`, `{"x":"Σς😀"}`},
		{`{"a":{"@arrayPath":["$.x",{"b":{"@path":"$.length"}}]}}`, `{"x":[{"b":1},"s",null]}`},
		{`{"a":{"@merge":{"direction":"left","objects":[{"@path":"$.x"},{"@path":"$.y"}]}}}`, `{"x":"😀","y":{"__proto__":1,"0":2}}`},
		{`{"@transform":{"apply":{"t":{"@path":"$.x"}},"mapping":{"@path":"$.t"}}}`, `{"x":{"a":1}}`},
		{`{"a":{"@flatten":{"value":{"@path":"$."},"separator":"."}}}`, `{"x":{"":{"y":[]}},"__proto__":{"a":{}}}`},
		{`{"a":{"@json":{"mode":"decode","value":{"@json":{"mode":"encode","value":{"@path":"$."}}}}}}`, `{"x":"\ud800","n":1e400}`},
		{`{"a":{"@excludeWhenNull":{"@path":"$."}}}`, `{"x":null,"y":{"z":null}}`},
		{`{"a":{"@liquid":"{{ x | upcase }}{% if y %}z{% endif %}"}}`, `{"x":"a"}`},
		{`{"__segment_internal_directive":{"@transform":{"apply":{"t":1}}},"a":{"@path":"$.t"}}`, `{}`},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, mapping, event string) {
		raw, err := document.Parse([]byte(mapping))
		if err != nil {
			return
		}
		in, err := document.Parse([]byte(event))
		if err != nil || in.Kind() != document.Object {
			return
		}
		got := resolveWhole(mapping, event)
		if got.stage == "" && got.output != "(nothing)" {
			v, err := document.Parse([]byte(got.output))
			if err != nil || string(v.AppendJSON(nil)) != got.output {
				t.Errorf("output %s is not in JavaScript's form: %v", got.output, err)
			}
		}
		canonical := string(in.AppendJSON(nil))
		var c compiler
		if quick, slow, planned := bothWays(t, c.compile("", raw), []byte(canonical)); planned && quick != slow {
			t.Errorf("mapping %s\nevent %s\nplan  %s\nnodes %s", mapping, event, quick, slow)
		}
		if problem := checkLoaded(mapping, canonical, resolveWhole(mapping, canonical)); problem != "" {
			t.Errorf("mapping %s\nevent   %s\n%s", mapping, canonical, problem)
		}
	})
}

// FuzzLoad checks that no file brings the loader down, that what is refused says where, and that what loads resolves or
// says why not.
func FuzzLoad(f *testing.F) {
	files, _ := filepath.Glob("testdata/load/*")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("mappings: [{name: A, trigger: 'type = \"track\"', fields: {url: 'https://a.example/${X}', method: POST, data: {a: &x [1], b: *x, <<: {c: 1}}}}]")
	event := []byte(`{"type":"track","a":{"b":[1,"x"]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"m.yaml", "m.json", "m"} {
			set, _, err := LoadText(name, []byte(text), environment(map[string]string{"X": "x"}), Options{AllowedHosts: []string{"*.example"}})
			if err != nil {
				if err.Error() == "" {
					t.Error("refused without a word")
				}
				continue
			}
			if _, _, err := set.NewReader().Read(event); err != nil {
				t.Errorf("reading an event: %v", err)
			}
			for _, m := range set.Mappings() {
				payload, err := m.Resolve(event)
				if err == nil && (payload.URL == "" || payload.Method == "") {
					t.Errorf("payload %+v without target", payload)
				}
			}
		}
	})
}
