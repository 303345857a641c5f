package driver

import (
	"bytes"
	"context"
	"slices"
	"sort"
	"sync"

	"claudemesh.com/mesh/shared/peer"
	"claudemesh.com/mesh/shared/wire"
)

// Memory is a Store that lasts as long as the program: for tests, simulations and throw-away peers.
type Memory struct {
	// Fault, where set, is asked at each commit before and after it is carried out; an error is what Commit answers.
	// It is how tests make a disk fail, before or after the data was safe.
	Fault func(done bool) error

	mu      sync.Mutex
	buckets map[string][]peer.Row // by key
}

// NewMemory is an empty store.
func NewMemory() *Memory {
	m := &Memory{buckets: map[string][]peer.Row{}}
	for _, bucket := range peer.Buckets {
		m.buckets[bucket] = nil
	}
	return m
}

func search(rows []peer.Row, key []byte) (int, bool) {
	i := sort.Search(len(rows), func(i int) bool { return bytes.Compare(rows[i].Key, key) >= 0 })
	return i, i < len(rows) && bytes.Equal(rows[i].Key, key)
}

func (m *Memory) bucket(name string) ([]peer.Row, error) {
	rows, ok := m.buckets[name]
	if !ok {
		return nil, wire.Errorf(wire.CodeStorage, "a store has no bucket %q", name)
	}
	return rows, nil
}

// Get is the value under a key, or nil.
func (m *Memory) Get(_ context.Context, bucket string, key []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rows, err := m.bucket(bucket)
	if err != nil {
		return nil, err
	}
	if i, ok := search(rows, key); ok {
		return append([]byte{}, rows[i].Value...), nil
	}
	return nil, nil
}

// Scan lists a range.
func (m *Memory) Scan(_ context.Context, bucket string, r Range) ([]Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rows, err := m.bucket(bucket)
	if err != nil {
		return nil, err
	}
	from, to := 0, len(rows)
	if r.From != nil {
		from, _ = search(rows, r.From)
	}
	if r.To != nil {
		to, _ = search(rows, r.To)
	}
	found := slices.Clone(rows[from:max(from, to)])
	if r.Reverse {
		slices.Reverse(found)
	}
	if r.Limit > 0 && len(found) > r.Limit {
		found = found[:r.Limit]
	}
	for i := range found {
		found[i] = Record{Key: append([]byte{}, found[i].Key...), Value: append([]byte{}, found[i].Value...)}
	}
	return found, nil
}

// Commit carries out all operations or none.
func (m *Memory) Commit(_ context.Context, ops []peer.Op) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, op := range ops {
		if _, err := m.bucket(op.Bucket); err != nil {
			return err
		}
	}
	if m.Fault != nil {
		if err := m.Fault(false); err != nil {
			return err
		}
	}
	for _, op := range ops {
		m.apply(op)
	}
	if m.Fault != nil {
		return m.Fault(true)
	}
	return nil
}

func (m *Memory) apply(op peer.Op) {
	rows := m.buckets[op.Bucket]
	i, have := search(rows, op.Key)
	switch {
	case op.Value == nil && have:
		rows = slices.Delete(rows, i, i+1)
	case op.Value == nil:
	case have:
		rows[i].Value = append([]byte{}, op.Value...)
	default:
		rows = slices.Insert(rows, i, peer.Row{Key: append([]byte{}, op.Key...), Value: append([]byte{}, op.Value...)})
	}
	m.buckets[op.Bucket] = rows
}

// Close does nothing: the store can be opened again by another driver.
func (m *Memory) Close() error { return nil }
