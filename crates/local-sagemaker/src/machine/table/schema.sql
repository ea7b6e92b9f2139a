-- Records by kind: training jobs, models, endpoint configurations, endpoints, scalable targets.
-- The columns next to the record are copies for looking it up and sorting it.

CREATE TABLE records (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    arn TEXT NOT NULL,              -- in lower case
    created INTEGER NOT NULL,       -- milliseconds since the Unix epoch
    modified INTEGER NOT NULL,
    status TEXT NOT NULL,
    active INTEGER NOT NULL,        -- 1: in use, so also in memory
    record TEXT NOT NULL,           -- JSON
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX records_by_arn ON records (kind, arn);
CREATE INDEX records_by_creation ON records (kind, created, name);
CREATE INDEX records_by_status ON records (kind, status, name);
CREATE INDEX records_in_use ON records (kind) WHERE active;
