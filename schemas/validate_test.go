package schemas

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, event, want string }{
		{"a track", `{"type":"track","event":"A","userId":"u"}`, ""},
		{"an identify", `{"anonymousId":"a","traits":{"type":"x"},"type":"identify"}`, ""},
		{"a page", `{"type":"page","userId":"u"}`, ""},
		{"a screen", `{"type":"screen","userId":"u"}`, ""},
		{"a group", `{"type":"group","groupId":"g","userId":"u"}`, ""},
		{"an alias", `{"type":"alias","previousId":"p","userId":"u"}`, ""},
		{"a delete", `{"type":"delete","userId":"u"}`, ""},
		{"a number as identifier", `{"type":"group","groupId":350,"userId":-7}`, ""},
		{"both identifiers, one null", `{"type":"page","userId":null,"anonymousId":"a"}`, ""},
		{"awkward texts", `{"a\"b":"\\","type":"track","x":["\"}",{"y":"]"}],"event":"\\\"","anonymousId":"\\"}`, ""},

		{"nothing", `{}`, "type is missing, none of identify, track, page, screen, group, alias and delete\nuserId is missing and anonymousId is missing: every event has one of them"},
		{"an unknown type", `{"type":"purchase","userId":"u"}`, `type is "purchase", none of`},
		{"a type of another case", `{"type":"Track","event":"A","userId":"u"}`, `type is "Track", none of`},
		{"a long type", `{"type":"` + strings.Repeat("é", 100) + `","userId":"u"}`, `type is "ééééééééééééééééééé…, none of`},
		{"a type that is an object", `{"type":{"a":[1,2]},"userId":"u"}`, "type is an object, none of"},
		{"a type that is a list", `{"type":["track"],"userId":"u"}`, "type is a list, none of"},
		{"a track without event", `{"type":"track","userId":"u"}`, "event is missing, which every track has"},
		{"an event that is null", `{"type":"track","event":null,"userId":"u"}`, "event is null, which every track has"},
		{"an empty event", `{"type":"track","event":"","userId":"u"}`, "event is empty, which every track has"},
		{"a group without groupId", `{"type":"group","userId":"u"}`, "groupId is missing, which every group has"},
		{"an alias without previousId", `{"type":"alias","userId":"u"}`, "previousId is missing, which every alias has"},
		{"nobody", `{"type":"page","userId":"","anonymousId":true}`, "userId is empty and anonymousId is true: every event has one of them"},
		{"members inside do not count", `{"type":"page","context":{"userId":"u"},"x":"\"userId\":1"}`, "userId is missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := Validate([]byte(tt.event))
			if (err == nil) != (tt.want == "") || err != nil && !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// The recorded events whose type is a call's and that have what the call requires are valid; what Avro's schemas cannot hold for want of
// a member is not.
func TestValidateVectors(t *testing.T) {
	t.Parallel()
	valid := 0
	for _, v := range vectors(t) {
		tree, err := parseTree([]byte(v.Event))
		if err != nil {
			t.Fatal(err)
		}
		event := appendTree(nil, tree)
		typ, _ := get(tree, "type").(string)
		has := func(key string) bool {
			switch m := get(tree, key).(type) {
			case string:
				return m != ""
			case json.Number:
				return true
			}
			return false
		}
		want := has("userId") || has("anonymousId")
		switch typ {
		case "track":
			want = want && has("event")
		case "group":
			want = want && has("groupId")
		case "alias":
			want = want && has("previousId")
		case "identify", "page", "screen", "delete":
		default:
			want = false
		}
		if err := Validate(event); (err == nil) != want {
			t.Errorf("%s: got %v, want valid %v: %s", v.Name, err, want, event)
		}
		if want {
			valid++
		}
	}
	if valid < 100 {
		t.Errorf("%d events are valid", valid)
	}
}

func TestValidateAllocatesNothing(t *testing.T) {
	event := []byte(`{"type":"track","event":"A","userId":"u","properties":{"a":[1,2,{"b":"\\"}]}}`)
	if n := testing.AllocsPerRun(100, func() { _ = Validate(event) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzValidate(f *testing.F) {
	f.Add([]byte(`{"type":"track","event":"A\\","userId":{"a":"}"}}`))
	f.Add([]byte(`{"a"`))
	f.Fuzz(func(t *testing.T, event []byte) {
		_ = Validate(event)
		tree, err := parseTree(event)
		if object, ok := tree.(treeObject); err == nil && ok {
			canonical := appendTree(nil, object)
			got := map[string]string{}
			members(canonical, func(key, value []byte) { got[string(key)] = string(value) })
			parsed, err := parseTree(canonical)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range parsed.(treeObject) {
				key := string(appendString(nil, m.key))
				if want := string(appendTree(nil, m.value)); got[key] != want {
					t.Errorf("%s: %s is %s, want %s", canonical, key, got[key], want)
				}
			}
		}
	})
}
