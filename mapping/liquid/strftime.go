package liquid

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"segment-webhooks/mapping/document"
)

// conversion is one %-sequence of a format: %[flags][width][E or O]letter.
type conversion struct {
	flags  string
	width  string
	letter rune
}

// strftime prints m as liquidjs does. %c, %x and %X are those of American English.
func (r *renderer) strftime(m moment, format string) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(format, "%")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		c, length := readConversion(rest)
		if length == 0 {
			out.WriteByte('%')
			format = rest
			continue
		}
		format = rest[length:]
		s, known := m.field(c)
		if !known {
			out.WriteString("%" + rest[:length])
			continue
		}
		if err := r.pad(&out, s, c); err != nil {
			return "", err
		}
	}
}

// readConversion reads what follows a percent sign and returns its length, 0 if there is no letter. Where nothing
// follows flags, width and modifier, the last character of them is the letter.
func readConversion(s string) (c conversion, length int) {
	run := func(of string) string {
		from := length
		for length < len(s) && strings.IndexByte(of, s[length]) >= 0 {
			length++
		}
		return s[from:length]
	}
	c.flags, c.width = run("-_0^#:"), run("0123456789")
	modifier := length < len(s) && (s[length] == 'E' || s[length] == 'O')
	if modifier {
		length++
	}
	if r, n := utf8.DecodeRuneInString(s[length:]); n > 0 && !strings.ContainsRune("\n\r\u2028\u2029", r) {
		c.letter = r
		return c, length + n
	}
	switch {
	case length == 0:
		return c, 0
	case modifier:
	case c.width != "":
		c.width = c.width[:len(c.width)-1]
	default:
		c.flags = c.flags[:len(c.flags)-1]
	}
	c.letter = rune(s[length-1])
	return c, length
}

// pad writes the text of a conversion as its flags and width ask for.
func (r *renderer) pad(out *strings.Builder, s string, c conversion) error {
	if strings.Contains(c.flags, "^") {
		s = document.Upper(s)
	} else if strings.Contains(c.flags, "#") {
		s = swapCase(s)
	}
	width := document.ParseNumber(c.width)
	if c.width == "" || width == 0 {
		width = float64(defaultWidth(c.letter))
	}
	with := "0"
	switch {
	case strings.Contains(c.flags, "_"):
		with = " "
	case strings.Contains(c.flags, "0"):
	case strings.ContainsRune("aAbBceklpP", c.letter):
		with = " "
	}
	if strings.Contains(c.flags, "-") {
		width = 0
	}
	if missing := width - float64(document.UTF16Len(s)); missing > 0 {
		if err := r.charge(clampCharge(missing)); err != nil {
			return err
		}
		out.WriteString(strings.Repeat(with, int(missing)))
	}
	out.WriteString(s)
	return nil
}

// swapCase returns s in upper case if it has a small letter, in lower case otherwise.
func swapCase(s string) string {
	if strings.ContainsFunc(s, func(c rune) bool { return 'a' <= c && c <= 'z' }) {
		return document.Upper(s)
	}
	return document.Lower(s)
}

func defaultWidth(letter rune) int {
	switch letter {
	case 'd', 'e', 'H', 'I', 'k', 'l', 'm', 'M', 'S', 'U', 'W':
		return 2
	case 'j', 'L':
		return 3
	}
	return 0
}

// field returns the text of a conversion, unpadded.
func (m moment) field(c conversion) (s string, known bool) {
	t := m.shown
	year := strconv.Itoa(t.Year())
	switch c.letter {
	case 'a':
		return t.Weekday().String()[:3], true
	case 'A':
		return t.Weekday().String(), true
	case 'b', 'h':
		return t.Month().String()[:3], true
	case 'B':
		return t.Month().String(), true
	case 'c':
		return t.Format("1/2/") + localeYear(t) + t.Format(", 3:04:05 PM"), true
	case 'C':
		return document.StringValue(string(document.AppendNumber(nil, document.ParseNumber(year[:min(2, len(year))])))).Str(), true
	case 'd', 'e':
		return strconv.Itoa(t.Day()), true
	case 'H', 'k':
		return strconv.Itoa(t.Hour()), true
	case 'I', 'l':
		return t.Format("3"), true
	case 'j':
		return strconv.Itoa(dayOfYear(t)), true
	case 'L':
		return strconv.Itoa(t.Nanosecond() / int(time.Millisecond)), true
	case 'm':
		return strconv.Itoa(int(t.Month())), true
	case 'M':
		return strconv.Itoa(t.Minute()), true
	case 'N':
		return fraction(t, c.width), true
	case 'n':
		return "\n", true
	case 'p':
		return t.Format("PM"), true
	case 'P':
		return t.Format("pm"), true
	case 'q':
		return ordinal(t.Day()), true
	case 's':
		return string(document.AppendNumber(nil, roundHalfUp(float64(t.UnixMilli())/1000))), true
	case 'S':
		return strconv.Itoa(t.Second()), true
	case 't':
		return "\t", true
	case 'u':
		return strconv.Itoa((int(t.Weekday())+6)%7 + 1), true
	case 'U':
		return strconv.Itoa(weekOfYear(t, 0)), true
	case 'w':
		return strconv.Itoa(int(t.Weekday())), true
	case 'W':
		return strconv.Itoa(weekOfYear(t, 1)), true
	case 'x':
		return t.Format("1/2/") + localeYear(t), true
	case 'X':
		return t.Format("3:04:05 PM"), true
	case 'y':
		return year[min(2, len(year)):min(4, len(year))], true
	case 'Y':
		return year, true
	case 'z':
		return m.offsetText(strings.Contains(c.flags, ":")), true
	case 'Z':
		if m.zone != "" {
			return m.zone, true
		}
		return m.offsetText(strings.Contains(c.flags, ":")), true
	case '%':
		return "%", true
	}
	return "", false
}

// localeYear is the year as %c and %x print it: those before 1 count backwards.
func localeYear(t time.Time) string {
	if y := t.Year(); y > 0 {
		return strconv.Itoa(y)
	}
	return strconv.Itoa(1 - t.Year())
}

// fraction is %N: the second's fraction in as many digits as the width says, 9 without one.
func fraction(t time.Time, width string) string {
	n := toInt(document.ParseNumber(width))
	if n == 0 {
		n = 9
	}
	ms := strconv.Itoa(1000 + t.Nanosecond()/int(time.Millisecond))[1:]
	if n < len(ms) {
		return ms[:n]
	}
	return ms + strings.Repeat("0", min(n, budget)-len(ms))
}

// offsetText is the zone's offset from UTC, as +hhmm or +hh:mm.
func (m moment) offsetText(colon bool) string {
	sign, separator := "+", ""
	if m.offset > 0 {
		sign = "-"
	}
	if colon {
		separator = ":"
	}
	two := func(f float64) string {
		s := string(document.AppendNumber(nil, f))
		return strings.Repeat("0", max(0, 2-len(s))) + s
	}
	minutes := math.Abs(m.offset)
	return sign + two(math.Floor(minutes/60)) + separator + two(math.Mod(minutes, 60))
}

// ordinal is %q, the ending of the day's number.
func ordinal(day int) string {
	if 11 <= day && day <= 13 {
		return "th"
	}
	switch day % 10 {
	case 1:
		return "st"
	case 2:
		return "nd"
	case 3:
		return "rd"
	}
	return "th"
}

// dayOfYear is %j. liquidjs takes the year 0 for a common one.
func dayOfYear(t time.Time) int {
	if t.Year() == 0 && t.Month() > time.February {
		return t.YearDay() - 1
	}
	return t.YearDay()
}

// weekOfYear counts weeks that start on the given day, from the first of them. JavaScript takes the years 0 to 99 for
// those of the twentieth century when asked for the weekday of a first of January.
func weekOfYear(t time.Time, start int) int {
	year := t.Year()
	if 0 <= year && year <= 99 {
		year += 1900
	}
	newYear := int(time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC).Weekday())
	now := dayOfYear(t) + start - int(t.Weekday())
	then := 7 - newYear + start
	return int(math.Floor(float64(now-then)/7)) + 1
}
