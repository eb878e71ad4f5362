package document_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"segment-webhooks/mapping/document"
)

// parse returns the value of text, which must be valid.
func parse(t *testing.T, text string) document.Value {
	t.Helper()
	v, err := document.Parse([]byte(text))
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return v
}

func TestParseAndPrintLikeJavaScript(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"J1 trailing fraction zero", `1.0`, `1`},
		{"J2 exponent", `1e2`, `100`},
		{"J3 negative zero", `-0`, `0`},
		{"negative zero with fraction", `-0.0`, `0`},
		{"J4 exponent form begins", `1e21`, `1e+21`},
		{"J5 exponent form not yet", `1e20`, `100000000000000000000`},
		{"J6 small", `1e-6`, `0.000001`},
		{"J6 smaller", `1e-7`, `1e-7`},
		{"small negative", `-1.5e-9`, `-1.5e-9`},
		{"two digits of exponent", `1e-10`, `1e-10`},
		{"three digits of exponent", `1e100`, `1e+100`},
		{"J7 smallest", `5e-324`, `5e-324`},
		{"underflow", `1e-400`, `0`},
		{"J8 overflow", `1e400`, `null`},
		{"negative overflow", `-1e400`, `null`},
		{"J9 too many digits", `123456789012345678901`, `123456789012345680000`},
		{"J10 beyond 2^53", `9007199254740993`, `9007199254740992`},
		{"J11 largest", `1.7976931348623157e308`, `1.7976931348623157e+308`},
		{"long integer rounded", `12345678901234567890`, `12345678901234567000`},
		{"capital exponent with plus", `1E+2`, `100`},
		{"J12 line separators are not escaped", `"\u2028\u2029"`, "\"\u2028\u2029\""},
		{"J13 lone surrogate", `"\ud800"`, `"\ud800"`},
		{"lone surrogate in capitals", `"\uD800x"`, `"\ud800x"`},
		{"low before high", `"\ude00\ud83d"`, `"\ude00\ud83d"`},
		{"high, then pair", `"\ud83d\ud83d\ude00"`, `"\ud83d😀"`},
		{"J14 pair, letter, slash", `"\ud83d\ude00\u00e9\/"`, `"😀é/"`},
		{"J15 short escapes", `"\b\f\n\r\t\u0008\u000c\u000a\u000d\u0009"`, `"\b\f\n\r\t\b\f\n\r\t"`},
		{"J15 other controls", `"\u001F\u0000\u000b"`, `"\u001f\u0000\u000b"`},
		{"J15 delete is plain", "\"\\u007f\x7f\"", "\"\x7f\x7f\""},
		{"J16 no HTML escapes", `"<>&'\u003c"`, `"<>&'<"`},
		{"quote and backslash", `"\u0022\u005c\"\\"`, `"\"\\\"\\"`},
		{"J17 order kept", `{"b":1,"a":2}`, `{"b":1,"a":2}`},
		{"J18 index keys first", `{"b":1,"2":1,"10":1,"1":1,"01":1,"-1":1,"1.5":1}`, `{"1":1,"2":1,"10":1,"b":1,"01":1,"-1":1,"1.5":1}`},
		{"J19 largest index key", `{"4294967294":1,"a":1,"4294967295":1,"9007199254740991":1,"3":1}`, `{"3":1,"4294967294":1,"a":1,"4294967295":1,"9007199254740991":1}`},
		{"J20 repeated key", `{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`},
		{"repeated through an escape", `{"a":1,"b":2,"\u0061":3}`, `{"a":3,"b":2}`},
		{"repeated index key", `{"x":0,"1":1,"0":2,"1":3}`, `{"0":2,"1":3,"x":0}`},
		{"repeated three times", `{"a":1,"a":2,"a":{"a":3,"a":4}}`, `{"a":{"a":4}}`},
		{"J21 empty key, empty array, blanks", " \t\r\n{ \"\" : 1 , \"b\" : [ ] , \"c\" : { } } ", `{"":1,"b":[],"c":{}}`},
		{"__proto__ is a key", `{"__proto__":1,"a":{"__proto__":{"b":2}}}`, `{"__proto__":1,"a":{"__proto__":{"b":2}}}`},
		{"words", `[true,false,null]`, `[true,false,null]`},
		{"malformed byte", "\"a\xffb\"", "\"a\uFFFDb\""},
		{"truncated sequence is one replacement", "\"\xe2\x82\"", "\"\uFFFD\""},
		{"encoded surrogate is three replacements", "\"\xed\xa0\x80\"", "\"\uFFFD\uFFFD\uFFFD\""},
		{"Korean, whose bytes begin as a surrogate's", `"\ud55c글"`, `"한글"`},
		{"overlong sequences", "\"\xe0\x80\xf0\x80\xed\x9f\"", "\"\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\""},
		{"overlong is two replacements", "\"\xc0\xaf\"", "\"\uFFFD\uFFFD\""},
		{"beyond U+10FFFF", "\"\xf4\x90\x80\x80\"", "\"\uFFFD\uFFFD\uFFFD\uFFFD\""},
		{"malformed before an escape", "\"\xf0\x9f\\n\"", "\"\uFFFD\\n\""},
		{"malformed keys meet", "{\"\xff\":1,\"\xfe\":2}", "{\"\uFFFD\":2}"},
		{"byte order mark", "\xef\xbb\xbf{}", `{}`},
		{"byte order mark inside", "\"\xef\xbb\xbf\"", "\"\xef\xbb\xbf\""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v := parse(t, tc.in)
			if got := string(v.AppendJSON(nil)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		offset   int
	}{
		{"nothing", ``, 0},
		{"blanks only", `  `, 2},
		{"open object", `{`, 1},
		{"key without value", `{"a"}`, 4},
		{"key without quotes", `{a:1}`, 1},
		{"comma before the end of an object", `{"a":1,}`, 7},
		{"comma before the end of an array", `[1,]`, 3},
		{"leading zero", `01`, 1},
		{"point without digits", `[1.]`, 3},
		{"point first", `.5`, 0},
		{"exponent without digits", `[1e+]`, 4},
		{"minus alone", `[-]`, 2},
		{"plus", `+1`, 0},
		{"open string", `"a`, 2},
		{"line end in a string", "\"\n\"", 1},
		{"half a word", `tru`, 3},
		{"another word", `[nul]`, 4},
		{"text ends behind a backslash", `"a\`, 3},
		{"unknown escape", `"\x"`, 2},
		{"short \\u", `"\u12"`, 2},
		{"wrong bracket", `[1}`, 2},
		{"text after the end", `{"a":1}x`, 7},
		{"two values", `1 2`, 2},
		{"vertical tab", "\v1", 0},
		{"no-break space", "\u00a01", 0},
		{"two byte order marks", "\xef\xbb\xbf\xef\xbb\xbf1", 3},
		{"NUL", "1\x00", 1},
		{"NaN", "NaN", 0},
		{"single quotes", "'a'", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := document.Parse([]byte(tc.in))
			syntax, ok := errors.AsType[*document.SyntaxError](err)
			if !ok {
				t.Fatalf("got error %v, want a SyntaxError", err)
			}
			if syntax.Offset != tc.offset {
				t.Errorf("got offset %d (%v), want %d", syntax.Offset, err, tc.offset)
			}
			if syntax.Reason == "" {
				t.Error("no reason")
			}
		})
	}
}

func TestDepthIsBounded(t *testing.T) {
	nested := func(open, inner, closing string, n int) []byte {
		return []byte(strings.Repeat(open, n) + inner + strings.Repeat(closing, n))
	}
	if _, err := document.Parse(nested("[", "", "]", document.MaxDepth)); err != nil {
		t.Errorf("%d arrays deep: %v", document.MaxDepth, err)
	}
	for _, n := range []int{document.MaxDepth + 1, 10_000, 1_000_000} {
		for _, text := range [][]byte{nested("[", "", "]", n), nested(`{"a":`, "1", "}", n), nested("[", "", "", n)} {
			if _, err := document.Parse(text); err == nil || !strings.Contains(err.Error(), "deep") {
				t.Errorf("%d deep: got error %v, want one about the depth", n, err)
			}
		}
	}
}

func TestGet(t *testing.T) {
	many := `{"k":{`
	for i := range 40 {
		many += `"key` + strings.Repeat("x", i) + `":` + string(rune('0'+i%10)) + `,`
	}
	many += `"7":"seven","key":"last"}}`
	for _, tc := range []struct{ name, in, path, want string }{
		{"own key", `{"a":{"b":1}}`, "a.b", `1`},
		{"other case", `{"a":1}`, "A", ``},
		{"null", `{"a":null}`, "a", `null`},
		{"step on null", `{"a":null}`, "a.b", ``},
		{"missing", `{"a":1}`, "b", ``},
		{"inherited name", `{"a":1}`, "toString", ``},
		{"inherited name of an array", `{"a":[]}`, "a.constructor", ``},
		{"element", `{"a":[5,6]}`, "a.1", `6`},
		{"no such element", `{"a":[5,6]}`, "a.2", ``},
		{"index with a leading zero", `{"a":[5,6]}`, "a.01", ``},
		{"negative index", `{"a":[5,6]}`, "a.-1", ``},
		{"huge index", `{"a":[5,6]}`, "a.4294967295", ``},
		{"index of 20 digits", `{"a":[5,6]}`, "a.18446744073709551616", ``},
		{"length of an array", `{"a":[5,6]}`, "a.length", `2`},
		{"length of a string", `{"a":"é😀"}`, "a.length", `3`},
		{"length of an object", `{"a":{"b":1}}`, "a.length", ``},
		{"own length", `{"length":"own"}`, "length", `"own"`},
		{"length of a number", `{"a":5}`, "a.length", ``},
		{"unit of a string", `{"a":"abc"}`, "a.1", `"b"`},
		{"unit behind the end", `{"a":"abc"}`, "a.3", ``},
		{"high half of a pair", `{"a":"x😀"}`, "a.1", `"\ud83d"`},
		{"low half of a pair", `{"a":"x😀"}`, "a.2", `"\ude00"`},
		{"unit behind a pair", `{"a":"😀é"}`, "a.2", `"é"`},
		{"lone surrogate", `{"a":"b\ud800"}`, "a.1", `"\ud800"`},
		{"unit of a unit", `{"a":"abc"}`, "a.1.0.0", `"b"`},
		{"many keys, repeated", many, "k.key", `"last"`},
		{"many keys, found", many, "k.keyxxx", `3`},
		{"many keys, index", many, "k.7", `"seven"`},
		{"many keys, missing", many, "k.kex", ``},
		{"empty key", `{"":{"":1}}`, ".", `1`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v := parse(t, tc.in)
			for key := range strings.SplitSeq(tc.path, ".") {
				v = v.Get(key)
			}
			if got := string(v.AppendJSON(nil)); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestConstructors(t *testing.T) {
	member := func(key string, f float64) document.Member {
		return document.Member{Key: key, Value: document.NumberValue(f)}
	}
	for _, tc := range []struct {
		name string
		v    document.Value
		kind document.Kind
		want string
	}{
		{"zero value", document.Value{}, document.Missing, ``},
		{"null", document.NullValue(), document.Null, `null`},
		{"true", document.BoolValue(true), document.Bool, `true`},
		{"false", document.BoolValue(false), document.Bool, `false`},
		{"not a number", document.NumberValue(math.NaN()), document.Number, `null`},
		{"infinity", document.NumberValue(math.Inf(1)), document.Number, `null`},
		{"malformed text", document.StringValue("a\xff"), document.String, `"a` + "\uFFFD" + `"`},
		{"surrogate", document.StringValue("\xed\xa0\xbd"), document.String, `"\ud83d"`},
		{"surrogates that meet", document.StringValue("\xed\xa0\xbd\xed\xb8\x80"), document.String, `"😀"`},
		{"surrogates the other way round", document.StringValue("\xed\xb8\x80\xed\xa0\xbd"), document.String, `"\ude00\ud83d"`},
		{"J22 missing element", document.ArrayValue([]document.Value{{}, document.NumberValue(1)}), document.Array, `[null,1]`},
		{"empty array", document.ArrayValue(nil), document.Array, `[]`},
		{"empty object", document.ObjectValue(nil), document.Object, `{}`},
		{"missing member", document.ObjectValue([]document.Member{{Key: "a"}, member("b", 1), {Key: "c"}}), document.Object, `{"b":1}`},
		{"index keys", document.ObjectValue([]document.Member{member("b", 1), member("10", 2), member("9", 3)}), document.Object, `{"9":3,"10":2,"b":1}`},
		{"repeated key", document.ObjectValue([]document.Member{member("b", 1), member("a", 2), member("b", 3)}), document.Object, `{"b":3,"a":2}`},
		{"overwritten by missing", document.ObjectValue([]document.Member{member("b", 1), {Key: "b"}}), document.Object, `{}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.v.Kind() != tc.kind {
				t.Errorf("got kind %v, want %v", tc.v.Kind(), tc.kind)
			}
			if got := string(tc.v.AppendJSON(nil)); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestText(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{`"a\nb"`, "a\nb"},
		{`1.50`, "1.5"},
		{`1e21`, "1e+21"},
		{`-0`, "0"},
		{`1e400`, "Infinity"},
		{`-1e400`, "-Infinity"},
		{`true`, "true"},
		{`false`, "false"},
		{`null`, "null"},
		{`{"a":1}`, "[object Object]"},
		{`[]`, ""},
		{`[[]]`, ""},
		{`[1,"b",null,[2,[3,null]],{}]`, "1,b,,2,3,,[object Object]"},
	} {
		if got := parse(t, tc.in).Text(); got != tc.want {
			t.Errorf("Text of %s: got %q, want %q", tc.in, got, tc.want)
		}
	}
	if got, want := (document.Value{}).Text(), "undefined"; got != want {
		t.Errorf("Text of missing: got %q, want %q", got, want)
	}
}

func TestTruthy(t *testing.T) {
	falsy := []document.Value{
		{},
		document.NullValue(), document.BoolValue(false), document.NumberValue(0), document.NumberValue(math.Copysign(0, -1)),
		document.NumberValue(math.NaN()), document.StringValue(""),
	}
	for _, v := range falsy {
		if v.Truthy() {
			t.Errorf("%v %s is truthy", v.Kind(), v.Text())
		}
	}
	for _, text := range []string{`true`, `1`, `-1e-300`, `1e400`, `" "`, `"0"`, `[]`, `{}`} {
		if !parse(t, text).Truthy() {
			t.Errorf("%s is falsy", text)
		}
	}
}

func TestAccessorsOfOtherKinds(t *testing.T) {
	v := parse(t, `{"a":[1],"s":"text","n":2}`)
	if !math.IsNaN(v.Get("s").Float()) || v.Get("n").Float() != 2 {
		t.Errorf("Float: got %v and %v, want NaN and 2", v.Get("s").Float(), v.Get("n").Float())
	}
	if v.Get("n").Str() != "" || v.Get("s").Str() != "text" {
		t.Errorf("Str: got %q and %q", v.Get("n").Str(), v.Get("s").Str())
	}
	if v.Get("n").Bool() || !parse(t, "true").Bool() {
		t.Error("Bool of a number is true or of true false")
	}
	if v.Len() != 3 || v.Get("a").Len() != 1 || v.Get("s").Len() != 0 {
		t.Errorf("Len: got %d, %d, %d, want 3, 1, 0", v.Len(), v.Get("a").Len(), v.Get("s").Len())
	}
	if !v.Index(0).IsMissing() || !v.Get("a").Index(1).IsMissing() || !v.Get("a").Index(-1).IsMissing() || v.Get("a").Index(0).Float() != 1 {
		t.Error("Index finds what is not there, or not what is")
	}
	if v.Get("a").Members() != nil || len(v.Members()) != 3 {
		t.Error("Members of an array, or not three of the object")
	}
	if v.Get("zzz").IsNull() || !v.Get("zzz").IsMissing() || !parse(t, "null").IsNull() {
		t.Error("missing and null are mixed up")
	}
}

func TestParseDoesNotAliasItsInput(t *testing.T) {
	text := []byte(`{"key":"value"}`)
	v, err := document.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	clear(text)
	if got, want := string(v.AppendJSON(nil)), `{"key":"value"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
