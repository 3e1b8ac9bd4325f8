package model

import "strings"

// nearest says which of the words a mistyped one was meant to be: the one that
// is fewest edits away, none where even that is more than half of it.
func nearest(word string, words []string) (string, bool) {
	const longest = 64 // of any key; keeps a hostile one from costing much
	if len(word) > longest {
		return "", false
	}
	best, found := "", len(word)/2+1
	word = strings.ToLower(word)
	for _, w := range words {
		if len(w)-len(word) >= found || len(word)-len(w) >= found {
			continue
		}
		if d := distance(word, w); d < found {
			best, found = w, d
		}
	}
	return best, best != ""
}

// distance counts the insertions, deletions, replacements and swaps of
// neighbours that make b of a (optimal string alignment).
func distance(a, b string) int {
	n := len(b) + 1
	rows := make([]int, 3*n)
	before, last, row := rows[:n], rows[n:2*n], rows[2*n:]
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// didYouMean is the hint for a word that is none of the words.
func didYouMean(word string, words []string) string {
	if near, ok := nearest(word, words); ok {
		return "did you mean " + quote(near) + "?"
	}
	return "it is one of " + strings.Join(words, ", ")
}

// quote puts a word from the file into a message, whatever it holds.
func quote(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "..."
	}
	return `"` + printable(s) + `"`
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return '?'
		}
		return r
	}, s)
}
