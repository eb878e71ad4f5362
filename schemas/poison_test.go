package schemas

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
)

// poison is a file of testdata/poison; the README there says what is in it.
type poison struct {
	Null       bool
	Schema     string
	SchemaType string
	Single     string
	Value      []string
	Reason     string
}

func (p *poison) bytes(t testing.TB) []byte {
	t.Helper()
	var out []byte
	for _, piece := range p.Value {
		digits, times, _ := strings.Cut(piece, "*")
		b, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		n := 1
		if times != "" {
			if n, err = strconv.Atoi(times); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, strings.Repeat(string(b), n)...)
	}
	return out
}

func readPoison(t testing.TB) map[string]*poison {
	t.Helper()
	files, err := filepath.Glob("testdata/poison/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	out := map[string]*poison{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := new(poison)
		if err := json.Unmarshal(text, p); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".json")] = p
	}
	return out
}

func TestPoison(t *testing.T) {
	fake := srfake.New()
	t.Cleanup(fake.Close)
	d := newDecoder(t, Options{Registry: &Registry{URLs: []string{fake.URL()}}})
	id := uint32(0)
	for name, p := range readPoison(t) {
		value := p.bytes(t)
		switch {
		case p.Null:
			value = nil
		case p.Schema != "":
			id++
			var typ sr.SchemaType
			if err := typ.UnmarshalText([]byte(p.SchemaType)); err != nil {
				t.Fatal(err)
			}
			fake.SeedSchema(name, 1, int(id), sr.Schema{Schema: p.Schema, Type: typ})
			value = framed(id, string(value))
		case p.Single != "":
			value = single(t, p.Single, value)
		}
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got, err := decodeAfterLoad(t, d, value)
			runtime.ReadMemStats(&after)
			switch {
			case p.Reason == "":
				if err != nil || got != string(value) {
					t.Errorf("got %q, %v, want the value as it is", got, err)
				}
				var object map[string]any
				if json.Unmarshal(value, &object) == nil && object != nil {
					t.Errorf("%q is an object in JSON", value)
				}
			case err == nil || !strings.Contains(err.Error(), p.Reason) || errors.Is(err, ErrUnavailable):
				t.Errorf("got %.100q, %v\nwant %s", got, err, p.Reason)
			case len(err.Error()) > 400:
				t.Errorf("a reason of %d bytes", len(err.Error()))
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
				t.Errorf("%d bytes were taken", used)
			}
		})
	}
}
