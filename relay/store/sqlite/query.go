package sqlite

import (
	"zombiezen.com/go/sqlite"

	"claudemesh.com/mesh/shared/wire"
)

// query is a prepared statement whose values are bound in order. The first error stays and is what each end gives.
type query struct {
	stmt *sqlite.Stmt
	err  error
	n    int
}

func prepare(conn *sqlite.Conn, sql string) *query {
	stmt, err := conn.Prepare(sql)
	return &query{stmt: stmt, err: err}
}

func (q *query) int(v int64) *query {
	if q.err == nil {
		q.n++
		q.stmt.BindInt64(q.n, v)
	}
	return q
}

func (q *query) blob(v []byte) *query {
	if q.err == nil {
		q.n++
		q.stmt.BindBytes(q.n, v)
	}
	return q
}

func (q *query) text(v string) *query {
	if q.err == nil {
		q.n++
		q.stmt.BindText(q.n, v)
	}
	return q
}

// exec carries out a statement that gives no rows.
func (q *query) exec() error {
	if q.err != nil {
		return q.err
	}
	_, err := q.stmt.Step()
	return err
}

// each calls row for every row; false ends early.
func (q *query) each(row func(*sqlite.Stmt) bool) error {
	if q.err != nil {
		return q.err
	}
	for {
		found, err := q.stmt.Step()
		if err != nil || !found {
			return err
		}
		if !row(q.stmt) {
			return q.stmt.Reset()
		}
	}
}

// one calls row for the first row, if there is any.
func (q *query) one(row func(*sqlite.Stmt)) error {
	return q.each(func(stmt *sqlite.Stmt) bool { row(stmt); return false })
}

func bytesAt(stmt *sqlite.Stmt, column int) []byte {
	b := make([]byte, stmt.ColumnLen(column))
	stmt.ColumnBytes(column, b)
	return b
}

func positionAt(stmt *sqlite.Stmt, column int) wire.Position {
	return wire.Position(stmt.ColumnInt64(column))
}

func streamAt(stmt *sqlite.Stmt, column int) wire.Stream {
	s := wire.Stream{Kind: wire.StreamKind(stmt.ColumnInt64(column))}
	stmt.ColumnBytes(column+1, s.ID[:])
	return s
}
