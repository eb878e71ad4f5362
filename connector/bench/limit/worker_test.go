package limit

import (
	"testing"

	"segment-webhooks/mapping/document"
)

// A yardstick that does less than the work would be none: what it sends is what the connector sends.
func TestWorkerSendsWhatJavaScriptPrints(t *testing.T) {
	t.Parallel()
	w := newWorker(nil, "secret")
	for _, event := range []string{
		`{"type":"track","a":1,"b":[true,false,null],"c":{"d":"é","e":-0.5}}`,
		`{ "type" : "track" , "a" : [ 1 , 2 ] }`,
		"{\n\t\"type\": \"track\",\r\n \"n\": 1.50}",
		`{"type":"track","n":[1e3,1.0,-0,1e400,123456789012345678901234,0.0000001,1.10]}`,
		`{"type":"track","s":"\u00e9\/\u003c\ud83d\ude00\ud83d \u0007\n"}`,
		`{"type":"track","s":"` + "\xff\xc3" + `"}`,
		`{"type":"track","long":"` + string(make([]byte, 0)) + `0123456789012345678901234567890123456789012345678901234567890123456789"}`,
	} {
		got, ok, err := w.append(nil, []byte(event))
		if err != nil || !ok {
			t.Errorf("%s: %v, %v", event, ok, err)
			continue
		}
		v, err := document.Parse([]byte(event))
		if err != nil {
			t.Fatal(err)
		}
		if want := string(v.AppendJSON(nil)); string(got) != want {
			t.Errorf("%s: got %s, want %s", event, got, want)
		}
	}
}

func TestWorkerSkipsAndRefuses(t *testing.T) {
	t.Parallel()
	w := newWorker(nil, "secret")
	if _, ok, err := w.append(nil, []byte(`{"type":"page"}`)); ok || err != nil {
		t.Errorf("an event of another type: %v, %v", ok, err)
	}
	for _, event := range []string{`{"type":"track","type":"track"}`, `{"type":"track","1":2}`, `{"type":"track"`, `{"type":"track"}x`, `{"type":"track","a":tru}`} {
		if _, ok, err := w.append(nil, []byte(event)); ok || err == nil {
			t.Errorf("%s is not refused", event)
		}
	}
}
