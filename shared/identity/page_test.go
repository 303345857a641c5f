//go:build !js

// A browser has no page to read.
package identity_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/wire"
)

// Whoever writes a peer copies the points of order 8 from section 2; they are those that are refused here.
func TestSection2ListsThePointsOfOrder8(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "PROTOCOL.md"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string][]string{}
	for _, line := range regexp.MustCompile(`(?m)^    (X25519|Ed25519) +([0-9a-f]{64})$`).FindAllStringSubmatch(string(page), -1) {
		b, err := hex.DecodeString(line[2])
		if err != nil {
			t.Fatal(err)
		}
		check, key := identity.CheckSign, [identity.KeySize]byte(b)
		if line[1] == "X25519" {
			check = identity.CheckBox
		}
		if err := check(key); wire.CodeOf(err) != wire.CodeBadKey {
			t.Errorf("%s is %v, want bad_key", line[0], err)
		}
		key[0] ^= 1
		if err := check(key); err != nil {
			t.Errorf("beside %s: %v", line[0], err)
		}
		if !slices.Contains(listed[line[1]], line[2]) {
			listed[line[1]] = append(listed[line[1]], line[2])
		}
	}
	if len(listed["X25519"]) != 2 || len(listed["Ed25519"]) != 2 {
		t.Errorf("the page lists %v, want two of each curve", listed)
	}
}
