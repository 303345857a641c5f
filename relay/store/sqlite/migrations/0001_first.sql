-- Ids are blobs of 32 bytes (sessions 16), times milliseconds since 1970, positions and counters below 2^53.
-- A mesh is reached by the number of its row and in no other way.

CREATE TABLE relay (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  generation INTEGER NOT NULL -- of positions; raised at each opening
) STRICT;
INSERT INTO relay VALUES (1, 0);

CREATE TABLE mesh (
  number INTEGER PRIMARY KEY,
  id     BLOB NOT NULL UNIQUE,
  head   BLOB NOT NULL,   -- of the roster
  record INTEGER NOT NULL -- number of the last line of the audit
) STRICT;

CREATE TABLE stream (
  number INTEGER PRIMARY KEY,
  mesh   INTEGER NOT NULL,
  kind   INTEGER NOT NULL, -- 1 roster, 2 inbox, 3 topic
  id     BLOB NOT NULL,
  head   INTEGER NOT NULL, -- position of the last entry, 0 before the first
  UNIQUE (mesh, kind, id)
) STRICT;

-- What one commit appended to one stream: entries at positions first … last, following previous, each
-- time u64, sender 32, length u32 and an envelope or statement.
CREATE TABLE chunk (
  stream   INTEGER NOT NULL,
  last     INTEGER NOT NULL,
  first    INTEGER NOT NULL,
  previous INTEGER NOT NULL,
  count    INTEGER NOT NULL,
  data     BLOB NOT NULL,
  PRIMARY KEY (stream, last)
) STRICT; -- with rowids: the chunks of a commit stand together, and only the index is spread

CREATE TABLE counter (
  mesh   INTEGER NOT NULL,
  device BLOB NOT NULL,
  last   INTEGER NOT NULL, -- the last counter accepted
  PRIMARY KEY (mesh, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE cursor (
  mesh     INTEGER NOT NULL,
  device   BLOB NOT NULL,
  stream   INTEGER NOT NULL,
  position INTEGER NOT NULL, -- up to which the device has stored the stream
  PRIMARY KEY (mesh, device, stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
  mesh         INTEGER NOT NULL,
  device       BLOB NOT NULL,
  session      BLOB NOT NULL,
  member       BLOB NOT NULL,
  state        TEXT NOT NULL, -- online, away, offline
  since        INTEGER NOT NULL,
  card_version INTEGER NOT NULL,
  card         BLOB NOT NULL, -- sealed
  PRIMARY KEY (mesh, device, session)
) STRICT, WITHOUT ROWID;

CREATE TABLE invite (
  number    INTEGER PRIMARY KEY,
  mesh      INTEGER NOT NULL,
  id        BLOB NOT NULL,
  code      TEXT NOT NULL UNIQUE,
  uses_left INTEGER NOT NULL CHECK (uses_left >= 0),
  escrow    BLOB NOT NULL, -- sealed
  preview   BLOB NOT NULL, -- sealed
  UNIQUE (mesh, id)
) STRICT;

-- Who did what, when, and how much; ids only. One line for each event, and for each stream that a commit appended to.
CREATE TABLE audit (
  mesh     INTEGER NOT NULL,
  number   INTEGER NOT NULL,
  time     INTEGER NOT NULL,
  action   TEXT NOT NULL,
  kind     INTEGER NOT NULL, -- of the stream
  id       BLOB NOT NULL,    -- of the stream
  position INTEGER NOT NULL, -- of the last entry concerned
  shares   BLOB NOT NULL,    -- each device 32, count u64, bytes u64
  PRIMARY KEY (mesh, number)
) STRICT, WITHOUT ROWID;
