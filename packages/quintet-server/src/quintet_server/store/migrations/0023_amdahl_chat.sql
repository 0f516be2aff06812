-- Conversations of Amdahl's chat lane. Each of their runs is an agent session of its own; what is
-- asked and in which order is kept here, what became of it in the session.
CREATE TABLE amdahl_chats (
    project_id text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    user_id    text COLLATE "C" NOT NULL,
    name       text NOT NULL,
    agent      text COLLATE "C" NOT NULL,
    status     text COLLATE "C" NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'archived')),
    run_count  int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, id)
);
CREATE INDEX amdahl_chats_list ON amdahl_chats (project_id, created_at DESC, id DESC);

CREATE TABLE amdahl_chat_runs (
    project_id text COLLATE "C" NOT NULL,
    run_id     text COLLATE "C" NOT NULL REFERENCES runs ON DELETE CASCADE,
    chat_id    text COLLATE "C" NOT NULL,
    position   int NOT NULL,
    config     json NOT NULL,
    PRIMARY KEY (project_id, chat_id, position),
    UNIQUE (run_id),
    FOREIGN KEY (project_id, chat_id) REFERENCES amdahl_chats ON DELETE CASCADE
);
