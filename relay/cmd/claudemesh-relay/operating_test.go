package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// docs/operating.md tells of every metric of a relay, and of every flag that is a limit.
func TestOperatingPage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "operating.md"))
	if err != nil {
		t.Fatal(err)
	}
	page, shown := string(text), serving(t, "", "").shown(t, "/metrics")
	metrics := regexp.MustCompile(`(?m)^# TYPE (claudemesh_\w+) `).FindAllStringSubmatch(shown, -1)
	if len(metrics) < 20 {
		t.Errorf("the relay shows %d metrics of its own", len(metrics))
	}
	for _, m := range metrics {
		if !regexp.MustCompile("`" + m[1] + "[`{]").MatchString(page) {
			t.Errorf("docs/operating.md does not tell of %s", m[1])
		}
	}
	for _, m := range regexp.MustCompile("`(claudemesh_\\w+)").FindAllStringSubmatch(page, -1) {
		if !strings.Contains(shown, "# TYPE "+m[1]+" ") {
			t.Errorf("docs/operating.md tells of %s, which there is not", m[1])
		}
	}
	for field := range reflect.TypeFor[limiting]().Fields() {
		var flag strings.Builder
		for _, r := range field.Name {
			if unicode.IsUpper(r) {
				flag.WriteByte('-')
			}
			flag.WriteRune(unicode.ToLower(r))
		}
		if name := "`-" + flag.String() + "`"; !strings.Contains(page, name) {
			t.Errorf("docs/operating.md does not tell of %s", name)
		}
	}
}
