-- Agents of FlowMaestro (from definition files), their threads, what was said, what they remember.
CREATE TABLE flowmaestro_agents (
    project_id text COLLATE "C" NOT NULL REFERENCES projects ON DELETE CASCADE,
    id         text COLLATE "C" NOT NULL,
    name       text NOT NULL,
    spec       jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, id)
);
CREATE INDEX flowmaestro_agents_newest ON flowmaestro_agents (project_id, created_at DESC, id DESC);

-- A turn is named by the message it produces: `last_turn_id` is the newest one that was ever begun,
-- `running_turn_id` the same while it runs. One at a time: whoever begins one locks this row.
CREATE TABLE flowmaestro_threads (
    id              text COLLATE "C" PRIMARY KEY,
    project_id      text COLLATE "C" NOT NULL REFERENCES projects ON DELETE CASCADE,
    agent_id        text COLLATE "C" NOT NULL,
    title           text,
    status          text NOT NULL DEFAULT 'active'
                        CHECK (status IN ('active', 'archived', 'deleted')),
    metadata        jsonb NOT NULL DEFAULT '{}',
    message_count   int NOT NULL DEFAULT 0,
    last_turn_id    text COLLATE "C",
    running_turn_id text COLLATE "C",
    created_at      timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at      timestamptz NOT NULL DEFAULT quintet_now(),
    last_message_at timestamptz
);
CREATE INDEX flowmaestro_threads_agent ON flowmaestro_threads (project_id, agent_id, created_at);

-- `position` orders a thread's messages. Two that share a millisecond would tie by time, and ids of
-- two processes do not sort.
CREATE TABLE flowmaestro_messages (
    id         text COLLATE "C" PRIMARY KEY,
    thread_id  text COLLATE "C" NOT NULL REFERENCES flowmaestro_threads ON DELETE CASCADE,
    turn_id    text COLLATE "C" NOT NULL,
    position   bigint GENERATED ALWAYS AS IDENTITY,
    role       text NOT NULL CHECK (role IN ('user', 'assistant', 'system', 'tool')),
    content    text NOT NULL,
    tool_calls jsonb,
    usage      jsonb,
    metadata   jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT quintet_now()
);
CREATE INDEX flowmaestro_messages_thread ON flowmaestro_messages (thread_id, position);

-- What an agent knows about a user (the `user_id` in a thread's metadata).
CREATE TABLE flowmaestro_memories (
    project_id     text COLLATE "C" NOT NULL REFERENCES projects ON DELETE CASCADE,
    agent_id       text COLLATE "C" NOT NULL,
    user_id        text COLLATE "C" NOT NULL,
    working_memory text NOT NULL,
    metadata       jsonb NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at     timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, agent_id, user_id)
);
