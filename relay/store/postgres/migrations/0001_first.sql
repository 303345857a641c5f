-- Ids are bytea of 32 bytes (sessions 16), times milliseconds since 1970, positions and counters below 2^53.
-- A mesh is reached by the number of its row and in no other way.

CREATE TABLE relay (
  one        smallint PRIMARY KEY CHECK (one = 1),
  generation bigint NOT NULL -- of positions; raised by each writer that connects
);
INSERT INTO relay VALUES (1, 0);

CREATE TABLE mesh (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id     bytea NOT NULL UNIQUE,
  head   bytea NOT NULL -- of the roster
) WITH (fillfactor = 50);

CREATE TABLE stream (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  mesh   bigint NOT NULL,
  kind   smallint NOT NULL, -- 1 roster, 2 inbox, 3 topic
  id     bytea NOT NULL,
  head   bigint NOT NULL,   -- position of the last entry, 0 before the first
  count  bigint NOT NULL,   -- of the entries kept
  bytes  bigint NOT NULL,   -- of the chunks' data
  oldest bigint NOT NULL,   -- time of the first chunk, 0 without one
  UNIQUE (mesh, kind, id)
) WITH (fillfactor = 50); -- each commit updates heads in place

-- What one commit appended to one stream: entries at positions first … last, following previous, each
-- time u64, sender 32, length u32 and an envelope or statement.
CREATE TABLE chunk (
  stream   bigint NOT NULL,
  last     bigint NOT NULL,
  first    bigint NOT NULL,
  previous bigint NOT NULL,
  count    integer NOT NULL,
  time     bigint NOT NULL, -- of the last entry
  checksum bigint NOT NULL, -- CRC-32C of first, last, previous, count and time, each u64, and data
  data     bytea NOT NULL,
  PRIMARY KEY (stream, last)
);
ALTER TABLE chunk ALTER COLUMN data SET STORAGE EXTERNAL; -- what is sealed does not compress

CREATE TABLE counter (
  mesh   bigint NOT NULL,
  device bytea NOT NULL,
  last   bigint NOT NULL, -- the last counter accepted, 0 before the first
  bytes  bigint NOT NULL, -- kept of what the device sent, in all streams
  PRIMARY KEY (mesh, device)
) WITH (fillfactor = 50);

CREATE TABLE cursor (
  mesh     bigint NOT NULL,
  device   bytea NOT NULL,
  stream   bigint NOT NULL,
  position bigint NOT NULL, -- up to which the device has stored the stream
  PRIMARY KEY (mesh, device, stream)
) WITH (fillfactor = 50);

CREATE TABLE session (
  mesh         bigint NOT NULL,
  device       bytea NOT NULL,
  session      bytea NOT NULL,
  member       bytea NOT NULL,
  state        text NOT NULL, -- online, away, offline
  since        bigint NOT NULL,
  card_version bigint NOT NULL,
  card         bytea NOT NULL, -- sealed
  PRIMARY KEY (mesh, device, session)
);

CREATE TABLE invite (
  mesh      bigint NOT NULL,
  id        bytea NOT NULL,
  code      text COLLATE "C" NOT NULL UNIQUE,
  uses_left integer NOT NULL CHECK (uses_left >= 0),
  escrow    bytea NOT NULL, -- sealed
  preview   bytea NOT NULL, -- sealed
  PRIMARY KEY (mesh, id)
);

-- Who did what, when, and how much; ids only. One line for each event, and for each stream that a commit appended to.
-- Lines get their numbers when the audit is read: a number given at the commit would be a row for which all commits of a
-- mesh wait.
CREATE TABLE audit (
  entry    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  mesh     bigint NOT NULL,
  number   bigint,
  time     bigint NOT NULL,
  action   text NOT NULL,
  kind     smallint NOT NULL, -- of the stream
  id       bytea NOT NULL,    -- of the stream
  position bigint NOT NULL,   -- of the last entry concerned
  shares   bytea NOT NULL,    -- each device 32, count u64, bytes u64
  UNIQUE (mesh, number)
);
