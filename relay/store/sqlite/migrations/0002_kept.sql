-- How much of each stream and device is kept, for retention and quotas, and a checksum for each chunk. The program fills in what
-- was stored before, in the same transaction.

ALTER TABLE stream ADD COLUMN count INTEGER NOT NULL DEFAULT 0;  -- of the entries kept
ALTER TABLE stream ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;  -- of the chunks' data
ALTER TABLE stream ADD COLUMN oldest INTEGER NOT NULL DEFAULT 0; -- time of the first chunk, 0 without one

ALTER TABLE counter ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0; -- kept of what the device sent, in all streams

ALTER TABLE relay ADD COLUMN probes INTEGER NOT NULL DEFAULT 0; -- raised to find out whether a commit succeeds

-- data comes last: what stands behind a large value is slow to reach.
CREATE TABLE chunk_new (
  stream   INTEGER NOT NULL,
  last     INTEGER NOT NULL,
  first    INTEGER NOT NULL,
  previous INTEGER NOT NULL,
  count    INTEGER NOT NULL,
  time     INTEGER NOT NULL, -- of the last entry
  checksum INTEGER NOT NULL, -- CRC-32C of first, last, previous, count and time, each u64, and data
  data     BLOB NOT NULL,
  PRIMARY KEY (stream, last)
) STRICT;
INSERT INTO chunk_new SELECT stream, last, first, previous, count, 0, 0, data FROM chunk ORDER BY rowid;
DROP TABLE chunk;
ALTER TABLE chunk_new RENAME TO chunk;
