package sink

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// The signatures of Segment's destination, cross-checked with an independent HMAC.
func TestSignerSignsAsSegment(t *testing.T) {
	const s3 = `{"a":1,"b":{"c":2},"d":[1,2],"e":null}`
	const s7 = `{"type":"track","event":"E","userId":"u","properties":{"2":"y","10":"x","b":1,"a":"é<>&` + "\u2028" + `"},"messageId":"m"}`
	tests := []struct{ name, secret, data, want string }{
		{"object", "s", `{"a":1}`, "fa90bbb46547f7bc6b4cad1f3b475ba08facfea6"},
		{"empty object", "s", `{}`, "850413ce2dee4c4142838bab9e9086cb305da54d"},
		{"nested", "s", s3, "d8a7e9aa1d7fd9709b3b9feab89c7815858c5160"},
		{"secret in UTF-8", "sécret", s3, "57ab9509a5f8c2968004e5dc59644dee9ebf8f61"},
		{"lone surrogate", "s", `{"a":"\ud800"}`, "6576a49be927da99c3d05aba5188a832a0d8167f"},
		{"unescaped", "s", `{"2":"y","10":"x","b":1,"a":"é<>&` + "\u2028" + `"}`, "3dda731edc3ec2c717a579c60f8fae51795b3dfd"},
		{"whole event", "s3cr3t", s7, "a2f56e49ca096d4d14a7d5be9fb1c45520438eea"},
		{"null and empty", "s", `{"y":null,"z":""}`, "7bc66aa8cf5cc26e2c840a38161dbfdc58e12277"},
		{"digits as secret", "123", s3, "03d028f5897f4e34373fe102cc3a69cebed0450f"},
		{"no secret", "", s3, ""},
		{"no data", "s", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			signer := NewSigner([]byte(test.secret))
			for range 2 { // the second time with a state that was used before
				if got := signer.Sign([]byte(test.data)); got != test.want {
					t.Errorf("Sign(%s) under %q: got %q, want %q", test.data, test.secret, got, test.want)
				}
			}
		})
	}
}

func TestSignerServesManyGoroutines(t *testing.T) {
	signer := NewSigner([]byte("s"))
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			data := fmt.Appendf(nil, `{"n":%d}`, i)
			want := NewSigner([]byte("s")).Sign(data)
			for range 50 {
				if got := signer.Sign(data); got != want {
					t.Errorf("Sign(%s): got %q, want %q", data, got, want)
				}
			}
		})
	}
	all.Wait()
}

func TestSignerKeepsItsOwnCopyOfTheSecret(t *testing.T) {
	secret := []byte("s")
	signer := NewSigner(secret)
	secret[0] = 'x'
	if got, want := signer.Sign([]byte(`{"a":1}`)), "fa90bbb46547f7bc6b4cad1f3b475ba08facfea6"; got != want {
		t.Errorf("Sign after the caller's slice changed: got %q, want %q", got, want)
	}
}

func TestSignerPrintsNoKey(t *testing.T) {
	signer := NewSigner([]byte("s"))
	signer.Sign([]byte("x"))
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(format, signer); strings.ContainsAny(got, "{[") {
			t.Errorf("%s of a signer: got %q, want only its type", format, got)
		}
	}
}
