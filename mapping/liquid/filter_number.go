package liquid

import "math"

// numberFilter makes a filter of what computes with its input, n[0], and the arguments behind it. What is no number
// counts as 0, as in liquidjs; a missing argument is NaN to its function.
func numberFilter(f func(n []float64) float64) filterFunc {
	return func(r *renderer, in value, args arguments) (value, error) {
		n := make([]float64, 1+len(args))
		for i := range n {
			v := in
			if i > 0 {
				v = args[i-1]
			}
			var err error
			if n[i], err = r.orZero(v); err != nil {
				return value{}, err
			}
		}
		return number(f(n)), nil
	}
}

// orZero returns v as a number, 0 if it is none.
func (r *renderer) orZero(v value) (float64, error) {
	f, err := r.toNumber(v)
	if math.IsNaN(f) {
		f = 0
	}
	return f, err
}

// argument1 returns the first argument, NaN if there is none.
func argument1(n []float64) float64 {
	if len(n) < 2 {
		return math.NaN()
	}
	return n[1]
}

func abs(n []float64) float64    { return math.Abs(n[0]) }
func ceil(n []float64) float64   { return math.Ceil(n[0]) }
func floor(n []float64) float64  { return math.Floor(n[0]) }
func plus(n []float64) float64   { return n[0] + argument1(n) }
func minus(n []float64) float64  { return n[0] - argument1(n) }
func times(n []float64) float64  { return n[0] * argument1(n) }
func modulo(n []float64) float64 { return floorMod(n[0], argument1(n)) }

// floorMod returns the remainder that has the divisor's sign.
func floorMod(a, b float64) float64 { return math.Mod(math.Mod(a, b)+b, b) }

// atLeast and atMost look at all arguments.
func atLeast(n []float64) float64 {
	out := n[0]
	for _, f := range n[1:] {
		out = math.Max(out, f)
	}
	return out
}

func atMost(n []float64) float64 {
	out := n[0]
	for _, f := range n[1:] {
		out = math.Min(out, f)
	}
	return out
}

// dividedBy is floating, unless a second argument asks for the whole part.
func dividedBy(n []float64) float64 {
	quotient := n[0] / argument1(n)
	if len(n) > 2 && n[2] != 0 {
		return math.Floor(quotient)
	}
	return quotient
}

// round rounds half up, to the given number of decimals. A missing argument is none.
func round(n []float64) float64 {
	scale := 1.0
	if len(n) > 1 {
		scale = pow10(n[1])
	}
	const epsilon = 1.0 / (1 << 52)
	return roundHalfUp(n[0]*scale*(1+epsilon)) / scale
}

// roundHalfUp is JavaScript's Math.round, which keeps -0.
func roundHalfUp(f float64) float64 {
	whole := math.Floor(f)
	if f-whole >= 0.5 {
		whole++
	}
	return math.Copysign(whole, f)
}

// pow10 is JavaScript's Math.pow(10, f). Among the powers that round can sensibly ask for, two are off by a hair in V8,
// and round: -5 shows it.
func pow10(f float64) float64 {
	switch {
	case f == -4:
		return 0.00009999999999999999
	case f == -5:
		return 0.000009999999999999999
	case f == math.Trunc(f) && math.Abs(f) < 400:
		return math.Pow10(int(f))
	}
	return math.Pow(10, f)
}

// toInteger is to_integer, which despite its name only makes a number of its input.
func toInteger(r *renderer, in value, _ arguments) (value, error) {
	f, err := r.toNumber(in)
	return number(f), err
}
