package web

import (
	"strconv"
	"strings"
)

// choose picks the smallest form that the client takes: brotli, then gzip, then the file as it is.
func (f *file) choose(accept []string) (encoding, name string) {
	for _, form := range []struct{ encoding, ext string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if _, ok := f.forms[form.encoding]; ok && accepts(accept, form.encoding) {
			return form.encoding, f.name + form.ext
		}
	}
	return "", f.name
}

// accepts reports whether an Accept-Encoding names the encoding with a weight above zero (RFC 9110, section 12.5.3). "*"
// is not taken as a yes: who can read brotli says so.
func accepts(header []string, encoding string) bool {
	for _, item := range listed(header) {
		name, params, _ := strings.Cut(item, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		key, value, weighted := strings.Cut(params, "=")
		if !weighted || !strings.EqualFold(strings.TrimSpace(key), "q") {
			return true
		}
		weight, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		return err == nil && weight > 0
	}
	return false
}

// listed splits header lines at their commas.
func listed(lines []string) []string {
	var items []string
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			items = append(items, strings.TrimSpace(item))
		}
	}
	return items
}
