-- The index of the object store. Times are milliseconds since the Unix epoch.
-- Keys are compared byte by byte, which is S3's order.

CREATE TABLE buckets (
    name TEXT PRIMARY KEY,
    region TEXT NOT NULL,
    created INTEGER NOT NULL,
    tags TEXT NOT NULL,             -- JSON: [[key, value], ...]
    encryption TEXT                 -- JSON: what new objects get that ask for nothing
) STRICT, WITHOUT ROWID;

CREATE TABLE objects (
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    size INTEGER NOT NULL,          -- bytes
    etag TEXT NOT NULL,             -- without quotes
    modified INTEGER NOT NULL,
    storage_class TEXT NOT NULL,
    content INTEGER NOT NULL,       -- a file, or pieces; shared by copies
    parts INTEGER NOT NULL,         -- number of pieces; 0: the content is one file
    attributes TEXT NOT NULL,       -- JSON
    tags TEXT NOT NULL,             -- JSON
    PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX objects_by_content ON objects (content);

-- The parts of contents that were uploaded in parts.
CREATE TABLE pieces (
    content INTEGER NOT NULL,
    number INTEGER NOT NULL,        -- the part's number
    size INTEGER NOT NULL,
    file INTEGER NOT NULL,
    checksums TEXT NOT NULL,        -- JSON
    PRIMARY KEY (content, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX pieces_by_file ON pieces (file);

CREATE TABLE uploads (
    id TEXT PRIMARY KEY,            -- begins with the time, so ids are in order of creation
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    created INTEGER NOT NULL,
    storage_class TEXT NOT NULL,
    attributes TEXT NOT NULL,
    tags TEXT NOT NULL,
    completed TEXT                  -- JSON: the response, once the upload is an object
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_by_key ON uploads (bucket, key, id);

CREATE TABLE parts (
    upload TEXT NOT NULL,
    number INTEGER NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified INTEGER NOT NULL,
    file INTEGER NOT NULL,
    checksums TEXT NOT NULL,
    PRIMARY KEY (upload, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX parts_by_file ON parts (file);
