package document_test

import (
	"math"
	"strings"
	"testing"

	"segment-webhooks/mapping/document"
)

func TestAppendNumber(t *testing.T) {
	for _, tc := range []struct {
		f    float64
		want string
	}{
		{0, "0"},
		{math.Copysign(0, -1), "0"},
		{1, "1"},
		{-1.5, "-1.5"},
		{0.1, "0.1"},
		{0.000001, "0.000001"},
		{0.0000012, "0.0000012"},
		{0.00000099, "9.9e-7"},
		{1e-7, "1e-7"},
		{1.25e-10, "1.25e-10"},
		{1e-100, "1e-100"},
		{-1e-7, "-1e-7"},
		{5e-324, "5e-324"},
		{123456789012345680000, "123456789012345680000"},
		{999999999999999900000, "999999999999999900000"},
		{1e21, "1e+21"},
		{-1.5e21, "-1.5e+21"},
		{1e100, "1e+100"},
		{math.MaxFloat64, "1.7976931348623157e+308"},
		{1 << 53, "9007199254740992"},
		{math.NaN(), "NaN"},
		{math.Inf(1), "Infinity"},
		{math.Inf(-1), "-Infinity"},
	} {
		if got := string(document.AppendNumber([]byte("x"), tc.f)); got != "x"+tc.want {
			t.Errorf("%v: got %s, want x%s", tc.f, got, tc.want)
		}
	}
}

func TestParseNumber(t *testing.T) {
	nan := math.NaN()
	for _, tc := range []struct {
		in   string
		want float64
	}{
		{"", 0},
		{" \t\n\v\f\r\u00a0\ufeff\u2028\u3000", 0},
		{" 12 ", 12},
		{"\u20091\u2003", 1},
		{"1_000", nan},
		{"1,5", nan},
		{"12px", nan},
		{"1 2", nan},
		{"+5", 5},
		{"-5", -5},
		{"--5", nan},
		{"+-5", nan},
		{"+", nan},
		{"-", nan},
		{".", nan},
		{".5", .5},
		{"5.", 5},
		{"-.5e1", -5},
		{"007", 7},
		{"1e3", 1000},
		{"1E+3", 1000},
		{"1e-3", .001},
		{"1e", nan},
		{"e1", nan},
		{"1e400", math.Inf(1)},
		{"-1e400", math.Inf(-1)},
		{"1e-400", 0},
		{"Infinity", math.Inf(1)},
		{"+Infinity", math.Inf(1)},
		{"-Infinity", math.Inf(-1)},
		{"infinity", nan},
		{"Inf", nan},
		{"+-Infinity", nan},
		{"NaN", nan},
		{"nan", nan},
		{"0x1F", 31},
		{"0X1f", 31},
		{"0o17", 15},
		{"0b101", 5},
		{"-0x1", nan},
		{"0x", nan},
		{"0x1p4", nan},
		{"0x1.8", nan},
		{"0xg", nan},
		{"0o8", nan},
		{"0b2", nan},
		{"0x_1", nan},
		{"0x+1", nan},
		{"true", nan},
		{"null", nan},
		{"0x20000000000001", 9007199254740992},
		{"0x20000000000003", 9007199254740996},
		{"9007199254740993", 9007199254740992},
		{"1" + strings.Repeat("0", 400), math.Inf(1)},
		{"0x" + strings.Repeat("f", 300), math.Inf(1)},
		{"\u180e1", nan},
		{"1\u200b", nan},
	} {
		got := document.ParseNumber(tc.in)
		if got != tc.want && !(math.IsNaN(got) && math.IsNaN(tc.want)) {
			t.Errorf("%q: got %v, want %v", tc.in, got, tc.want)
		}
	}
}

func TestUTF16Len(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want int
	}{{"", 0}, {"abc", 3}, {"é", 1}, {"\u20ac", 1}, {"😀", 2}, {"a\xed\xa0\xbdb", 3}} {
		if got := document.UTF16Len(tc.in); got != tc.want {
			t.Errorf("%q: got %d, want %d", tc.in, got, tc.want)
		}
	}
}
