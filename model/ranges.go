package model

import (
	"fmt"
	"strconv"
	"strings"
)

// maxRange bounds what one range may make, and a fabric's devices.
const maxRange = 1 << 16

// expand reads a range: "leaf[01-03,7]" is leaf01, leaf02, leaf03, leaf7. A
// number that starts with a zero keeps its width. Text without brackets is
// itself; of two brackets the right one turns faster.
func expand(text string) ([]string, error) {
	head, rest, found := strings.Cut(text, "[")
	if strings.Contains(head, "]") {
		return nil, fmt.Errorf("%s has a ] without a [", quote(text))
	}
	if !found {
		return []string{text}, nil
	}
	inner, tail, closed := strings.Cut(rest, "]")
	if !closed {
		return nil, fmt.Errorf("%s has a [ without a ]", quote(text))
	}
	numbers, err := expandList(inner)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", quote(text), err)
	}
	tails, err := expand(tail)
	if err != nil {
		return nil, err
	}
	if len(numbers)*len(tails) > maxRange {
		return nil, fmt.Errorf("%s is more than %d", quote(text), maxRange)
	}
	all := make([]string, 0, len(numbers)*len(tails))
	for _, n := range numbers {
		for _, t := range tails {
			all = append(all, head+n+t)
		}
	}
	return all, nil
}

// expandList reads what stands between the brackets: "01-04,7".
func expandList(list string) ([]string, error) {
	var all []string
	for _, part := range strings.Split(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err := rangeEnd(first)
		if err != nil {
			return nil, err
		}
		to, err := rangeEnd(last)
		if err != nil {
			return nil, err
		}
		if to < from {
			return nil, fmt.Errorf("%s counts down", quote(part))
		}
		if len(all)+to-from >= maxRange {
			return nil, fmt.Errorf("%s is more than %d", quote(list), maxRange)
		}
		width := 0
		if strings.HasPrefix(first, "0") {
			width = len(first)
		}
		for n := from; n <= to; n++ {
			all = append(all, fmt.Sprintf("%0*d", width, n))
		}
	}
	return all, nil
}

// rangeEnd reads one number of a range; at most nine digits, so that it fits.
func rangeEnd(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || len(s) > 9 {
		return 0, fmt.Errorf("%s is not a number, and a range is written [1-4] or [1-2,5]", quote(s))
	}
	return int(n), nil
}
