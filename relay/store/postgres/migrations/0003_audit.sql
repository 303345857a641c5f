-- What is dropped of the audit. A line has an entry in one of two indexes: what a commit writes in that of lines without a number.

ALTER TABLE audit DROP CONSTRAINT audit_mesh_number_key;
CREATE UNIQUE INDEX audit_numbered ON audit (mesh, number) WHERE number IS NOT NULL;
CREATE INDEX audit_written ON audit (mesh, entry) WHERE number IS NULL;

CREATE TABLE audit_dropped (
  mesh   bigint PRIMARY KEY,
  number bigint NOT NULL -- of the last line that was dropped, also where it never had one
);
