package overview

// ring keeps one value for each of the last len(values) steps. The zero values of a step that nobody has written to are true: nothing
// happened in it.
type ring[T any] struct {
	newest int64 // the number of the newest step since 1970
	values []T
}

func newRing[T any](n int) ring[T] { return ring[T]{values: make([]T, n)} }

// at returns the value of a step, moving on to it where it is newer than all before; nil when it is too old to be kept.
func (r *ring[T]) at(step int64) *T {
	n := int64(len(r.values))
	switch {
	case step > r.newest:
		if step-r.newest >= n {
			clear(r.values)
		} else {
			for s := r.newest + 1; s <= step; s++ {
				var zero T
				r.values[s%n] = zero
			}
		}
		r.newest = step
	case r.newest-step >= n:
		return nil
	}
	return &r.values[step%n]
}

// each calls f with the values of the steps up to last, the oldest first; i counts the steps from 0.
func (r *ring[T]) each(last int64, f func(i int, value *T)) {
	n := int64(len(r.values))
	for i := range n {
		step := last - n + 1 + i
		if step < 0 || step > r.newest || r.newest-step >= n {
			continue
		}
		f(int(i), &r.values[step%n])
	}
}
