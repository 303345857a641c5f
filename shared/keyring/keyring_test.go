package keyring_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/wire"
)

func newRoot(t *testing.T) keyring.Root {
	t.Helper()
	root, err := keyring.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestRing(t *testing.T) {
	var ring keyring.Ring
	if _, _, ok := ring.Latest(); ok || len(ring.Epochs()) != 0 {
		t.Error("an empty ring holds something")
	}
	roots := map[uint32]keyring.Root{}
	for _, epoch := range []uint32{2, 300, 1} {
		root := newRoot(t)
		roots[epoch] = root
		if err := ring.Add(epoch, root, keyring.Commitment(root, epoch)); err != nil {
			t.Fatal(err)
		}
	}
	if err := ring.Add(4, roots[1], keyring.Commitment(roots[2], 4)); wire.CodeOf(err) != wire.CodeBadCommitment {
		t.Errorf("a key that does not match: %v", err)
	}
	if epochs := ring.Epochs(); !slices.Equal(epochs, []uint32{1, 2, 300}) {
		t.Errorf("the epochs are %v", epochs)
	}
	if epoch, root, ok := ring.Latest(); !ok || epoch != 300 || root != roots[300] {
		t.Errorf("the latest epoch is %d", epoch)
	}
	back, err := keyring.ParseRing(ring.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for epoch, root := range roots {
		if got, ok := back.Root(epoch); !ok || got != root {
			t.Errorf("the key of epoch %d does not come back", epoch)
		}
	}
	if !bytes.Equal(back.Bytes(), ring.Bytes()) {
		t.Error("a ring has two encodings")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		for _, root := range roots {
			for _, shown := range []string{fmt.Sprintf(verb, ring), fmt.Sprintf(verb, &ring)} {
				if strings.Contains(shown, fmt.Sprintf("%x", root[:])) || strings.Contains(shown, strings.Trim(fmt.Sprint(root[:]), "[]")) {
					t.Errorf("a ring shows a key: %s", shown)
				}
			}
		}
	}
}

func TestParseRingRefuses(t *testing.T) {
	root := newRoot(t)
	entry := func(epoch uint32) []byte { return append(wire.AppendU32(nil, epoch), root[:]...) }
	for name, b := range map[string][]byte{
		"nothing":       nil,
		"other version": append([]byte{2}, entry(1)...),
		"cut":           append([]byte{1}, entry(1)[:35]...),
		"epoch 0":       append([]byte{1}, entry(0)...),
		"order":         slices.Concat([]byte{1}, entry(2), entry(1)),
		"twice":         slices.Concat([]byte{1}, entry(2), entry(2)),
	} {
		if _, err := keyring.ParseRing(b); wire.CodeOf(err) != wire.CodeMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	if ring, err := keyring.ParseRing([]byte{1}); err != nil || len(ring.Epochs()) != 0 {
		t.Errorf("an empty ring: %v", err)
	}
}

// A device that was away through three rotations reaches every older root from the last.
func TestPreviousRootsAreAChain(t *testing.T) {
	const last = 4
	roots, wraps := map[uint32]keyring.Root{}, map[uint32][]byte{}
	for epoch := uint32(1); epoch <= last; epoch++ {
		roots[epoch] = newRoot(t)
		if epoch > 1 {
			wrapped, err := keyring.WrapPrevious(rand.Reader, roots[epoch], epoch, roots[epoch-1])
			if err != nil {
				t.Fatal(err)
			}
			wraps[epoch] = wrapped
		}
	}
	root := roots[last]
	for epoch := uint32(last); epoch > 1; epoch-- {
		previous, err := keyring.OpenPrevious(root, epoch, wraps[epoch], keyring.Commitment(roots[epoch-1], epoch-1))
		if err != nil || previous != roots[epoch-1] {
			t.Fatalf("the root key of epoch %d: %v", epoch-1, err)
		}
		root = previous
	}
}

func TestSealingChecksNames(t *testing.T) {
	root := newRoot(t)
	for name, seal := range map[string]func() ([]byte, error){
		"mesh": func() ([]byte, error) {
			return keyring.SealMeshName(rand.Reader, root, 1, keyring.MeshName{Name: " a"})
		},
		"topic": func() ([]byte, error) {
			return keyring.SealTopicName(rand.Reader, root, 1, keyring.TopicName{Name: "#a"})
		},
		"description": func() ([]byte, error) {
			return keyring.SealTopicName(rand.Reader, root, 1, keyring.TopicName{Name: "a", Description: "\x00"})
		},
		"not UTF-8": func() ([]byte, error) {
			return keyring.SealMeshName(rand.Reader, root, 1, keyring.MeshName{Name: "a\xff"})
		},
		"group": func() ([]byte, error) {
			return keyring.SealProfile(rand.Reader, root, 1, keyring.Profile{Name: "a", Groups: []string{""}})
		},
	} {
		if _, err := seal(); wire.CodeOf(err) != wire.CodeMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Every name that may be given fits the bound of a sealed field.
	groups := make([]string, wire.MaxGroups)
	for i := range groups {
		groups[i] = strings.Repeat("a", wire.MaxName-1) + string(rune('a'+i))
	}
	largest := keyring.Profile{Name: strings.Repeat("\U0001f4a1", wire.MaxName), Groups: groups}
	sealed, err := keyring.SealProfile(rand.Reader, root, 1, largest)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := keyring.OpenProfile(root, 1, sealed); err != nil || back.Name != largest.Name || !slices.Equal(back.Groups, groups) {
		t.Errorf("the largest profile: %v", err)
	}
	wide := keyring.TopicName{Name: strings.Repeat("a", wire.MaxName), Description: strings.Repeat("\U0001f4a1", keyring.MaxDescription)}
	if _, err := keyring.SealTopicName(rand.Reader, root, 1, wide); err != nil {
		t.Errorf("the largest topic: %v", err)
	}
	escaped := keyring.TopicName{Name: "a", Description: strings.Repeat("<", keyring.MaxDescription)}
	if _, err := keyring.SealTopicName(rand.Reader, root, 1, escaped); err != nil {
		t.Errorf("a description that JSON may escape: %v", err)
	}
}

func TestWithoutEntropy(t *testing.T) {
	broken := errors.New("broken")
	reader := iotest.ErrReader(broken)
	if _, err := keyring.NewRoot(reader); !errors.Is(err, broken) {
		t.Errorf("a root key: %v", err)
	}
	if _, _, err := (keyring.Wrap{}).Seal(reader, keyring.Root{}, [32]byte{}); !errors.Is(err, broken) {
		t.Errorf("a wrap: %v", err)
	}
	if _, err := keyring.WrapPrevious(reader, keyring.Root{}, 2, keyring.Root{}); !errors.Is(err, broken) {
		t.Errorf("the wrap of the previous root key: %v", err)
	}
}
