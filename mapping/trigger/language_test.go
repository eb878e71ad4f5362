package trigger_test

import (
	"strings"
	"testing"

	"segment-webhooks/mapping/document"
	"segment-webhooks/mapping/trigger"
)

// row is one condition on one event. want is yes, no, or the name of the reason why the condition is refused; segment is
// Segment's answer where it is another one: yes, no, or invalid.
type row struct{ fql, event, want, segment string }

// checkRows holds the package and the second reading of Segment to rows. Names inherited from JavaScript objects, which
// the second reading leaves out, are not compared with it.
func checkRows(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		var got string
		var deliberate, inherited bool
		tr, err := trigger.Parse(r.fql)
		if err != nil {
			got = refusal(t, err).String()
		} else {
			got = yesNo(run(t, tr, r.event))
			for _, reason := range differences(tr) {
				deliberate = true
				inherited = inherited || reason == trigger.Inherited
			}
		}
		if got != r.want {
			t.Errorf("%q on %s: got %s, want %s (%v)", r.fql, r.event, got, r.want, err)
		}
		if inherited {
			continue
		}
		segment := "invalid"
		if n, ok := segParse(r.fql); ok {
			event, err := document.Parse([]byte(r.event))
			if err != nil {
				t.Fatal(err)
			}
			segment = yesNo(segMatch(n, event))
		}
		switch {
		case r.segment != "" && segment != r.segment:
			t.Errorf("%q on %s: Segment gives %s, want %s", r.fql, r.event, segment, r.segment)
		case err == nil && segment != got && (r.segment == "" || !deliberate):
			t.Errorf("%q on %s: got %s, Segment gives %s, and no difference is named", r.fql, r.event, got, segment)
		}
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// Tokens, quotes and blanks.
func TestTokens(t *testing.T) {
	checkRows(t, []row{
		{`type="track"`, `{"type":"track"}`, "yes", ""},
		{`type!="track"`, `{"type":"page"}`, "yes", "invalid"},
		{`type != "track"`, `{"type":"page"}`, "yes", ""},
		{`type = 'track'`, `{"type":"track"}`, "single-quotes", "no"},
		{`type = 'track'`, `{"type":"'track'"}`, "single-quotes", "yes"},
		{`type = track`, `{"type":"track"}`, "yes", ""},
		{`type = "Track"`, `{"type":"track"}`, "no", ""},
		{`type = "a\"b"`, `{"type":"a\"b"}`, "quote-in-text", "no"},
		{`type = "a\"b"`, `{"type":"a\\"}`, "quote-in-text", "yes"},
		{`type = "it's"`, `{"type":"it's"}`, "yes", ""},
		{`type = "a"; type = "b"`, `{"type":"a"}`, "quote-in-text", "yes"},
		{`type = "a"; type = "b"`, `{"type":"b"}`, "quote-in-text", "no"},
		{`type = "a"or type = "b"`, `{"type":"b"}`, "yes", "no"},
		{"type = \"track\"\r\n", `{"type":"track"}`, "bad-character", "invalid"},
		{"type = \"track\"\nor type = \"page\"", `{"type":"page"}`, "yes", ""},
		{`type =`, `{"type":"eos"}`, "incomplete", "yes"},
		{`type`, `{"type":"track"}`, "incomplete", "invalid"},
		{``, `{"type":"track"}`, "empty", "invalid"},
		{`  `, `{"type":"track"}`, "empty", "invalid"},
		{`type = "track" && event = "x"`, `{"type":"track","event":"x"}`, "bad-character", "invalid"},
		{`type = "tra~ck"`, `{"type":"tra~ck"}`, "yes", ""},
		{`type = "`, `{"type":""}`, "unclosed", "invalid"},
		{`type = ""`, `{"type":""}`, "yes", ""},
		{`properties.x = nul`, `{"properties":{"x":"n"}}`, "cut-word", "yes"},
		{`event = "😀"`, `{"event":"😀"}`, "yes", ""},
	})
}

// and, or, parentheses and negation.
func TestGrouping(t *testing.T) {
	checkRows(t, []row{
		{`type = "track" or type = "page"`, `{"type":"page"}`, "yes", ""},
		{`type = "track" OR type = "page"`, `{"type":"page"}`, "wrong-case", "no"},
		{`type = "track" AND event = "x"`, `{"type":"track","event":"x"}`, "wrong-case", "yes"},
		{`type = "a" and event = "x" or event = "y"`, `{"type":"b","event":"y"}`, "mixed-and-or", "yes"},
		{`event = "y" or type = "a" and event = "x"`, `{"type":"b","event":"y"}`, "mixed-and-or", "no"},
		{`type = "track" and (event = "x" or event = "y")`, `{"type":"track","event":"y"}`, "yes", ""},
		{`type = "track" and (event = "x" or event = "y")`, `{"type":"page","event":"y"}`, "no", ""},
		{`type = "track" or(type = "page")`, `{"type":"page"}`, "yes", "no"},
		{`type = "track" and(event = "x" or event = "y")`, `{"type":"track","event":"y"}`, "yes", ""},
		{`(type = "track")`, `{"type":"track"}`, "yes", ""},
		{`((type = "track"))`, `{"type":"track"}`, "yes", "invalid"},
		{`type = "track" and (event = "x" or (event = "y"))`, `{"type":"track","event":"x"}`, "yes", "invalid"},
		{`(type = "track"`, `{"type":"track"}`, "unbalanced", "invalid"},
		{`type = "track")`, `{"type":"track"}`, "unbalanced", "yes"},
		{`type = "track" and (contains(event, "x") or event = "y")`, `{"type":"page","event":"y"}`, "no", "yes"},
		{`type = "track" and (contains(event, "x") or event = "y")`, `{"type":"track","event":"zzz"}`, "no", "yes"},
		{`type = "track" and (event = "y" or contains(event, "x"))`, `{"type":"page","event":"y"}`, "no", ""},
		{`type = "track" and (event = "y" or contains(event, "x"))`, `{"type":"track","event":"axb"}`, "yes", ""},
		{`(event = "y" or contains(event, "x")) and type = "track"`, `{"type":"page","event":"y"}`, "no", ""},
		{`(contains(event, "x") or event = "y") and type = "track"`, `{"type":"page","event":"y"}`, "no", ""},
		{`(contains(event, "x") or event = "y") and type = "track"`, `{"type":"track","event":"axb"}`, "yes", "no"},
		{`(match(event, "x*") and match(event, "*y")) or type = "page"`, `{"type":"page","event":"q"}`, "yes", ""},
		{`!(type = "track")`, `{"type":"track"}`, "no", "yes"},
		{`!(type = "track")`, `{"type":"page"}`, "yes", "no"},
		{`!type = "track"`, `{"type":"track"}`, "no", "yes"},
		{`not type = "track"`, `{"type":"track"}`, "no", "yes"},
		{`!contains(event, "x")`, `{"event":"abc"}`, "yes", ""},
		{`! contains(event, "x")`, `{"event":"abc"}`, "yes", "invalid"},
		{`type = "track" and`, `{"type":"track"}`, "incomplete", "yes"},
		{`and type = "track"`, `{"type":"track"}`, "incomplete", "yes"},
		{`type = "track" or`, `{"type":"track"}`, "incomplete", "yes"},
		{`type = "track" event = "x"`, `{"type":"track","event":"y"}`, "leftover", "no"},
		{`(type = "a")and(event = "b")`, `{"type":"a","event":"b"}`, "yes", ""},
		{`(type = "a")or(event = "b")`, `{"type":"a","event":"z"}`, "yes", "no"},
		{`(type = "a") or (event = "b")`, `{"type":"a","event":"z"}`, "yes", ""},
		{`type = "a"and event = "b"`, `{"type":"a","event":"z"}`, "no", "yes"},
		{`()`, `{"type":"track"}`, "empty-group", "invalid"},
		{`type = "track" and ()`, `{"type":"page"}`, "empty-group", "no"},
		{`type = "track" and ()`, `{"type":"track"}`, "empty-group", "no"},
		{`type = "track" or (groupId = "g")`, `{"type":"track"}`, "unknown-field", "yes"},
		{`type = "track" or (groupId = "g")`, `{"type":"page"}`, "unknown-field", "no"},
	})
}

// Fields that the language does not have.
func TestUnknownFields(t *testing.T) {
	checkRows(t, []row{
		{`groupId = "g"`, `{"groupId":"g"}`, "unknown-field", "invalid"},
		{`type = "group" and groupId = "g"`, `{"type":"group","groupId":"other"}`, "unknown-field", "yes"},
		{`type = "group" or groupId = "g"`, `{"type":"identify","groupId":"g"}`, "unknown-field", "no"},
		{`anonymousId != null`, `{"anonymousId":"a"}`, "unknown-field", "invalid"},
		{`type = "track" and anonymousId != null`, `{"type":"track"}`, "unknown-field", "yes"},
		{`contains(type, "tr")`, `{"type":"track"}`, "function-field", "invalid"},
		{`event = "x" and contains(type, "zz")`, `{"type":"track","event":"x"}`, "function-field", "yes"},
		{`event.foo = "x"`, `{"event":"x"}`, "field-part", "yes"},
		{`userId.id = "u"`, `{"userId":"u"}`, "field-part", "yes"},
		{`propertiesX.a = "1"`, `{"propertiesX":{"a":"1"}}`, "unknown-field", "invalid"},
		{`type = "track" and constructor = "x"`, `{"type":"track"}`, "unknown-field", "yes"},
		{`length(event) > 0`, `{"event":"x"}`, "unknown-function", "invalid"},
		{`"a" in properties.x`, `{"properties":{"x":["a"]}}`, "incomplete", "invalid"},
		{`type in ["track"]`, `{"type":"track"}`, "unknown-operator", "no"},
		{`type = ["track"]`, `{"type":"track"}`, "leftover", "no"},
		{`lowercase(event) = "x"`, `{"event":"X"}`, "unknown-function", "invalid"},
	})
}

// type, event, name and userId.
func TestScalars(t *testing.T) {
	checkRows(t, []row{
		{`event = "Order Completed"`, `{"event":"Order Completed"}`, "yes", ""},
		{`event = "Order Completed"`, `{"event":"order completed"}`, "no", ""},
		{`event != "x"`, `{}`, "yes", ""},
		{`event != "x"`, `{"event":null}`, "yes", ""},
		{`event = null`, `{}`, "null-text", "no"},
		{`event = null`, `{"event":null}`, "null-text", "no"},
		{`event = null`, `{"event":"null"}`, "null-text", "yes"},
		{`event != null`, `{}`, "null-text", "yes"},
		{`event != null`, `{"event":"x"}`, "null-text", "yes"},
		{`event != null`, `{"event":"null"}`, "null-text", "no"},
		{`type = null`, `{}`, "null-text", "no"},
		{`type != null`, `{}`, "null-text", "yes"},
		{`name = null`, `{}`, "yes", ""},
		{`name = null`, `{"name":""}`, "no", ""},
		{`name != null`, `{"name":""}`, "yes", ""},
		{`name != null`, `{"name":null}`, "no", ""},
		{`name = true`, `{"name":true}`, "no", ""},
		{`name = true`, `{"name":"true"}`, "yes", ""},
		{`userId = null`, `{}`, "yes", ""},
		{`userId = null`, `{"userId":null}`, "yes", ""},
		{`userId != null`, `{"userId":0}`, "yes", ""},
		{`userId = 5`, `{"userId":5}`, "no", ""},
		{`userId = 5`, `{"userId":"5"}`, "yes", ""},
		{`userId != 5`, `{"userId":5}`, "yes", ""},
		{`userId > 5`, `{"userId":6}`, "yes", ""},
		{`userId > 5`, `{"userId":"6"}`, "no", ""},
		{`userId = true`, `{"userId":true}`, "yes", ""},
		{`userId = true`, `{"userId":"true"}`, "no", ""},
		{`userId = 007`, `{"userId":"7"}`, "yes", ""},
		{`userId = "007"`, `{"userId":"007"}`, "yes", ""},
		{`event = 5`, `{"event":"5"}`, "yes", ""},
		{`event = 5`, `{"event":5}`, "no", ""},
		{`event = 5.0`, `{"event":"5.0"}`, "no", ""},
		{`event = 5.0`, `{"event":"5"}`, "yes", ""},
		{`event >= "a"`, `{"event":"b"}`, "no", ""},
	})
}

// = and != below properties, traits and context.
func TestEquality(t *testing.T) {
	checkRows(t, []row{
		{`properties.x = "5"`, `{"properties":{"x":"5"}}`, "yes", ""},
		{`properties.x = "5"`, `{"properties":{"x":5}}`, "no", ""},
		{`properties.x = 5`, `{"properties":{"x":5}}`, "yes", ""},
		{`properties.x = 5`, `{"properties":{"x":"5"}}`, "no", ""},
		{`properties.x = 5.0`, `{"properties":{"x":5}}`, "yes", ""},
		{`properties.x != "5"`, `{"properties":{"x":5}}`, "yes", ""},
		{`properties.x != "5"`, `{"properties":{}}`, "yes", ""},
		{`properties.x != "5"`, `{}`, "yes", ""},
		{`properties.x != "5"`, `{"properties":{"x":null}}`, "yes", ""},
		{`properties.x != 5`, `{"properties":{"x":6}}`, "yes", ""},
		{`properties.x != 5`, `{"properties":{"x":"6"}}`, "no", ""},
		{`properties.x != 5`, `{"properties":{}}`, "no", ""},
		{`properties.x != 5`, `{"properties":{"x":null}}`, "no", ""},
		{`properties.x = true`, `{"properties":{"x":true}}`, "yes", ""},
		{`properties.x = true`, `{"properties":{"x":"true"}}`, "no", ""},
		{`properties.x = "true"`, `{"properties":{"x":true}}`, "no", ""},
		{`properties.x = "true"`, `{"properties":{"x":"true"}}`, "yes", ""},
		{`properties.x = true`, `{"properties":{"x":1}}`, "no", ""},
		{`properties.x = false`, `{"properties":{"x":false}}`, "yes", ""},
		{`properties.x = false`, `{"properties":{}}`, "no", ""},
		{`properties.x = false`, `{"properties":{"x":null}}`, "no", ""},
		{`properties.x = false`, `{"properties":{"x":0}}`, "no", ""},
		{`properties.x != true`, `{"properties":{"x":true}}`, "yes", ""},
		{`properties.x != true`, `{"properties":{"x":"true"}}`, "no", ""},
		{`properties.x != false`, `{"properties":{"x":false}}`, "yes", ""},
		{`properties.x != false`, `{"properties":{}}`, "yes", ""},
		{`properties.x = TRUE`, `{"properties":{"x":true}}`, "wrong-case", "no"},
		{`properties.x = TRUE`, `{"properties":{"x":"TRUE"}}`, "wrong-case", "yes"},
		{`properties.x = null`, `{"properties":{}}`, "yes", ""},
		{`properties.x = null`, `{"properties":{"x":null}}`, "yes", ""},
		{`properties.x = null`, `{"properties":{"x":""}}`, "no", ""},
		{`properties.x = null`, `{"properties":{"x":false}}`, "no", ""},
		{`properties.x = null`, `{}`, "yes", ""},
		{`properties.x != null`, `{"properties":{"x":0}}`, "yes", ""},
		{`properties.x != null`, `{"properties":{"x":""}}`, "yes", ""},
		{`properties.x = NULL`, `{"properties":{}}`, "wrong-case", "no"},
		{`properties.x = "null"`, `{"properties":{"x":null}}`, "no", ""},
		{`properties.x = ""`, `{"properties":{"x":""}}`, "yes", ""},
		{`properties.x = ""`, `{"properties":{}}`, "no", ""},
		{`properties.x = properties.y`, `{"properties":{"x":1,"y":1}}`, "field-value", "no"},
		{`properties.x = properties.y`, `{"properties":{"x":"properties.y"}}`, "field-value", "yes"},
		{`properties.x = "a"`, `{"properties":{"x":["a"]}}`, "no", ""},
		{`properties.x != "a"`, `{"properties":{"x":["a"]}}`, "yes", ""},
		{`properties.x = -5`, `{"properties":{"x":-5}}`, "yes", ""},
		{`properties.x = +5`, `{"properties":{"x":5}}`, "yes", ""},
		{`properties.x = - 5`, `{"properties":{"x":-5}}`, "bad-number", "no"},
		{`properties.x = .5`, `{"properties":{"x":0.5}}`, "bad-number", "no"},
		{`properties.x = 0.5`, `{"properties":{"x":0.5}}`, "yes", ""},
		{`properties.x = 5.`, `{"properties":{"x":5}}`, "bad-number", "invalid"},
		{`properties.x = 1e3`, `{"properties":{"x":1000}}`, "bad-number", "no"},
		{`properties.x = 1e3`, `{"properties":{"x":1}}`, "bad-number", "yes"},
		{`properties.x = 9007199254740993`, `{"properties":{"x":9007199254740992}}`, "yes", ""},
		{`properties.x == 5`, `{"properties":{"x":5}}`, "unknown-operator", "no"},
		{`properties.x == "a"`, `{"properties":{"x":"="}}`, "unknown-operator", "yes"},
		{`traits.plan = "pro"`, `{"traits":{"plan":"pro"}}`, "yes", ""},
		{`traits.plan = "pro"`, `{"context":{"traits":{"plan":"pro"}}}`, "no", ""},
		{`context.traits.plan = "pro"`, `{"context":{"traits":{"plan":"pro"}}}`, "yes", ""},
	})
}

// < <= > >=.
func TestOrder(t *testing.T) {
	checkRows(t, []row{
		{`properties.x > 5`, `{"properties":{"x":6}}`, "yes", ""},
		{`properties.x > 5`, `{"properties":{"x":"6"}}`, "no", ""},
		{`properties.x > "5"`, `{"properties":{"x":6}}`, "yes", ""},
		{`properties.x > "abc"`, `{"properties":{"x":6}}`, "no", ""},
		{`properties.x > ""`, `{"properties":{"x":1}}`, "yes", ""},
		{`properties.x > " 5 "`, `{"properties":{"x":6}}`, "yes", ""},
		{`properties.x > "0x10"`, `{"properties":{"x":17}}`, "yes", ""},
		{`properties.x > "1e3"`, `{"properties":{"x":1001}}`, "yes", ""},
		{`properties.x > "1_000"`, `{"properties":{"x":2000}}`, "no", ""},
		{`properties.x > true`, `{"properties":{"x":2}}`, "yes", ""},
		{`properties.x >= false`, `{"properties":{"x":0}}`, "yes", ""},
		{`properties.x > null`, `{"properties":{"x":2}}`, "no", ""},
		{`properties.x > foo`, `{"properties":{"x":2}}`, "no", ""},
		{`properties.x >= 5`, `{"properties":{"x":5}}`, "yes", ""},
		{`properties.x <= 5`, `{"properties":{"x":5}}`, "yes", ""},
		{`properties.x <=5`, `{"properties":{"x":5}}`, "yes", "no"},
		{`properties.x >=5`, `{"properties":{"x":9}}`, "yes", "no"},
		{`properties.x <5`, `{"properties":{"x":4}}`, "yes", ""},
		{`properties.x>5`, `{"properties":{"x":6}}`, "yes", "invalid"},
		{`properties.x < 5`, `{"properties":{}}`, "no", ""},
		{`properties.x < 5`, `{"properties":{"x":null}}`, "no", ""},
		{`properties.x < 5`, `{"properties":{"x":true}}`, "no", ""},
		{`properties.x < 5`, `{"properties":{"x":[1]}}`, "no", ""},
		{`properties.d > "2020-01-01"`, `{"properties":{"d":"2021-01-01"}}`, "no", ""},
		{`properties.x > Infinity`, `{"properties":{"x":1}}`, "no", ""},
		{`properties.x < Infinity`, `{"properties":{"x":1}}`, "yes", ""},
	})
}

// contains, match and words as operators.
func TestFunctions(t *testing.T) {
	checkRows(t, []row{
		{`contains(event, "Order")`, `{"event":"Order Completed"}`, "yes", ""},
		{`contains(event, "order")`, `{"event":"Order Completed"}`, "no", ""},
		{`contains(event, "")`, `{"event":"x"}`, "yes", ""},
		{`contains(event, "")`, `{}`, "no", ""},
		{`contains(event, 'x')`, `{"event":"axb"}`, "single-quotes", "no"},
		{`contains(event, 'x')`, `{"event":"a'x'b"}`, "single-quotes", "yes"},
		{`contains(properties.x, "5")`, `{"properties":{"x":5}}`, "no", ""},
		{`contains(properties.x, 5)`, `{"properties":{"x":"a5"}}`, "yes", ""},
		{`contains(properties.x, 5.0)`, `{"properties":{"x":"a5b"}}`, "yes", ""},
		{`contains(properties.x, "a")`, `{"properties":{"x":["a"]}}`, "no", ""},
		{`!contains(properties.x, "a")`, `{"properties":{"x":"b"}}`, "yes", ""},
		{`!contains(properties.x, "a")`, `{"properties":{}}`, "no", ""},
		{`!contains(properties.x, "a")`, `{"properties":{"x":5}}`, "no", ""},
		{`!contains(properties.x, "a")`, `{"properties":{"x":null}}`, "no", ""},
		{`match(event, "Order*")`, `{"event":"Order Completed"}`, "yes", ""},
		{`match(event, "*ted")`, `{"event":"Order Completed"}`, "yes", ""},
		{`match(event, "*Com*")`, `{"event":"Order Completed"}`, "bad-pattern", "no"},
		{`match(event, "*Com*")`, `{"event":"*Completed"}`, "bad-pattern", "yes"},
		{`match(event, "Order")`, `{"event":"Border"}`, "bad-pattern", "yes"},
		{`match(event, "Order")`, `{"event":"Order Completed"}`, "bad-pattern", "no"},
		{`match(event, "O*d")`, `{"event":"xx*d"}`, "bad-pattern", "yes"},
		{`match(event, "O*d")`, `{"event":"Ord"}`, "bad-pattern", "no"},
		{`match(event, "*")`, `{"event":""}`, "yes", ""},
		{`match(event, "*")`, `{}`, "no", ""},
		{`match(event, "**")`, `{"event":"*a"}`, "bad-pattern", "yes"},
		{`match(event, "**")`, `{"event":"a"}`, "bad-pattern", "no"},
		{`match(event, "")`, `{"event":"anything"}`, "bad-pattern", "yes"},
		{`match(event, 'Ord*')`, `{"event":"Order"}`, "single-quotes", "no"},
		{`match(event, "a?c")`, `{"event":"abc"}`, "bad-pattern", "no"},
		{`match(event, "[ab]")`, `{"event":"xab]"}`, "bad-pattern", "yes"},
		{`match(properties.x, "1*")`, `{"properties":{"x":12}}`, "no", ""},
		{`!match(event, "Order*")`, `{"event":"x"}`, "yes", ""},
		{`!match(event, "Order*")`, `{}`, "no", ""},
		{`match(event, "order*")`, `{"event":"Order"}`, "no", ""},
		{`match(event, "Order\*")`, `{"event":"Order\\x"}`, "yes", ""},
		{`contains(event)`, `{"event":"seos"}`, "bad-call", "yes"},
		{`contains()`, `{"event":"x"}`, "bad-call", "invalid"},
		{`contains`, `{"event":"x"}`, "bad-call", "invalid"},
		{`contains("x", event)`, `{"event":"x"}`, "bad-call", "invalid"},
		{`contains(propertiesX, "a")`, `{"properties":{"propertiesX":"a"}}`, "unknown-field", "yes"},
		{`contains(traits.email, "@x.com")`, `{"traits":{"email":"a@x.com"}}`, "yes", ""},
		{`contains(userId, "u")`, `{"userId":"u1"}`, "yes", ""},
		{`contains(event.foo, "a")`, `{"event":"a"}`, "field-part", "invalid"},
		{`contains( event , "a" )`, `{"event":"xa"}`, "yes", ""},
		{`contains(event,"a")`, `{"event":"xa"}`, "yes", ""},
		{`properties.x contains "a"`, `{"properties":{"x":"bab"}}`, "yes", ""},
		{`type starts_with "tr"`, `{"type":"track"}`, "yes", ""},
		{`properties.x exists`, `{"properties":{"x":1}}`, "yes", ""},
		{`properties.x not_exists`, `{"properties":{}}`, "yes", ""},
		{`properties.x is_true`, `{"properties":{"x":true}}`, "yes", ""},
		{`properties.x like "a"`, `{"properties":{"x":"a"}}`, "unknown-operator", "no"},
	})
}

// Paths.
func TestPaths(t *testing.T) {
	checkRows(t, []row{
		{`properties.a.b = "v"`, `{"properties":{"a":{"b":"v"}}}`, "yes", ""},
		{`properties.a.b = "v"`, `{"properties":{"a.b":"v"}}`, "no", ""},
		{`properties.a\.b = "v"`, `{"properties":{"a.b":"v"}}`, "no", ""},
		{`properties.a\.b = "v"`, `{"properties":{"a":{"b":"v"}}}`, "yes", ""},
		{`properties.product\ 1.price = "9"`, `{"properties":{"product 1":{"price":"9"}}}`, "yes", ""},
		{`properties.total billed = 5`, `{"properties":{"total billed":5}}`, "unknown-operator", "no"},
		{`properties.$x = "1"`, `{"properties":{"$x":"1"}}`, "bad-character", "invalid"},
		{`properties.\$x = "1"`, `{"properties":{"$x":"1"}}`, "yes", ""},
		{`properties.items\[0\].sku = "s"`, `{"properties":{"items":[{"sku":"s"}]}}`, "yes", ""},
		{`properties.items[0].sku = "s"`, `{"properties":{"items":[{"sku":"s"}]}}`, "bad-path", "invalid"},
		{`properties.items.0.sku = "s"`, `{"properties":{"items":[{"sku":"s"}]}}`, "bad-path", "no"},
		{`properties.items.\0.sku = "s"`, `{"properties":{"items":[{"sku":"s"}]}}`, "yes", ""},
		{`properties.items.sku = "s"`, `{"properties":{"items":[{"sku":"s"}]}}`, "no", ""},
		{`properties.1st = "v"`, `{"properties":{"1st":"v"}}`, "bad-path", "no"},
		{`properties.\1st = "v"`, `{"properties":{"1st":"v"}}`, "yes", ""},
		{`properties.a-b = "v"`, `{"properties":{"a-b":"v"}}`, "yes", ""},
		{`properties._x = "v"`, `{"properties":{"_x":"v"}}`, "yes", ""},
		{`properties.-x = "v"`, `{"properties":{"-x":"v"}}`, "bad-path", "no"},
		{`properties.or = "v"`, `{"properties":{"or":"v"}}`, "bad-path", "no"},
		{`properties.and = "v"`, `{"properties":{"and":"v"}}`, "bad-path", "no"},
		{`properties.null = "v"`, `{"properties":{"null":"v"}}`, "bad-path", "no"},
		{`properties.\or = "v"`, `{"properties":{"or":"v"}}`, "yes", ""},
		{`properties.order = "v"`, `{"properties":{"order":"v"}}`, "yes", ""},
		{`properties.name = "v"`, `{"properties":{"name":"v"}}`, "yes", ""},
		{`properties.é = "v"`, `{"properties":{"é":"v"}}`, "bad-character", "invalid"},
		{`properties.\é = "v"`, `{"properties":{"é":"v"}}`, "yes", ""},
		{`properties.caf\é = "v"`, `{"properties":{"café":"v"}}`, "yes", ""},
		{`properties . x = "v"`, `{"properties":{"x":"v"}}`, "yes", ""},
		{`properties.X = "v"`, `{"properties":{"x":"v"}}`, "no", ""},
		{`Properties.x = "v"`, `{"properties":{"x":"v"}}`, "unknown-field", "invalid"},
		{`properties = null`, `{}`, "whole-object", "yes"},
		{`properties = null`, `{"properties":{"a":1}}`, "whole-object", "yes"},
		{`properties = "v"`, `{"properties":{"properties":"v"}}`, "whole-object", "yes"},
		{`properties.a.b = 0`, `{"properties":{"a":0}}`, "yes", ""},
		{`properties.a.b != null`, `{"properties":{"a":false}}`, "yes", ""},
		{`properties.a.b = ""`, `{"properties":{"a":""}}`, "yes", ""},
		{`properties.a.b = null`, `{"properties":{"a":null}}`, "yes", ""},
		{`properties.a.b = null`, `{"properties":{"a":5}}`, "yes", ""},
		{`properties.a.length = 3`, `{"properties":{"a":"abc"}}`, "yes", ""},
		{`properties.items.length > 1`, `{"properties":{"items":[1,2]}}`, "yes", ""},
		{`properties.a.\0 = "a"`, `{"properties":{"a":"abc"}}`, "yes", ""},
		{`properties.constructor != null`, `{"properties":{}}`, "no", "yes"},
		{`properties.toString != null`, `{"properties":{}}`, "no", "yes"},
		{`properties.x.constructor.name = "Number"`, `{"properties":{"x":5}}`, "no", "yes"},
		{`context.page.url = "u"`, `{"context":{"page":{"url":"u"}}}`, "yes", ""},
		{`properties.x = "v"`, `{"properties":"x"}`, "no", ""},
		{`properties.x = null`, `{"properties":null}`, "yes", ""},
		{`properties.x != "v"`, `{"properties":[]}`, "yes", ""},
		{`properties.\. = "v"`, `{"properties":{".":"v"}}`, "bad-path", "no"},
		{`properties.\😀 = "v"`, `{"properties":{"😀":"v"}}`, "bad-path", "invalid"},
		{`properties.a\[b\] = "v"`, `{"properties":{"a":{"b":"v"}}}`, "yes", ""},
		{`properties.a\[\'b\'\] = "v"`, `{"properties":{"a":{"b":"v"}}}`, "no", ""},
	})
}

// What the tables above leave out: where we read more than Segment, and slips that it reads as something else.
func TestMore(t *testing.T) {
	checkRows(t, []row{
		{`properties.total>=20`, `{"properties":{"total":20}}`, "yes", "invalid"},
		{`properties.total<20`, `{"properties":{"total":20}}`, "no", "invalid"},
		{`properties.n=5`, `{"properties":{"n":5}}`, "yes", "invalid"},
		{`properties.or=2`, `{"properties":{"or":2}}`, "yes", ""},
		{`properties.or>2`, `{"properties":{"or":3}}`, "yes", "invalid"},
		{`properties.x = 5and type = "track"`, `{"type":"track","properties":{"x":5}}`, "yes", ""},
		{`type = "page" or!contains(event, "x")`, `{"type":"track","event":"y"}`, "yes", "no"},
		{`type = "track" or!contains(event, "x")`, `{"type":"track","event":"x"}`, "yes", "no"},

		{`!contains(event, "x")`, `{}`, "no", ""},
		{`not contains(event, "x")`, `{}`, "no", ""},
		{`! contains(event, "x")`, `{}`, "no", "invalid"},
		{`!(contains(event, "x"))`, `{}`, "yes", "no"},
		{`!!contains(event, "x")`, `{}`, "yes", "invalid"},
		{`not not type = "track"`, `{"type":"track"}`, "yes", ""},
		{`!properties.x contains "a"`, `{"properties":{"x":"b"}}`, "yes", "no"},
		{`!properties.x contains "a"`, `{"properties":{"x":5}}`, "no", ""},
		{`!properties.x = 5`, `{}`, "yes", "no"},
		{`not(type = "page" or type = "screen") and event = "x"`, `{"type":"track","event":"x"}`, "yes", "no"},
		{`!(type = "page" and !(event = "x"))`, `{"type":"page","event":"x"}`, "yes", "invalid"},
		{`NOT type = "track"`, `{"type":"page"}`, "wrong-case", "no"},
		{`!`, `{}`, "incomplete", "invalid"},

		{`(properties.x exists) and type = "track"`, `{"type":"track","properties":{"x":1}}`, "yes", ""},
		{`properties.x exists or type = "track"`, `{"type":"track"}`, "unknown-operator", "no"},
		{`properties.x number_equals "5"`, `{"properties":{"x":5}}`, "yes", ""},
		{`properties.x number_not_equals "a"`, `{"properties":{"x":5}}`, "yes", ""},
		{`properties.x not_starts_with "a"`, `{"properties":{"x":"b"}}`, "yes", ""},
		{`properties.x not_ends_with "a"`, `{"properties":{"x":"ba"}}`, "no", ""},
		{`properties.x not_contains "a"`, `{"properties":{"x":"b"}}`, "yes", ""},
		{`properties.x ends_with "a*"`, `{"properties":{"x":"a*"}}`, "yes", ""},
		{`properties.x is_false`, `{"properties":{"x":false}}`, "yes", ""},
		{`type exists`, `{"type":""}`, "yes", ""},
		{`properties.x contains null`, `{"properties":{"x":"null"}}`, "null-text", "yes"},
		{`contains(event, null)`, `{"event":"null"}`, "null-text", "yes"},
		{`userId != true`, `{"userId":true}`, "yes", ""},
		{`userId > true`, `{"userId":2}`, "no", ""},
		{`properties.x = \null`, `{}`, "yes", ""},
		{`properties.x = \true`, `{"properties":{"x":true}}`, "yes", ""},
		{`properties.x = New\ York`, `{"properties":{"x":"New York"}}`, "yes", ""},
		{`event = Order Completed`, `{"event":"Order"}`, "leftover", "yes"},
		{`type = name`, `{"type":"name"}`, "field-value", "yes"},
		{`type = names`, `{"type":"names"}`, "yes", ""},
		{`type = lowercase(event)`, `{"type":"lowercase"}`, "unknown-function", "invalid"},
		{`properties.x = -.5`, `{"properties":{"x":-0.5}}`, "yes", ""},
		{`properties.x = -0`, `{"properties":{"x":0}}`, "yes", ""},

		{`properties.x = no`, `{"properties":{"x":"n"}}`, "cut-word", "yes"},
		{`properties.x = ab`, `{"properties":{"x":"a"}}`, "cut-word", "yes"},
		{`properties.x = n.a`, `{"properties":{"x":"n"}}`, "cut-word", "yes"},
		{`properties.x = nué`, `{"properties":{"x":"n"}}`, "cut-word", "yes"},
		{`properties.x = n&`, `{"properties":{"x":"n"}}`, "cut-word", "yes"},
		{`properties.x = n"`, `{"properties":{"x":"n"}}`, "cut-word", "yes"},
		{`properties.x = n'`, `{"properties":{"x":"n"}}`, "cut-word", "yes"},
		{`type = "a"or event =é "b"`, `{"type":"a"}`, "quote-in-text", "yes"},
		{`properties. 'a' = "b"`, `{"properties":{"a":"b"}}`, "bad-path", "no"},
		{`properties.x = abc`, `{"properties":{"x":"abc"}}`, "yes", ""},
		{`properties.x = nobo`, `{"properties":{"x":"nobo"}}`, "yes", ""},
		{`(properties.x = no)`, `{"properties":{"x":"no"}}`, "yes", ""},
		{"properties.x = no\n", `{"properties":{"x":"no"}}`, "yes", ""},
		{`properties.x = a`, `{"properties":{"x":"a"}}`, "yes", ""},

		{`properties.\`, `{}`, "bad-path", "invalid"},
		{`properties.`, `{}`, "bad-path", "no"},
		{`properties.x$ = 1`, `{}`, "bad-character", "invalid"},
		{`type = "track" // note`, `{}`, "bad-character", "invalid"},
		{`type = “track”`, `{}`, "bad-character", "invalid"},
		{`type ! = "track"`, `{}`, "unknown-operator", "invalid"},
		{`type <> "track"`, `{"type":"page"}`, "unknown-operator", "no"},
		{`type = 'track`, `{}`, "unclosed", "invalid"},
		{`match(event, "a*b*")`, `{"event":"a*bc"}`, "bad-pattern", "yes"},
		{`match(event, "*a*b")`, `{"event":"xa*b"}`, "bad-pattern", "yes"},
		{strings.Repeat("(", 60) + `type = "a"` + strings.Repeat(")", 60), `{}`, "too-deep", "invalid"},
		{strings.Repeat("(", 40) + `type = "a"` + strings.Repeat(")", 40), `{"type":"a"}`, "yes", "invalid"},
		{`type = "` + strings.Repeat("x", 100_000) + `"`, `{}`, "too-long", "invalid"},
		{`type = "` + strings.Repeat("x", 99_999) + `"`, `{}`, "no", ""},
		{`properties.` + strings.Repeat("x", 100_000) + ` = 1`, `{}`, "too-long", "invalid"},
		{`properties.x = ` + strings.Repeat("1", 100_000), `{}`, "too-long", "invalid"},
		{"type = \"\xff\"", `{}`, "bad-character", ""},
	})
}

// TestReasons: the set of reasons is closed and described, and every caution and difference is given for its text.
func TestReasons(t *testing.T) {
	notes := map[trigger.Reason]string{
		trigger.Nesting:     `((type = "a"))`,
		trigger.CallInGroup: `(contains(event, "a") or type = "a")`,
		trigger.Negation:    `!(type = "a")`,
		trigger.Spacing:     `type!="a"`,
		trigger.Inherited:   `properties.toString = "a"`,
		trigger.NeverTrue:   `event > "a"`,
		trigger.BooleanText: `userId != false`,
		trigger.EscapedDot:  `properties.a\.b = 1`,
		trigger.NumberText:  `event = 1.0`,
	}
	names := map[string]bool{"none": true}
	for r := trigger.Reason(1); r != 0; r++ {
		if r.String() == "none" {
			continue
		}
		if names[r.String()] || r.Sentence() == "" {
			t.Errorf("reason %d: %s is taken or has no sentence", r, r)
		}
		names[r.String()] = true
		text, listed := notes[r]
		if listed == (r.Class() == trigger.Refusal) {
			t.Errorf("%s: listed %t, class %d", r, listed, r.Class())
		}
		if !listed {
			continue
		}
		tr, err := trigger.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := tr.Notes(); len(got) != 1 || got[0].Reason != r {
			t.Errorf("%s: got notes %v, want %s", text, got, r)
		}
	}
	if len(names) != 36 {
		t.Errorf("%d reasons", len(names)-1)
	}
}
