package indexeddb

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/hack-pad/safejs"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
	"claudemesh.com/mesh/shared/peer/driver/storetest"
	"claudemesh.com/mesh/shared/wire"
	"claudemesh.com/mesh/wasm/jsvalue"
	"claudemesh.com/mesh/wasm/webcrypto"
)

// database names a database that no other test has, and deletes it in the end.
func database(t *testing.T) string {
	t.Helper()
	name := "test " + rand.Text()
	t.Cleanup(func() {
		if err := Delete(context.Background(), name); err != nil {
			t.Error(err)
		}
	})
	return name
}

func open(t *testing.T, name string, mode Mode, buckets ...string) *Store {
	t.Helper()
	s, err := Open(t.Context(), name, buckets, mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func put(bucket, key, value string) peer.Op {
	return peer.Op{Bucket: bucket, Key: []byte(key), Value: []byte(value)}
}

func mustHold(t *testing.T, s *Store, bucket, key, want string) {
	t.Helper()
	got, err := s.Get(t.Context(), bucket, []byte(key))
	if err != nil || string(got) != want || (got == nil) != (want == "") {
		t.Errorf("%s/%s holds %q (%v), want %q", bucket, key, got, err, want)
	}
}

func TestAnOlderOpeningCommitsNothingMore(t *testing.T) {
	name := database(t)
	old := open(t, name, Create, "a")
	if err := old.Commit(t.Context(), []peer.Op{put("a", "k", "old")}); err != nil {
		t.Fatal(err)
	}
	newer := open(t, name, Existing, "a")
	err := old.Commit(t.Context(), []peer.Op{put("a", "k", "stale"), put("a", "other", "stale")})
	if wire.CodeOf(err) != wire.CodeInUse {
		t.Fatalf("the older opening's commit: %v, want in_use", err)
	}
	mustHold(t, newer, "a", "k", "old")
	mustHold(t, newer, "a", "other", "")
	if err := newer.Commit(t.Context(), []peer.Op{put("a", "k", "new")}); err != nil {
		t.Fatal(err)
	}
	mustHold(t, old, "a", "k", "new")
}

func TestADatabaseThatShouldBeThereIsNotMade(t *testing.T) {
	name := database(t)
	for range 2 {
		if _, err := Open(t.Context(), name, []string{"a"}, Existing); err != ErrEvicted {
			t.Fatalf("opening a database that is gone: %v, want ErrEvicted", err)
		}
	}
	open(t, name, Create, "a")
	open(t, name, Existing, "a")
}

func TestABucketIsAddedWhileAnOlderBuildIsOpen(t *testing.T) {
	name := database(t)
	old := open(t, name, Create, "a")
	if err := old.Commit(t.Context(), []peer.Op{put("a", "k", "v")}); err != nil {
		t.Fatal(err)
	}
	newer := open(t, name, Existing, "a", "b")
	mustHold(t, newer, "a", "k", "v")
	if err := newer.Commit(t.Context(), []peer.Op{put("b", "k", "w")}); err != nil {
		t.Fatal(err)
	}
	mustHold(t, newer, "b", "k", "w")
	if err := old.Commit(t.Context(), []peer.Op{put("a", "k", "stale")}); wire.CodeOf(err) != wire.CodeInUse {
		t.Errorf("the older build's commit: %v, want in_use", err)
	}
	mustHold(t, newer, "a", "k", "v")
	// The older build may come back, where a deployment was undone.
	open(t, name, Existing, "a")
}

func TestOneBadOperationUndoesTheCommit(t *testing.T) {
	s := open(t, database(t), Create, "a")
	err := s.Commit(t.Context(), []peer.Op{put("a", "k", "v"), put("no such bucket", "k", "v")})
	if wire.CodeOf(err) != wire.CodeStorage {
		t.Fatalf("a commit to an unknown bucket: %v, want storage", err)
	}
	mustHold(t, s, "a", "k", "")
}

func TestOperationsAreCarriedOutInOrder(t *testing.T) {
	s := open(t, database(t), Create, "a")
	err := s.Commit(t.Context(), []peer.Op{
		put("a", "k", "first"), put("a", "gone", "x"), put("a", "k", "second"), {Bucket: "a", Key: []byte("gone")},
		{Bucket: "a", Key: []byte("gone twice")}, put("a", "", "no key"), {Bucket: "a", Key: []byte("empty"), Value: []byte{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	mustHold(t, s, "a", "k", "second")
	mustHold(t, s, "a", "gone", "")
	mustHold(t, s, "a", "", "no key")
	if got, err := s.Get(t.Context(), "a", []byte("empty")); err != nil || got == nil || len(got) != 0 {
		t.Errorf("an empty value came back as %v, %v", got, err)
	}
}

func TestALargeCommitComesBackWhole(t *testing.T) {
	s := open(t, database(t), Create, "a")
	large := bytes.Repeat([]byte("claudemesh"), wire.MaxEnvelope/10)
	ops := []peer.Op{{Bucket: "a", Key: []byte("large"), Value: large}}
	for i := range 500 {
		ops = append(ops, peer.Op{Bucket: "a", Key: wire.AppendU64([]byte{1}, uint64(i)), Value: wire.AppendU64(nil, uint64(i))})
	}
	if err := s.Commit(t.Context(), ops); err != nil {
		t.Fatal(err)
	}
	mustHold(t, s, "a", "large", string(large))
	for _, reverse := range []bool{false, true} {
		records, err := s.Scan(t.Context(), "a", driver.Range{From: []byte{1}, To: []byte{2}, Reverse: reverse})
		if err != nil || len(records) != 500 {
			t.Fatalf("%d records, %v", len(records), err)
		}
		for i, r := range records {
			want := uint64(i)
			if reverse {
				want = uint64(499 - i)
			}
			if !bytes.Equal(r.Value, wire.AppendU64(nil, want)) || !bytes.Equal(r.Key[1:], r.Value) {
				t.Fatalf("record %d (reverse %v) is %x: %x", i, reverse, r.Key, r.Value)
			}
		}
	}
}

func TestACommitThatWasCalledOffLeavesNothing(t *testing.T) {
	s := open(t, database(t), Create, "a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Commit(ctx, []peer.Op{put("a", "k", "v")}); !errors.Is(err, context.Canceled) {
		t.Fatalf("a commit after its context ended: %v", err)
	}
	mustHold(t, s, "a", "k", "")
}

func TestAClosedStoreRefuses(t *testing.T) {
	s, err := Open(t.Context(), database(t), []string{"a"}, Create)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), []peer.Op{put("a", "k", "v")}); wire.CodeOf(err) != wire.CodeInUse {
		t.Errorf("a commit after Close: %v, want in_use", err)
	}
}

func TestTheDevicesKeysAreStored(t *testing.T) {
	name := database(t)
	s := open(t, name, Create, "a")
	if none, err := s.Keys(t.Context()); err != nil || none.Type() != safejs.TypeUndefined {
		t.Fatalf("a new database has keys of type %s, %v", none.Type(), err)
	}
	keys, err := webcrypto.Generate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	object, err := keys.Object()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetKeys(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	stored, err := open(t, name, Existing, "a").Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	back, err := webcrypto.FromObject(stored)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := back.Sign(t.Context(), []byte("m"))
	if err != nil || back.Public() != keys.Public() || !identity.Verify(keys.Public().Sign, []byte("m"), signature) {
		t.Errorf("the stored keys are others (%v)", err)
	}
	if err := s.SetKeys(t.Context(), object); wire.CodeOf(err) != wire.CodeInUse {
		t.Errorf("keys stored through an older opening: %v, want in_use", err)
	}
}

func TestWhatCannotBeStoredIsSaid(t *testing.T) {
	s := open(t, database(t), Create, "a")
	function, err := safejs.Global().Get("fetch")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetKeys(t.Context(), function); err != ErrUnsupported {
		t.Errorf("storing a function: %v, want ErrUnsupported", err)
	}
}

func TestFailuresGetTheirCodes(t *testing.T) {
	for name, want := range map[string]error{"QuotaExceededError": ErrFull, "DataCloneError": ErrUnsupported} {
		if err := failed("writing", &jsvalue.Thrown{Name: name}); err != want {
			t.Errorf("%s became %v, want %v", name, err, want)
		}
	}
	if err := failed("writing", &jsvalue.Thrown{Name: "UnknownError"}); wire.CodeOf(err) != wire.CodeStorage {
		t.Errorf("an unknown error became %v, want storage", err)
	}
	if err := failed("writing", nil); err != nil {
		t.Errorf("no failure became %v", err)
	}
	if err := failed("writing", ErrFenced); err != ErrFenced {
		t.Errorf("an error that has its code became %v", err)
	}
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func() driver.Store {
		s, err := Open(t.Context(), database(t), peer.Buckets[:], Create)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestTheLastOfARange(t *testing.T) {
	s := open(t, database(t), Create, "a")
	var ops []peer.Op
	for i := range 10 {
		ops = append(ops, peer.Op{Bucket: "a", Key: []byte{byte(i)}, Value: []byte{byte(i)}})
	}
	if err := s.Commit(t.Context(), ops); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to []byte
		limit    int
		want     []byte
	}{
		{nil, nil, 1, []byte{9}}, {nil, nil, 3, []byte{9, 8, 7}}, {nil, nil, 10, []byte{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}},
		{nil, nil, 11, []byte{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}}, {[]byte{2}, []byte{5}, 2, []byte{4, 3}}, {[]byte{2}, []byte{5}, 3, []byte{4, 3, 2}},
		{[]byte{2}, []byte{5}, 4, []byte{4, 3, 2}}, {[]byte{2}, nil, 2, []byte{9, 8}}, {nil, []byte{2}, 5, []byte{1, 0}}, {nil, []byte{0}, 1, nil}, {[]byte{10}, nil, 5, nil},
	} {
		records, err := s.Scan(t.Context(), "a", driver.Range{From: c.from, To: c.to, Limit: c.limit, Reverse: true})
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for _, r := range records {
			got = append(got, r.Value...)
		}
		if !bytes.Equal(got, c.want) {
			t.Errorf("the last %d from %v to %v are %v, want %v", c.limit, c.from, c.to, got, c.want)
		}
	}
}
