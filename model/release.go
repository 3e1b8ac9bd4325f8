package model

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
)

// What a platform has depends on its release.
const (
	FirstNVUE   = "5.0" // the first Cumulus Linux whose NVUE is no preview
	MaxMTUSonic = 9216  // bytes, of a port of SONiC (sonic-port.yang)
)

var release = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]{1,9}){0,3}$`)

// parseRelease reads a release, "5.9" or "202405". It is text, so that 5.10
// comes after 5.9.
func parseRelease(s string) (string, error) {
	if !release.MatchString(s) {
		return "", wrong{quote(s) + " is not a release", "write numbers and dots, such as 5.9"}
	}
	return s, nil
}

// CompareReleases is below, at or above zero as a comes before b, is b, or
// comes after it: part by part, as numbers. A part that is left out is 0.
func CompareReleases(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a, _ = strings.Cut(a, ".")
		y, b, _ = strings.Cut(b, ".")
		m, _ := strconv.Atoi(x) // empty, or digits: parseRelease
		n, _ := strconv.Atoi(y)
		if c := cmp.Compare(m, n); c != 0 {
			return c
		}
	}
	return 0
}
