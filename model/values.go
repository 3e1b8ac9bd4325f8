package model

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// The kinds of value that a key may have, each made into a reader for the
// tables of keys.

// scalar makes a reader of one text of the function that parses it.
func scalar[T, V any](parse func(string) (V, error), place func(*T) *V) func(*reader, value, *T) {
	return func(r *reader, v value, into *T) {
		if text, ok := r.text(v); ok {
			parsed, err := parse(text)
			if err != nil {
				r.failed(v, err)
				return
			}
			*place(into) = parsed
		}
	}
}

// list makes a reader of one value or a list of them, each parsed alike.
func list[T, V any](parse func(string) (V, error), place func(*T) *[]V) func(*reader, value, *T) {
	return func(r *reader, v value, into *T) {
		var all []V
		one := scalar(parse, func(v *V) *V { return v })
		r.oneOrMore(v, func(item value) {
			var x V
			if one(r, item, &x); !r.faulty[item.Node] {
				all = append(all, x)
			}
		})
		*place(into) = all
	}
}

// whole makes a reader of a whole number from low to high.
func whole[T any](low, high int, place func(*T) *int) func(*reader, value, *T) {
	return func(r *reader, v value, into *T) {
		text, ok := r.text(v)
		if !ok {
			return
		}
		n, err := strconv.Atoi(text)
		quoted := v.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 && text == v.Value
		switch {
		case err != nil || strconv.Itoa(n) != text:
			r.fail(v, quote(text)+" is not a whole number"+in(v.path), fmt.Sprintf("write one from %d to %d", low, high))
		case quoted:
			r.fail(v, "a number is expected here, not text"+in(v.path), "write "+text+" without quotes")
		case n < low || n > high:
			r.fail(v, text+" is out of bounds"+in(v.path), fmt.Sprintf("write a number from %d to %d", low, high))
		default:
			*place(into) = n
		}
	}
}

// flag makes a reader of true or false.
func flag[T any](place func(*T) *bool) func(*reader, value, *T) {
	return func(r *reader, v value, into *T) {
		text, ok := r.text(v)
		switch {
		case !ok:
		case v.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 || text != "true" && text != "false":
			r.fail(v, quote(text)+" is neither true nor false"+in(v.path), "write true or false, without quotes")
		default:
			*place(into) = text == "true"
		}
	}
}

// word makes a reader of one of the words.
func word[T any](words []string, place func(*T) *string) func(*reader, value, *T) {
	return func(r *reader, v value, into *T) {
		if text, ok := r.text(v); ok {
			if !slices.Contains(words, text) {
				r.fail(v, quote(text)+" is not known"+in(v.path), didYouMean(text, words))
				return
			}
			*place(into) = text
		}
	}
}

// sub makes a reader of a mapping inside a mapping.
func sub[T, V any](o object[V], place func(*T) *V) func(*reader, value, *T) {
	return func(r *reader, v value, into *T) { o.read(r, v, place(into)) }
}

// perRole makes a reader of a mapping with one key for each role.
func perRole[T, V any](read func(*reader, value, *V), place func(*T) *PerRole[V]) func(*reader, value, *T) {
	var o object[PerRole[V]]
	for _, role := range Roles {
		o = append(o, field[PerRole[V]]{role.Key(), func(r *reader, v value, into *PerRole[V]) { read(r, v, &into[role]) }})
	}
	return sub(o, place)
}

// same is the place of a value that is read into itself.
func same[T any](v *T) *T { return v }

func parseText(s string) (string, error) {
	if strings.TrimSpace(s) == "" {
		return "", wrong{"the value is empty", "give one, or leave the key out"}
	}
	return s, nil
}

// parsePrefix reads a network; an address with a length is not one.
func parsePrefix(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4In6() {
		return p, wrong{quote(s) + " is not a prefix", "write one such as 10.1.3.0/24"}
	}
	if p != p.Masked() {
		return p, wrong{quote(s) + " is an address, not a prefix", "the prefix is " + p.Masked().String()}
	}
	return p, nil
}

// parseAddress reads an address without a length or a zone.
func parseAddress(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" || a.Is4In6() {
		return a, wrong{quote(s) + " is not an IP address", ""}
	}
	return a, nil
}
