// Package spelling tells which of several names a wrong word was most likely meant to be.
package spelling

// Nearest returns the one of names that word is most likely meant to be, or "" if none is close: more than half of a name
// has to be right.
func Nearest(word string, names []string) string {
	best, distance := "", max(2, len(word)/3)+1
	for _, name := range names {
		if d := Distance(word, name); d < distance && 2*d <= len(name) {
			best, distance = name, d
		}
	}
	return best
}

// Distance counts the bytes to insert, delete or replace to make b of a. ASCII letters that differ in case only count as
// equal. Words of more than 64 bytes, which are none, are as far away as can be.
func Distance(a, b string) int {
	const most = 64
	if len(a) > most || len(b) > most {
		return max(len(a), len(b))
	}
	row := make([]int, len(b)+1) // the distances of what was looked at of a to the beginnings of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			above := row[j+1]
			change := diagonal
			if lower(a[i]) != lower(b[j]) {
				change++
			}
			row[j+1] = min(change, above+1, row[j]+1)
			diagonal = above
		}
	}
	return row[len(b)]
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}
