-- Which model makes a project's vectors for managed search, and the collection they are in. Whoever writes
-- vectors holds this row shared, whoever changes the model holds it alone.
CREATE TABLE aerostack_search_models (
    project_id text COLLATE "C" PRIMARY KEY REFERENCES projects ON DELETE CASCADE,
    choice     text NOT NULL,                  -- english or multilingual
    model      text NOT NULL,                  -- what that stood for when it was chosen
    collection text COLLATE "C" NOT NULL
);
