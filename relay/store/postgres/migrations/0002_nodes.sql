-- Several processes, each a node, on one database. An xid is the transaction that wrote a row (pg_current_xact_id): one that is
-- not below the pg_snapshot_xmin of a moment may have become visible after it; one that is below was visible then.

-- While it commits, a node holds an advisory lock shared: hashtextextended('claudemesh node ' || id, 0). Who holds that
-- lock alone knows that the node commits nothing, and may write that it is lost.
CREATE TABLE node (
  id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- never one twice
  until timestamptz NOT NULL, -- the end of its lease
  lost  bigint                -- xid of who ended it; NULL: it runs
) WITH (fillfactor = 50);

-- What one commit changed of one mesh, for the other nodes. Rows are dropped after some minutes.
CREATE TABLE change (
  xid      bigint NOT NULL,
  node     bigint NOT NULL,
  mesh     bigint NOT NULL,
  roster   bigint,         -- position of the statement before those that it appended; NULL: none was
  invites  bytea NOT NULL, -- issued: id 32 each
  streams  bytea NOT NULL, -- that grew or were trimmed: number u64 each
  devices  bytea NOT NULL, -- whose counter changed: id 32 each
  cursors  bytea NOT NULL, -- that moved: device 32, stream u64 each
  sessions bytea NOT NULL  -- put or dropped: device 32, session 16 each
);
CREATE INDEX change_mesh ON change (mesh, xid);
CREATE INDEX change_xid ON change (xid);

-- A server that crashed may use numbers of transactions again of which nobody's work was kept, so marks of before it mean nothing.
-- A crash empties this table, and so does the promotion of a standby.
CREATE UNLOGGED TABLE era (
  number bigint NOT NULL -- one row
);

ALTER TABLE relay
  ADD COLUMN horizon bigint NOT NULL DEFAULT 0, -- changes of marks below it may have been dropped
  ADD COLUMN era     bigint NOT NULL DEFAULT 0; -- the last one

ALTER TABLE session
  ADD COLUMN node    bigint NOT NULL DEFAULT 0, -- that holds the connection
  ADD COLUMN version bigint NOT NULL DEFAULT 0,
  ADD COLUMN own     boolean NOT NULL DEFAULT false,
  ADD COLUMN gone    bigint;                    -- xid of who dropped it, state is '' then; NULL: it is there
CREATE INDEX session_gone ON session (gone) WHERE gone IS NOT NULL;

-- Bytes to be taken from counters, of devices whose entries a trim dropped. They are taken later, so that no trim waits for
-- those who send.
CREATE TABLE freed (
  mesh   bigint NOT NULL,
  device bytea NOT NULL,
  bytes  bigint NOT NULL
);
CREATE INDEX freed_mesh ON freed (mesh);

-- Of the columns that it has, a commit that only appends changes none.
CREATE INDEX stream_oldest ON stream (oldest) WHERE kind <> 1 AND oldest > 0;
