package document

import "math/bits"

const hashFactor = 0x9e3779b97f4a7c15

// hashWord takes eight more bytes of a key into its hash.
func hashWord(h, w uint64) uint64 { return bits.RotateLeft64(h^w, 23) * hashFactor }

// hashEnd takes the last n bytes of a key, less than eight and the lowest of w, into its hash. The high bits of the
// outcome are the good ones.
func hashEnd(h, w uint64, n int) uint64 { return (h ^ w&(1<<(8*n)-1) ^ uint64(n+1)<<56) * hashFactor }

// hashKey returns the hash of a whole key.
func hashKey(key []byte) uint64 {
	var h uint64
	for ; len(key) >= 8; key = key[8:] {
		h = hashWord(h, word(key, 0))
	}
	var w uint64
	for i, c := range key {
		w |= uint64(c) << (8 * i)
	}
	return hashEnd(h, w, len(key))
}
