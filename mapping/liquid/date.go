package liquid

import (
	"math"
	"strings"
	"time"

	"segment-webhooks/mapping/document"
)

// parseDate returns the milliseconds since 1970 that V8's Date.parse gives in the time zone UTC, NaN for what it does
// not take. V8 first tries the format of the standard, 2020-01-31T23:59:59.999Z and its shorter and signed forms, and
// where that stops goes on with rules that read about any way to write a date:
//
//   - words before the first number and what stands in parentheses are passed over;
//   - month names, AM and PM, UTC, GMT, Z and the American zones are known by their first three letters;
//   - a number before a colon is an hour or a minute, one behind a sign after a time an offset, any other a part of
//     the day: month/day/year, year/month/day if the first cannot be a day or a month, and with a month's name the
//     first number is the day unless it cannot be; years below 50 are of this century, below 100 of the last.
func parseDate(s string) float64 {
	p := dateParser{rest: s}
	p.scan()
	ok := p.standard()
	for ok && p.pending.kind != dateEnd {
		ok = p.legacy()
	}
	if !ok {
		return math.NaN()
	}
	return p.result()
}

// dateKind is what a dateToken is.
type dateKind uint8

const (
	dateEnd dateKind = iota
	dateNumber
	dateSymbol // one of : - + . ( )
	dateWord
	dateBlank
	dateOther
)

// dateToken is a piece of a date.
type dateToken struct {
	kind   dateKind
	number int    // of a number: its value, of the first nine digits that count
	length int    // of numbers and words: in characters
	symbol byte   // of a symbol
	word   string // of a word: its first three letters in lower case
}

// fixed reports whether t is a number of the given number of digits and between two bounds.
func (t dateToken) fixed(digits, low, high int) bool {
	return t.kind == dateNumber && t.length == digits && low <= t.number && t.number <= high
}

func (t dateToken) is(symbol byte) bool { return t.kind == dateSymbol && t.symbol == symbol }
func (t dateToken) isSign() bool        { return t.is('+') || t.is('-') }
func (t dateToken) isZ() bool           { return t.kind == dateWord && t.length == 1 && t.word == "z" }

// unset marks what a date does not say.
const unset = math.MinInt

// dateParser reads a date. ahead is the next token; pending is what standard or legacy leave to legacy.
type dateParser struct {
	rest           string
	ahead, pending dateToken

	day     []int // up to three parts
	month   int   // named, unset if none was
	iso     bool  // day is year, month, day
	clock   []int // up to hour, minute, second, millisecond
	half    int   // 0 for AM, 12 for PM, unset if neither was given
	sign    int   // of the offset, unset if none was given
	hours   int   // of the offset, unset
	minutes int   // of the offset, unset

	sawNumber bool
}

// next returns the token ahead and reads the one behind it.
func (p *dateParser) next() dateToken {
	t := p.ahead
	p.scan()
	return t
}

// take moves over a symbol if it comes next.
func (p *dateParser) take(symbol byte) bool {
	if !p.ahead.is(symbol) {
		return false
	}
	p.scan()
	return true
}

// scan reads the token ahead.
func (p *dateParser) scan() {
	s := p.rest
	if s == "" || s[0] == 0 {
		p.ahead = dateToken{}
		return
	}
	length := 1
	switch c := s[0]; {
	case '0' <= c && c <= '9':
		length = len(s) - len(strings.TrimLeft(s, "0123456789"))
		p.ahead = dateToken{kind: dateNumber, length: length, number: digitsValue(s[:length])}
	case strings.IndexByte(":-+.)", c) >= 0:
		p.ahead = dateToken{kind: dateSymbol, symbol: c}
	case c == '(':
		p.ahead = dateToken{kind: dateOther}
		length = parenthesis(s)
	default:
		p.ahead, length = wordToken(s)
	}
	p.rest = s[length:]
}

// digitsValue returns the value of the first nine digits behind leading zeros.
func digitsValue(digits string) int {
	const most = 9
	digits = strings.TrimLeft(digits, "0")
	n := 0
	for i := range min(len(digits), most) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}

// parenthesis returns the length of what stands in parentheses, with them, up to the end if they are not closed.
func parenthesis(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		case 0:
			return i
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(s)
}

// wordToken reads a word, a blank or any other character. A word is of letters and whatever has a code above theirs.
func wordToken(s string) (dateToken, int) {
	letters := 0
	var prefix []byte
	for i, c := range s {
		if c < 'A' || document.IsBlank(c) {
			if i > 0 {
				return dateToken{kind: dateWord, length: letters, word: strings.ToLower(string(prefix))}, i
			}
			if document.IsBlank(c) {
				return dateToken{kind: dateBlank}, len(string(c))
			}
			return dateToken{kind: dateOther}, len(string(c))
		}
		if letters < 3 {
			prefix = append(prefix, byte(min(c, 0x7f)))
		}
		letters++
	}
	return dateToken{kind: dateWord, length: letters, word: strings.ToLower(string(prefix))}, len(s)
}

// standard reads as much as it can of the standard's format and leaves the rest to legacy. It returns false for what
// starts a time in that format and then breaks it.
func (p *dateParser) standard() bool {
	p.month, p.half, p.sign, p.hours, p.minutes = unset, unset, unset, unset, unset
	defer func() { p.sawNumber = len(p.day) > 0 }()
	if p.ahead.isSign() {
		sign := p.next()
		if !p.ahead.fixed(6, 0, 999999) {
			p.pending = sign
			return true
		}
		year := p.next().number
		if sign.symbol == '-' {
			if year == 0 {
				p.pending = sign
				return true
			}
			year = -year
		}
		p.day = append(p.day, year)
	} else if p.ahead.fixed(4, 0, 9999) {
		p.day = append(p.day, p.next().number)
	} else {
		p.pending = p.next()
		return true
	}
	for _, most := range []int{12, 31} {
		if !p.take('-') {
			break
		}
		if !p.ahead.fixed(2, 1, most) {
			p.pending = p.next()
			return true
		}
		p.day = append(p.day, p.next().number)
	}
	if p.ahead.kind != dateWord || p.ahead.word != "t" || p.ahead.length != 1 {
		if p.ahead.kind != dateEnd {
			p.pending = p.next()
			return true
		}
		p.iso, p.sign, p.hours, p.minutes = true, 1, 0, 0
		return true
	}
	p.scan()
	if !p.standardTime() || !p.standardOffset() || p.ahead.kind != dateEnd {
		return false
	}
	p.iso = true
	return true
}

// standardTime reads hh:mm[:ss[.sss]].
func (p *dateParser) standardTime() bool {
	if !p.ahead.fixed(2, 0, 24) {
		return false
	}
	most, mostFraction := 59, math.MaxInt
	if p.ahead.number == 24 { // midnight, so nothing may follow but zeros
		most, mostFraction = 0, 0
	}
	p.clock = append(p.clock, p.next().number)
	for i := range 2 {
		if !p.take(':') {
			return i > 0
		}
		if !p.ahead.fixed(2, 0, most) {
			return false
		}
		p.clock = append(p.clock, p.next().number)
	}
	if p.take('.') {
		if p.ahead.kind != dateNumber || p.ahead.number > mostFraction {
			return false
		}
		p.clock = append(p.clock, milliseconds(p.next()))
	}
	return true
}

// standardOffset reads Z, +hh:mm or +hhmm, or nothing.
func (p *dateParser) standardOffset() bool {
	if p.ahead.isZ() {
		p.scan()
		p.sign, p.hours, p.minutes = 1, 0, 0
		return true
	}
	if !p.ahead.isSign() {
		return true
	}
	p.sign = signOf(p.next())
	if p.ahead.fixed(4, 0, 9999) {
		n := p.next().number
		p.hours, p.minutes = n/100, n%100
		return p.hours <= 23 && p.minutes <= 59
	}
	if !p.ahead.fixed(2, 0, 23) {
		return false
	}
	p.hours = p.next().number
	if !p.take(':') || !p.ahead.fixed(2, 0, 59) {
		return false
	}
	p.minutes = p.next().number
	return true
}

func signOf(t dateToken) int {
	if t.symbol == '-' {
		return -1
	}
	return 1
}

// milliseconds returns the fraction of a second that a number behind a point is.
func milliseconds(t dateToken) int {
	n, length := t.number, t.length
	for ; length < 3; length++ {
		n *= 10
	}
	for length = min(length, 9); length > 3; length-- {
		n /= 10
	}
	return n
}

// result returns the time that has been read.
func (p *dateParser) result() float64 {
	year, month, day, ok := p.date()
	if !ok || len(p.clock) > 4 {
		return math.NaN()
	}
	var clock [4]int
	copy(clock[:], p.clock)
	if p.half != unset {
		if clock[0] > 12 {
			return math.NaN()
		}
		clock[0] = clock[0]%12 + p.half
	}
	midnight := clock == [4]int{24, 0, 0, 0}
	if !midnight && (clock[0] > 23 || clock[1] > 59 || clock[2] > 59 || clock[3] > 999) {
		return math.NaN()
	}
	if year < -1_000_000 || year > 1_000_000 {
		return math.NaN()
	}
	t := time.Date(year, time.Month(month), day, clock[0], clock[1], clock[2], clock[3]*int(time.Millisecond), time.UTC)
	ms := float64(t.UnixMilli())
	if p.sign != unset {
		ms -= float64(p.sign) * (float64(max(p.hours, 0))*3600 + float64(max(p.minutes, 0))*60) * 1000
	}
	return timeClip(ms)
}

// date returns the day that the parts of a date mean.
func (p *dateParser) date() (year, month, day int, ok bool) {
	if len(p.day) == 0 {
		return 0, 0, 0, false
	}
	parts := [3]int{1, 1, 1}
	copy(parts[:], p.day)
	isDay := func(n int) bool { return 1 <= n && n <= 31 }
	switch {
	case p.month != unset && isDay(parts[0]):
		day, month, year = parts[0], p.month, parts[1]
	case p.month != unset:
		year, month, day = parts[0], p.month, parts[1]
	case p.iso || !isDay(parts[0]):
		year, month, day = parts[0], parts[1], parts[2]
	default:
		month, day, year = parts[0], parts[1], parts[2]
	}
	if !p.iso {
		switch {
		case 0 <= year && year <= 49:
			year += 2000
		case 50 <= year && year <= 99:
			year += 1900
		}
	}
	return year, month, day, 1 <= month && month <= 12 && isDay(day)
}
