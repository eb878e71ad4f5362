package mapping

// nearest returns the one of names that word is most likely meant to be, or "" if none is close: more than half of a
// name has to be right.
func nearest(word string, names []string) string {
	best, distance := "", max(2, len(word)/3)+1
	for _, name := range names {
		if d := editDistance(word, name); d < distance && 2*d <= len(name) {
			best, distance = name, d
		}
	}
	return best
}

// editDistance counts the characters to insert, delete or replace to make b of a. ASCII letters that differ in case
// only count as equal.
func editDistance(a, b string) int {
	const limit = 64
	if len(a) > limit || len(b) > limit {
		return limit
	}
	row := make([]int, len(b)+1)
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
