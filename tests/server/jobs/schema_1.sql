-- What the first Easel wrote: a picture that was drawn, a job that failed, one that was being drawn when the
-- machine went down, and two that waited.
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    settings TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    losses INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    idempotency_key TEXT UNIQUE,
    idempotency_request TEXT
) STRICT;
CREATE INDEX unfinished_jobs ON jobs (number) WHERE finished_at IS NULL;
CREATE INDEX finished_jobs ON jobs (finished_at);
CREATE TABLE images (
    job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    PRIMARY KEY (job, position)
) STRICT, WITHOUT ROWID;
INSERT INTO jobs VALUES
    (3, 'j_aaaaaaaaaaaaaaaa', 'succeeded', '{"count":1,"guidance":3.5,"height":128,"model":"starter","negative_prompt":"blur","prompt":"a red fox","sampler":"ddim","schedule":"default","seed":41,"steps":25,"width":128}', 1, 0, NULL, 1763900000000, 1763900000100, 1763900002300, 'k', '{"prompt":"a red fox"}'),
    (4, 'j_bbbbbbbbbbbbbbbb', 'failed', '{"count":1,"guidance":3.5,"height":128,"model":"starter","negative_prompt":"","prompt":"an owl","sampler":"ddim","schedule":"default","seed":7,"steps":25,"width":128}', 3, 2, '{"code":"worker_lost","detail":"It was tried 3 times.","status":500,"title":"The picture could not be finished","type":"about:blank"}', 1763900001000, 1763900003000, 1763900009000, NULL, NULL),
    (7, 'j_cccccccccccccccc', 'running', '{"count":2,"guidance":3.5,"height":128,"model":"starter","negative_prompt":"","prompt":"a cat","sampler":"pndm","schedule":"default","seed":9007199254740991,"steps":20,"width":192}', 2, 1, NULL, 1763900002000, 1763900010000, NULL, NULL, NULL),
    (8, 'j_dddddddddddddddd', 'queued', '{"count":1,"guidance":7.5,"height":512,"model":"starter","negative_prompt":"","prompt":"a house","sampler":"euler","schedule":"karras","seed":1,"steps":30,"width":512}', 0, 0, NULL, 1763900003000, NULL, NULL, NULL, NULL),
    (9, 'j_eeeeeeeeeeeeeeee', 'queued', '{"count":1,"guidance":7.5,"height":512,"model":"starter","negative_prompt":"","prompt":"a tree","sampler":"euler","schedule":"karras","seed":1,"steps":30,"width":512}', 0, 0, NULL, 1763900004000, NULL, NULL, NULL, NULL);
INSERT INTO images VALUES
    (3, 0, 41, 128, 128, 31415, 'image/png'),
    (7, 0, 9007199254740991, 192, 128, 27182, 'image/png');
PRAGMA user_version = 1;
