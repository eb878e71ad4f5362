package document_test

import (
	"math"
	"strings"
	"testing"

	"segment-webhooks/mapping/document"
)

// scan returns a scanner that has read text, and the slots of the dotted paths.
func scan(t *testing.T, text string, paths ...string) (*document.Scanner, []*document.Slot) {
	t.Helper()
	var set document.Paths
	var numbers []int
	for _, path := range paths {
		numbers = append(numbers, set.Add(keys(path)))
	}
	s := document.NewScanner(&set)
	if err := s.Scan([]byte(text)); err != nil {
		t.Fatalf("Scan(%q): %v", text, err)
	}
	var slots []*document.Slot
	for _, n := range numbers {
		slots = append(slots, s.Slot(n))
	}
	return s, slots
}

// keys splits a dotted path; the empty one is the root.
func keys(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(path, ".")
}

func TestScanFindsSlots(t *testing.T) {
	for _, tc := range []struct {
		name, in, path string
		kind           document.Kind
		raw            string
	}{
		{"the event", `{"a": 1}`, "", document.Object, `{"a": 1}`},
		{"string", `{"type":"track"}`, "type", document.String, `"track"`},
		{"nested", `{"a":{"b":{"c":1.50}}}`, "a.b.c", document.Number, `1.50`},
		{"object", `{"a":{"b": [1]},"c":2}`, "a", document.Object, `{"b": [1]}`},
		{"array", `{"a":[1, 2]}`, "a", document.Array, `[1, 2]`},
		{"true", `{"a":true}`, "a", document.Bool, `true`},
		{"null", `{"a":null}`, "a", document.Null, `null`},
		{"missing", `{"a":null}`, "b", document.Missing, ``},
		{"below missing", `{"a":{}}`, "a.b.c", document.Missing, ``},
		{"walk stops at zero", `{"a":0}`, "a.b", document.Number, `0`},
		{"walk stops at negative zero", `{"a":-0.0}`, "a.b", document.Number, `-0.0`},
		{"walk stops at what is too small", `{"a":1e-400}`, "a.b", document.Number, `1e-400`},
		{"walk stops at false", `{"a":false}`, "a.b.c.d", document.Bool, `false`},
		{"walk stops at null", `{"a":{"b":null}}`, "a.b.c", document.Null, `null`},
		{"walk stops at an empty string", `{"a":""}`, "a.length", document.String, `""`},
		{"a number is no container", `{"a":5}`, "a.b", document.Missing, ``},
		{"true is no container", `{"a":true}`, "a.b", document.Missing, ``},
		{"infinity is truthy", `{"a":1e400}`, "a.b", document.Missing, ``},
		{"element", `{"items":[{"sku":"x"},{"sku":"y"}]}`, "items.1.sku", document.String, `"y"`},
		{"element of an element", `{"a":[[1,2],[3,[4,5]]]}`, "a.1.1.0", document.Number, `4`},
		{"no such element", `{"a":[1]}`, "a.1", document.Missing, ``},
		{"walk stops in an array", `{"a":[0]}`, "a.0.x", document.Number, `0`},
		{"index that is not canonical", `{"a":[1]}`, "a.00", document.Missing, ``},
		{"index as a key", `{"a":{"0":"zero"}}`, "a.0", document.String, `"zero"`},
		{"length of an array", `{"a":[1,[2,3]]}`, "a.length", document.Number, `2`},
		{"length of an empty array", `{"a":[]}`, "a.length", document.Number, `0`},
		{"walk stops at a length", `{"a":[]}`, "a.length.x", document.Number, `0`},
		{"below a length", `{"a":[1]}`, "a.length.x", document.Missing, ``},
		{"length of a string", `{"a":"é\ud83d\ude00\n"}`, "a.length", document.Number, `4`},
		{"length as a key", `{"a":{"length":"own"}}`, "a.length", document.String, `"own"`},
		{"length of an object", `{"a":{}}`, "a.length", document.Missing, ``},
		{"unit of a string", `{"a":"x\"y"}`, "a.1", document.String, `"\""`},
		{"unit of a pair", `{"a":"😀"}`, "a.1", document.String, `"\ude00"`},
		{"unit behind the end", `{"a":"abc"}`, "a.3", document.Missing, ``},
		{"length of a unit", `{"a":"abc"}`, "a.2.length", document.Number, `1`},
		{"key with escapes", `{"\u0061\n":1}`, "a\n", document.Number, `1`},
		{"key beyond ASCII", `{"ключ":{"é":1}}`, "ключ.é", document.Number, `1`},
		{"key of a lone surrogate", `{"\ud800":"key"}`, "\xed\xa0\x80", document.String, `"key"`},
		{"malformed key", "{\"\xff\":1}", "\uFFFD", document.Number, `1`},
		{"keys that differ in the middle", `{"checkout_step_1_completed":1,"checkout_step_2_completed":2}`, "checkout_step_2_completed", document.Number, `2`},
		{"keys of one beginning", `{"ab":1,"abc":2,"abcdefgh":3,"abcdefghi":4}`, "abcdefgh", document.Number, `3`},
		{"repeated key, last counts", `{"a":1,"b":2,"a":3}`, "a", document.Number, `3`},
		{"repeated key, earlier one is gone", `{"a":{"b":1},"a":{"c":2}}`, "a.b", document.Missing, ``},
		{"repeated key, later one is falsy", `{"a":{"b":1},"a":0}`, "a.b", document.Number, `0`},
		{"repeated key through an escape", `{"a":1,"\u0061":"x"}`, "a", document.String, `"x"`},
		{"repeated key keeps infinity", `{"a":1,"b":1e400,"a":3}`, "b", document.Number, `1e400`},
		{"inherited name", `{"a":{}}`, "a.toString", document.Missing, ``},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, slots := scan(t, tc.in, "zzz", tc.path, tc.path+".more")
			got := slots[1]
			if got.Kind() != tc.kind {
				t.Errorf("got %v, want %v", got.Kind(), tc.kind)
			}
			want := ""
			if tc.kind != document.Missing {
				want = string(parse(t, tc.raw).AppendJSON(nil))
			}
			if got := string(got.Value().AppendJSON(nil)); got != want {
				t.Errorf("Value: got %s, want %s", got, want)
			}
			if got := string(got.AppendJSON(nil)); got != want {
				t.Errorf("AppendJSON: got %s, want %s", got, want)
			}
			if (len(got.Raw()) == 0) != (tc.kind == document.Missing) {
				t.Errorf("Raw: got %q", got.Raw())
			}
		})
	}
}

func TestSlotComparesStrings(t *testing.T) {
	in := `{"plain":"Order Completed","escaped":"caf\u00e9 \"x\"\n","high":"a\ud800b","pair":"x😀y","bad":"` + "\xff" + `","n":5,"obj":{"s":"Order Completed"},"nul":null}`
	for _, tc := range []struct {
		name, path, op, with string
		want                 bool
	}{
		{"equal", "plain", "=", "Order Completed", true},
		{"equal, other case", "plain", "=", "order completed", false},
		{"equal to a beginning", "plain", "=", "Order", false},
		{"equal, escaped", "escaped", "=", "café \"x\"\n", true},
		{"escaped, not its raw form", "escaped", "=", `caf\u00e9 \"x\"\n`, false},
		{"equal, malformed", "bad", "=", "\uFFFD", true},
		{"number is no string", "n", "=", "5", false},
		{"object is no string", "obj", "=", "[object Object]", false},
		{"missing is no string", "zzz", "=", "", false},
		{"null is no string", "nul", "=", "null", false},
		{"contains", "plain", "~", "r C", true},
		{"contains the empty string", "plain", "~", "", true},
		{"contains not", "plain", "~", "rC", false},
		{"contains, escaped", "escaped", "~", "é \"", true},
		{"contains, a number", "n", "~", "", false},
		{"prefix", "plain", "^", "Order", true},
		{"prefix not", "plain", "^", "rder", false},
		{"prefix, escaped", "escaped", "^", "café", true},
		{"prefix, object", "obj", "^", "", false},
		{"suffix", "plain", "$", "Completed", true},
		{"suffix not", "plain", "$", "Order", false},
		{"suffix, escaped", "escaped", "$", "\"\n", true},
		{"suffix, missing", "zzz", "$", "", false},
		{"lone surrogate", "high", "~", "\xed\xa0\x80", true},
		{"lone surrogate with its neighbour", "high", "$", "\xed\xa0\x80b", true},
		{"half of a pair", "pair", "~", "\xed\xa0\xbd", true},
		{"other half of a pair", "pair", "$", "\xed\xb8\x80y", true},
		{"half of a pair as prefix", "pair", "^", "x\xed\xa0\xbd", true},
		{"another half", "pair", "~", "\xed\xa0\xbe", false},
		{"half is not the whole", "pair", "=", "x\xed\xa0\xbdy", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, slots := scan(t, in, tc.path)
			test := map[string]func(string) bool{
				"=": slots[0].Equal, "~": slots[0].Contains, "^": slots[0].HasPrefix, "$": slots[0].HasSuffix,
			}[tc.op]
			if got := test(tc.with); got != tc.want {
				t.Errorf("%s %s %q: got %v, want %v", tc.path, tc.op, tc.with, got, tc.want)
			}
		})
	}
}

func TestSlotNumberAndBool(t *testing.T) {
	_, slots := scan(t, `{"i":42,"neg":-7,"frac":1.5,"big":12345678901234567890,"inf":1e400,"ninf":-1e400,"s":"5","t":true,"f":false}`,
		"i", "neg", "frac", "big", "inf", "ninf", "s", "zzz", "t", "f")
	for i, want := range []float64{42, -7, 1.5, 12345678901234567000, math.Inf(1), math.Inf(-1), math.NaN(), math.NaN(), math.NaN(), math.NaN()} {
		if got := slots[i].Number(); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("slot %d: got %v, want %v", i, got, want)
		}
	}
	for i, slot := range slots {
		if got, want := slot.Bool(), i == 8; got != want {
			t.Errorf("slot %d: got %v, want %v", i, got, want)
		}
	}
}

func TestCanonical(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"already", `{"a":1,"b":[true,null,"x",{}],"c":{"d":-0.5}}`, ""},
		{"blanks", "{ \"a\" : [ 1 , 2 ] ,\n\t\"b\":{ } }\r\n", `{"a":[1,2],"b":{}}`},
		{"blank in front", ` {}`, `{}`},
		{"blank behind", `{} `, `{}`},
		{"byte order mark", "\xef\xbb\xbf{\"a\":1}", `{"a":1}`},
		{"numbers that stay", `{"a":[0,-1,123456789012345,0.1,-1.25,0.000001,1e+21,1e-7,9007199254740992,0.1234567890123456,1.7976931348623157e+308,5e-324]}`, ""},
		{"numbers that change", `{"a":[-0,1.0,1.50,1e2,1E21,0.0000001,9007199254740993,1e400,0.10000000000000000001,-0.0,0e5]}`, `{"a":[0,1,1.5,100,1e+21,1e-7,9007199254740992,null,0.1,0,0]}`},
		{"integers of 16 and 17 digits", `{"a":[1234567890123456,12345678901234568]}`, ""},
		{"escapes that stay", `{"a":"\"\\\b\f\n\r\t\u0000\u001f\ud800x\udfff","b\n":1}`, ""},
		{"slash", `{"a":"\/"}`, `{"a":"/"}`},
		{"escaped letter", `{"a":"\u0061"}`, `{"a":"a"}`},
		{"capital hex digits", `{"a":"\u001F"}`, `{"a":"\u001f"}`},
		{"control with a short form", `{"a":"\u000a"}`, `{"a":"\n"}`},
		{"pair", `{"a":"\ud83d\ude00"}`, `{"a":"😀"}`},
		{"capital surrogate", `{"a":"\uD800"}`, `{"a":"\ud800"}`},
		{"malformed", "{\"a\":\"\xff\"}", "{\"a\":\"\uFFFD\"}"},
		{"malformed key", "{\"\xe2\x82\":1}", "{\"\uFFFD\":1}"},
		{"unescaped beyond ASCII", "{\"é😀\u2028\":\"日本\x7f\"}", ""},
		{"escaped key", `{"\u0061":1}`, `{"a":1}`},
		{"index keys in order", `{"0":1,"7":2,"10":3,"4294967294":4,"a":5,"4294967295":6,"01":7}`, ""},
		{"index key behind another", `{"a":1,"0":2}`, `{"0":2,"a":1}`},
		{"index keys descending", `{"10":1,"9":2}`, `{"9":2,"10":1}`},
		{"index key in a nested object", `{"a":{"b":1,"3":[{"x":1,"2":1}]}}`, `{"a":{"3":[{"2":1,"x":1}],"b":1}}`},
		{"escaped index key", `{"\u0030":1,"a":2}`, `{"0":1,"a":2}`},
		{"repeated key", `{"a":1,"b":2,"a":{"c": 1e400}}`, `{"a":{"c":null},"b":2}`},
		{"repeated in a nested object", `{"x":[{"a":1,"a":2}]}`, `{"x":[{"a":2}]}`},
		{"same key in two objects", `{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}`, ""},
		{"__proto__", `{"__proto__":{"a":1}}`, ""},
		{"empty key", `{"":{"":""}}`, ""},
		{"more keys than are compared one by one", manyKeys(300, ""), ""},
		{"one of many keys repeated", manyKeys(300, `,"key7":1`), strings.Replace(manyKeys(300, ""), `"key7":7`, `"key7":1`, 1)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := tc.want
			if want == "" {
				want = tc.in
			}
			s, _ := scan(t, tc.in, "a", "a.b", "a.0")
			if got := s.Canonical(); got != (want == tc.in) {
				t.Errorf("Canonical: got %v, want %v", got, want == tc.in)
			}
			if got := string(s.AppendCanonical([]byte("x"))); got != "x"+want {
				t.Errorf("AppendCanonical: got %q, want %q", got, "x"+want)
			}
		})
	}
}

// manyKeys returns an object of n keys, with tail before its end.
func manyKeys(n int, tail string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`,"key`)
		b.Write(document.AppendNumber(nil, float64(i)))
		b.WriteString(`":`)
		b.Write(document.AppendNumber(nil, float64(i)))
	}
	return "{" + b.String()[1:] + tail + "}"
}

func TestHasProto(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     bool
	}{
		{"none", `{"a":"__proto__"}`, false},
		{"at the top", `{"__proto__":null}`, true},
		{"below an array", `{"a":[{"b":{"__proto__":1}}]}`, true},
		{"escaped", `{"a":{"\u005f_proto__":1}}`, true},
		{"longer", `{"__proto___":1,"x__proto__":1,"__Proto__":1}`, false},
		{"in a text", `{"a":"{\"__proto__\":1}"}`, false},
		{"beside a repeated key", `{"b":1,"__proto__":1,"b":1}`, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, _ := scan(t, tc.in)
			if got := s.HasProto(); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
			if err := s.Scan([]byte(`{}`)); err != nil || s.HasProto() {
				t.Errorf("after another event: got %v, %v, want false", s.HasProto(), err)
			}
		})
	}
}

func TestScanRefuses(t *testing.T) {
	var paths document.Paths
	slot := paths.Add([]string{"a"})
	s := document.NewScanner(&paths)
	for _, tc := range []struct{ name, in, reason string }{
		{"nothing", ``, "ends"},
		{"array", `[{"a":1}]`, "array"},
		{"string", ` "a"`, "string"},
		{"number", `12`, "number"},
		{"null", `null`, "null"},
		{"true", `true`, "boolean"},
		{"half an event", `{"a":1`, "ends"},
		{"two events", `{"a":1}{"a":2}`, "after the end"},
		{"too deep", `{"a":` + strings.Repeat("[", 10_000), "deep"},
		{"not JSON", `{"a":1,"b":x}`, "value"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := s.Scan([]byte(`{"a":1}`)); err != nil {
				t.Fatal(err)
			}
			err := s.Scan([]byte(tc.in))
			if err == nil || !strings.Contains(err.Error(), tc.reason) {
				t.Errorf("got %v, want an error with %q", err, tc.reason)
			}
			if got := s.Slot(slot).Kind(); got != document.Missing {
				t.Errorf("after the error the slot is %v, want missing", got)
			}
		})
	}
}

func TestPathsShareSlots(t *testing.T) {
	var paths document.Paths
	ab := paths.Add([]string{"a", "b"})
	for _, tc := range []struct {
		name string
		path []string
		same bool
	}{
		{"again", []string{"a", "b"}, true},
		{"with a dot", []string{"a.b"}, false},
		{"longer", []string{"a", "b", "c"}, false},
		{"root", nil, false},
		{"empty key", []string{""}, false},
	} {
		if got := paths.Add(tc.path) == ab; got != tc.same {
			t.Errorf("%s: same slot is %v, want %v", tc.name, got, tc.same)
		}
		if first, again := paths.Add(tc.path), paths.Add(tc.path); first != again {
			t.Errorf("%s: got slots %d and %d for one path", tc.name, first, again)
		}
	}
}

func TestScannerWithoutPaths(t *testing.T) {
	s := document.NewScanner(nil)
	if err := s.Scan([]byte(`{"a":1}`)); err != nil || !s.Canonical() {
		t.Errorf("got %v, %v, want a canonical event", s.Canonical(), err)
	}
}
