// Package storetest checks that a driver.Store is one: every implementation runs it.
//
// What it does not check: that a commit survives the end of the process or the machine.
package storetest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/peer/driver"
)

// Run runs the suite. open gives an empty store each time; Run closes it.
func Run(t *testing.T, open func() driver.Store) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, store)
	}{
		{"get what was put", getPut},
		{"replace and delete", replaceDelete},
		{"an empty value is a value", emptyValue},
		{"buckets are apart", bucketsApart},
		{"unknown buckets are refused", unknownBucket},
		{"scan in order of keys", scanOrder},
		{"scan between bounds", scanBounds},
		{"scan with a limit", scanLimit},
		{"operations in their order", opsInOrder},
		{"all or nothing", allOrNothing},
		{"slices are not shared", slicesNotShared},
		{"large values", largeValues},
		{"many goroutines", manyGoroutines},
	} {
		t.Run(part.name, func(t *testing.T) {
			s := open()
			part.run(t, store{t, s})
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
}

// store fails the test where the store it wraps fails.
type store struct {
	t *testing.T
	driver.Store
}

const bucket = peer.BucketMessage

func (s store) commit(ops ...peer.Op) {
	s.t.Helper()
	if err := s.Commit(s.t.Context(), ops); err != nil {
		s.t.Fatalf("Commit: %v", err)
	}
}

func put(key, value string) peer.Op {
	return peer.Op{Bucket: bucket, Key: []byte(key), Value: []byte(value)}
}

func (s store) want(key, value string) {
	s.t.Helper()
	if got := s.get(key); string(got) != value || got == nil {
		s.t.Errorf("Get(%q) is %q, want %q", key, got, value)
	}
}

func (s store) wantNone(key string) {
	s.t.Helper()
	if got := s.get(key); got != nil {
		s.t.Errorf("Get(%q) is %q, want nothing", key, got)
	}
}

func (s store) get(key string) []byte {
	s.t.Helper()
	got, err := s.Get(s.t.Context(), bucket, []byte(key))
	if err != nil {
		s.t.Fatalf("Get(%q): %v", key, err)
	}
	return got
}

func (s store) wantScan(r driver.Range, keys ...string) {
	s.t.Helper()
	records, err := s.Scan(s.t.Context(), bucket, r)
	if err != nil {
		s.t.Fatalf("Scan(%+v): %v", r, err)
	}
	var got []string
	for _, record := range records {
		got = append(got, string(record.Key))
		if string(record.Value) != "v"+string(record.Key) {
			s.t.Errorf("Scan(%+v): the value of %q is %q", r, record.Key, record.Value)
		}
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", keys) {
		s.t.Errorf("Scan(%+v) is %q, want %q", r, got, keys)
	}
}

func getPut(t *testing.T, s store) {
	s.wantNone("a")
	s.commit(put("a", "1"), put("b", "2"))
	s.want("a", "1")
	s.want("b", "2")
	s.wantNone("")
	s.wantNone("ab")
}

func replaceDelete(t *testing.T, s store) {
	s.commit(put("a", "1"))
	s.commit(put("a", "2"))
	s.want("a", "2")
	s.commit(peer.Op{Bucket: bucket, Key: []byte("a")}, peer.Op{Bucket: bucket, Key: []byte("never")})
	s.wantNone("a")
	s.commit()
}

func emptyValue(t *testing.T, s store) {
	s.commit(put("a", ""))
	s.want("a", "")
	records, err := s.Scan(t.Context(), bucket, driver.Range{})
	if err != nil || len(records) != 1 || records[0].Value == nil {
		t.Errorf("Scan gives %v, %v", records, err)
	}
}

func bucketsApart(t *testing.T, s store) {
	for _, name := range peer.Buckets {
		s.commit(peer.Op{Bucket: name, Key: []byte("k"), Value: []byte(name)})
	}
	for _, name := range peer.Buckets {
		got, err := s.Get(t.Context(), name, []byte("k"))
		if err != nil || string(got) != name {
			t.Errorf("Get from %s: %q, %v", name, got, err)
		}
		records, err := s.Scan(t.Context(), name, driver.Range{})
		if err != nil || len(records) != 1 || string(records[0].Value) != name {
			t.Errorf("Scan of %s: %v, %v", name, records, err)
		}
	}
}

func unknownBucket(t *testing.T, s store) {
	if err := s.Commit(t.Context(), []peer.Op{{Bucket: "attic", Key: []byte("k"), Value: []byte("v")}}); err == nil {
		t.Error("Commit took a bucket that is none")
	}
}

func scanOrder(t *testing.T, s store) {
	s.commit(put("b", "vb"), put("\xff\xff", "v\xff\xff"), put("a\x00", "va\x00"), put("", "v"), put("a", "va"), put("\x00", "v\x00"), put("aa", "vaa"))
	s.wantScan(driver.Range{}, "", "\x00", "a", "a\x00", "aa", "b", "\xff\xff")
	s.wantScan(driver.Range{Reverse: true}, "\xff\xff", "b", "aa", "a\x00", "a", "\x00", "")
}

func scanBounds(t *testing.T, s store) {
	for _, key := range []string{"a", "b", "c", "d"} {
		s.commit(put(key, "v"+key))
	}
	s.wantScan(driver.Range{From: []byte("b")}, "b", "c", "d")
	s.wantScan(driver.Range{To: []byte("c")}, "a", "b")
	s.wantScan(driver.Range{From: []byte("b"), To: []byte("d")}, "b", "c")
	s.wantScan(driver.Range{From: []byte("aa"), To: []byte("cc"), Reverse: true}, "c", "b")
	s.wantScan(driver.Range{From: []byte("b"), To: []byte("b")})
	s.wantScan(driver.Range{From: []byte("c"), To: []byte("b")})
	s.wantScan(driver.Range{From: []byte("e")})
}

func scanLimit(t *testing.T, s store) {
	for i := range 20 {
		key := fmt.Sprintf("%02d", i)
		s.commit(put(key, "v"+key))
	}
	s.wantScan(driver.Range{Limit: 2}, "00", "01")
	s.wantScan(driver.Range{Limit: 2, Reverse: true}, "19", "18")
	s.wantScan(driver.Range{From: []byte("05"), To: []byte("15"), Limit: 1, Reverse: true}, "14")
	s.wantScan(driver.Range{From: []byte("18"), Limit: 100}, "18", "19")
}

func opsInOrder(t *testing.T, s store) {
	s.commit(put("a", "1"), peer.Op{Bucket: bucket, Key: []byte("a")}, put("b", "1"), put("b", "2"), put("c", "1"), peer.Op{Bucket: bucket, Key: []byte("c")}, put("c", "3"))
	s.wantNone("a")
	s.want("b", "2")
	s.want("c", "3")
}

func allOrNothing(t *testing.T, s store) {
	s.commit(put("a", "1"))
	err := s.Commit(t.Context(), []peer.Op{put("a", "2"), put("b", "2"), {Bucket: "attic", Key: []byte("k"), Value: []byte("v")}})
	if err == nil {
		t.Fatal("Commit took a bucket that is none")
	}
	s.want("a", "1")
	s.wantNone("b")
}

func slicesNotShared(t *testing.T, s store) {
	key, value := []byte("a"), []byte("one")
	s.commit(peer.Op{Bucket: bucket, Key: key, Value: value})
	key[0], value[0] = 'x', 'x'
	s.want("a", "one")
	s.get("a")[0] = 'x'
	s.want("a", "one")
	records, err := s.Scan(t.Context(), bucket, driver.Range{})
	if err != nil || len(records) != 1 {
		t.Fatal(records, err)
	}
	records[0].Key[0], records[0].Value[0] = 'x', 'x'
	s.want("a", "one")
}

func largeValues(t *testing.T, s store) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 2<<20/16)
	long := bytes.Repeat([]byte("k"), 5<<10) // a conversation of many members
	s.commit(peer.Op{Bucket: bucket, Key: long, Value: large})
	got, err := s.Get(t.Context(), bucket, long)
	if err != nil || !bytes.Equal(got, large) {
		t.Errorf("Get gives %d bytes, %v", len(got), err)
	}
}

func manyGoroutines(t *testing.T, s store) {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 20 {
				key := []byte(fmt.Sprintf("%d-%02d", i, j))
				if err := s.Commit(context.Background(), []peer.Op{{Bucket: bucket, Key: key, Value: key}}); err != nil {
					t.Errorf("Commit: %v", err)
				}
				if got, err := s.Get(context.Background(), bucket, key); err != nil || !bytes.Equal(got, key) {
					t.Errorf("Get(%s): %q, %v", key, got, err)
				}
			}
		})
	}
	all.Wait()
	records, err := s.Scan(t.Context(), bucket, driver.Range{})
	if err != nil || len(records) != 160 {
		t.Errorf("%d records, %v", len(records), err)
	}
}
