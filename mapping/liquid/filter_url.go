package liquid

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"segment-webhooks/mapping/document"
)

var (
	errLoneSurrogate = errors.New("half a character (an unpaired surrogate) cannot be encoded")
	errPercent       = errors.New("a %-escape is incomplete or does not spell UTF-8")
)

// Units that encodeURIComponent leaves as they are beside letters and digits, and those that encodeURI does.
const (
	uriMarks    = "-_.!~*'()"
	uriReserved = uriMarks + ";/?:@&=+$,#"
)

// encodeFilter makes a filter of what only looks at the text of its input and can refuse it.
func encodeFilter(f func(s string) (string, error)) filterFunc {
	return func(r *renderer, in value, _ arguments) (value, error) {
		s, err := r.chargedText(in)
		if err != nil {
			return value{}, err
		}
		out, err := f(s)
		if err != nil {
			return value{}, err
		}
		return str(out), r.charge(len(out))
	}
}

// percentEncode replaces all bytes but letters, digits and those in keep by %XX.
func percentEncode(s, keep string) (string, error) {
	if document.HasSurrogate(s) {
		return "", errLoneSurrogate
	}
	const hex = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', strings.IndexByte(keep, c) >= 0:
			out.WriteByte(c)
		default:
			out.WriteString(string([]byte{'%', hex[c>>4], hex[c&15]}))
		}
	}
	return out.String(), nil
}

func urlEncode(s string) (string, error) {
	out, err := percentEncode(s, uriMarks)
	return strings.ReplaceAll(out, "%20", "+"), err
}

func cgiEscape(s string) (string, error) {
	out, err := percentEncode(s, "-_.~")
	return strings.ReplaceAll(out, "%20", "+"), err
}

func uriEscape(s string) (string, error) {
	return percentEncode(s, uriReserved+"[]")
}

// urlDecode decodes escapes, then makes every + a space, also one that was escaped.
func urlDecode(s string) (string, error) {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '%' {
			out = append(out, s[i])
			i++
			continue
		}
		from := len(out)
		for i < len(s) && s[i] == '%' {
			if i+2 >= len(s) || hexValue(uint16(s[i+1])) > 15 || hexValue(uint16(s[i+2])) > 15 {
				return "", errPercent
			}
			out = append(out, byte(hexValue(uint16(s[i+1]))<<4|hexValue(uint16(s[i+2]))))
			i += 3
		}
		if !utf8.Valid(out[from:]) {
			return "", errPercent
		}
	}
	return strings.ReplaceAll(string(out), "+", " "), nil
}

// slugify replaces runs of what does not belong into a slug by hyphens. The first argument says what belongs (default,
// raw, pretty, ascii, latin, none); the second, if it holds, keeps upper case.
func slugify(r *renderer, in value, args arguments) (value, error) {
	s, err := r.chargedText(in)
	if err != nil {
		return value{}, err
	}
	mode, err := r.jsText(args.or(0, str("default")).Value)
	if err != nil {
		return value{}, err
	}
	if args.at(0).literal == none {
		s = slug(s, mode)
	}
	if !args.at(1).given() {
		s = document.Lower(s)
	}
	return str(s), nil
}

func slug(s, mode string) string {
	letter := func(c rune) bool { return unicode.In(c, unicode.M, unicode.L, unicode.Nd) }
	var gap func(c rune) bool
	switch mode {
	case "raw":
		gap = document.IsBlank
	case "default":
		gap = func(c rune) bool { return !letter(c) }
	case "pretty":
		gap = func(c rune) bool { return !letter(c) && !strings.ContainsRune("._~!$&'()+,;=@", c) }
	case "ascii":
		gap = func(c rune) bool { return c >= utf8.RuneSelf || !letter(c) }
	case "latin":
		s = strings.NewReplacer(accents[:]...).Replace(s)
		gap = func(c rune) bool { return !letter(c) }
	default:
		return s
	}
	s = replaceRuns(s, "-", gap)
	return strings.TrimSuffix(strings.TrimPrefix(s, "-"), "-")
}

// accents are the letters that slugify: "latin" spells without, in pairs.
var accents = [...]string{
	"à", "a", "á", "a", "â", "a", "ã", "a", "ä", "a", "å", "a", "æ", "ae", "ç", "c", "è", "e", "é", "e", "ê", "e",
	"ë", "e", "ì", "i", "í", "i", "î", "i", "ï", "i", "ð", "d", "ñ", "n", "ò", "o", "ó", "o", "ô", "o", "õ", "o",
	"ö", "o", "ø", "o", "ù", "u", "ú", "u", "û", "u", "ü", "u", "ý", "y", "ÿ", "y", "ß", "ss", "œ", "oe", "þ", "th",
	"ẞ", "SS", "Œ", "OE", "Þ", "TH",
}
