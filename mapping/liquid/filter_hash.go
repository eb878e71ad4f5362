package liquid

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"segment-webhooks/mapping/document"
)

// utf8Of returns s as Node.js encodes it: UTF-8 with U+FFFD for half characters.
func utf8Of(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); {
		c, n := document.DecodeRune(s[i:])
		out.WriteRune(c) // U+FFFD for a half
		i += n
	}
	return out.String()
}

func base64Encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(utf8Of(s))) }

// base64Decode decodes as Node.js does: either alphabet, up to the first =, whatever is of neither alphabet is passed
// over, and bytes that are no UTF-8 become U+FFFD. Of units beyond ASCII Node.js looks at the low byte only.
func base64Decode(s string) string {
	digits := make([]byte, 0, len(s))
	for _, u := range document.ToUTF16(s) {
		c := byte(u)
		if c == '=' {
			break
		}
		if at := strings.IndexByte("-_", c); at >= 0 {
			c = "+/"[at]
		}
		if c == '+' || c == '/' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			digits = append(digits, c)
		}
	}
	if len(digits)%4 == 1 {
		digits = digits[:len(digits)-1]
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(digits)))
	n, _ := base64.RawStdEncoding.Decode(out, digits) // digits only, so it cannot be corrupt
	out = out[:n]
	for i := range len(out) - 1 {
		if out[i] == 0xed && out[i+1] >= 0xa0 {
			out[i] = 0xff // half a character is malformed in UTF-8, though not in WTF-8
		}
	}
	return string(out) // the rest that is malformed, str replaces as Node.js does
}

func sha256Hex(s string) string {
	sum := sha256.Sum256([]byte(utf8Of(s)))
	return hex.EncodeToString(sum[:])
}

// hmacSHA256 is the HMAC of the input under the argument, in hexadecimal digits.
func hmacSHA256(r *renderer, in value, args arguments) (value, error) {
	s, key, err := r.texts2(in, args.at(0))
	if err != nil {
		return value{}, err
	}
	mac := hmac.New(sha256.New, []byte(utf8Of(key)))
	mac.Write([]byte(utf8Of(s)))
	return str(hex.EncodeToString(mac.Sum(nil))), nil
}
