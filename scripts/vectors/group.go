package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"

	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

// group gathers the vectors of one folder.
type group struct {
	folder string
	list   []vectors.Vector
	names  map[string]bool
}

func fill(folder string, vectorsOf func(*group)) []vectors.Vector {
	g := &group{folder: folder, names: map[string]bool{}}
	vectorsOf(g)
	return g.list
}

// add makes a vector that succeeds; refuse one that is refused with a code.
func (g *group) add(name, rule, do, comment string, fields ...vectors.Field) {
	g.vector(name, rule, do, comment, vectors.OK, fields)
}

func (g *group) refuse(code wire.Code, name, rule, do, comment string, fields ...vectors.Field) {
	if !code.Known() {
		panic("no such code: " + string(code))
	}
	g.vector(name, rule, do, comment, string(code), fields)
}

func (g *group) vector(name, rule, do, comment, expect string, fields []vectors.Field) {
	if g.names[name] {
		panic("two vectors are called " + name)
	}
	g.names[name] = true
	g.list = append(g.list, vectors.Vector{Name: g.folder + "/" + name, Comment: comment, Rule: rule, Do: do, Expect: expect, Fields: fields})
}

// What a vector gives: bytes as hex, a text, or a number. What must come out: the same with out.
func in(name string, b []byte) vectors.Field {
	return vectors.Field{Name: name, Value: vectors.Hex(b)}
}

func inText(name, text string) vectors.Field {
	return vectors.Field{Name: name, Value: vectors.Text(text)}
}

func inNumber(name string, n uint64) vectors.Field {
	return vectors.Field{Name: name, Value: strconv.FormatUint(n, 10)}
}

// inValue gives a value as it is to be written.
func inValue(name, value string) vectors.Field { return vectors.Field{Name: name, Value: value} }

// inRepeated gives a text with a part in its middle that stands there many times.
func inRepeated(name, before, part string, times int, after string) vectors.Field {
	return inValue(name, fmt.Sprintf("%s %s*%d %s", vectors.Text(before), vectors.Text(part), times, vectors.Text(after)))
}

func out(name string, b []byte) vectors.Field { return outOf(in(name, b)) }

func outText(name, text string) vectors.Field { return outOf(inText(name, text)) }

func outNumber(name string, n uint64) vectors.Field { return outOf(inNumber(name, n)) }

func outOf(f vectors.Field) vectors.Field {
	f.Out = true
	return f
}

// seeded is a reader of endless bytes that follow from a label.
func seeded(format string, args ...any) io.Reader {
	return &stream{seed: sha256.Sum256(fmt.Appendf(nil, format, args...))}
}

type stream struct {
	seed  [32]byte
	block uint64
	rest  []byte
}

func (s *stream) Read(p []byte) (int, error) {
	for n := 0; n < len(p); {
		if len(s.rest) == 0 {
			sum := sha256.Sum256(binary.BigEndian.AppendUint64(s.seed[:], s.block))
			s.rest = sum[:]
			s.block++
		}
		m := copy(p[n:], s.rest)
		n, s.rest = n+m, s.rest[m:]
	}
	return len(p), nil
}

// some is a value of 32 bytes that follows from a label.
func some(label string) (b [32]byte) {
	must(io.ReadFull(seeded("%s", label), b[:]))
	return b
}

// must ends the program where making a vector failed.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// with is a copy of b with one byte changed.
func with(b []byte, at int, value byte) []byte {
	c := append([]byte{}, b...)
	if at < 0 {
		at += len(c)
	}
	c[at] = value
	return c
}

// join is the parts one after the other.
func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}
