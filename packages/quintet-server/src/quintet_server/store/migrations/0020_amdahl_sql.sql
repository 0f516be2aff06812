-- Tenants' SQL: each tenant has a login role of its own and sees its own rows, in the schema `amdahl`.
--
-- Whose rows they are is decided by session_user, which a session cannot change: not by a setting,
-- which any statement could set. Three layers, each by itself: tenants have no privilege but SELECT
-- on published columns; row security on the tables underneath; and what PostgreSQL tells everybody
-- about itself is taken from everybody (only a superuser can do that).

-- Roles belong to the whole cluster, these rows to this database. Only the server reads them.
CREATE TABLE amdahl_sql_tenants (
    role       text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL UNIQUE REFERENCES projects ON DELETE CASCADE,
    password   text NOT NULL,
    settings   text NOT NULL DEFAULT '',      -- what the role was last set to
    created_at timestamptz NOT NULL DEFAULT quintet_now()
);
-- Roles whose project is gone, until the server drops them.
CREATE TABLE amdahl_sql_leftover_roles (
    role text COLLATE "C" PRIMARY KEY
);
CREATE FUNCTION amdahl_sql_tenant_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO amdahl_sql_leftover_roles VALUES (OLD.role) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER amdahl_sql_tenant_gone
    AFTER DELETE ON amdahl_sql_tenants FOR EACH ROW EXECUTE FUNCTION amdahl_sql_tenant_gone();

-- Makes the schema, as soon as somebody may: that takes CREATE on the database, which the server's
-- role may lack. The server calls it again when it starts.
CREATE FUNCTION amdahl_sql_publish() RETURNS void LANGUAGE plpgsql AS $publish$
DECLARE
    name      text;
    kept_in   text;
    published text;
BEGIN
    CREATE SCHEMA amdahl;

    -- The project of whoever is logged in; null for everybody who is no tenant. The bodies of this
    -- and the next function are parsed here: names in them mean what they mean now, whoever calls.
    -- IMMUTABLE, because within a session it is: session_user does not change, and a plan of one
    -- user is not used for another. So the planner puts the value itself into the plan and knows how
    -- many rows to expect; and it is found once for a statement, not for each row.
    CREATE FUNCTION amdahl.tenant() RETURNS text
        LANGUAGE sql IMMUTABLE SECURITY DEFINER PARALLEL SAFE
        RETURN (SELECT t.project_id FROM amdahl_sql_tenants t WHERE t.role = session_user);

    -- The server's time, which can be moved forward; inlined, so that indexes are used as for now().
    CREATE FUNCTION amdahl.clock() RETURNS timestamptz
        LANGUAGE sql STABLE PARALLEL SAFE
        RETURN quintet_now();

    -- A cast that gives null where it would fail. The second argument only says to what type.
    CREATE FUNCTION amdahl.try_cast(value text, kind anyelement) RETURNS anyelement
        LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS $cast$
    BEGIN
        kind := value;
        RETURN kind;
    EXCEPTION WHEN data_exception THEN
        RETURN NULL;
    END $cast$;

    -- Row security, and the published columns of each table: no privilege on project_id.
    FOREACH name IN ARRAY ARRAY['interactions', 'deals', 'deal_qualification'] LOOP
        kept_in := 'amdahl_' || name;
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO STRICT published
          FROM pg_attribute
         WHERE attrelid = kept_in::regclass AND attnum > 0 AND NOT attisdropped
           AND attname <> 'project_id';
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', kept_in);
        EXECUTE format('CREATE POLICY tenant ON %I FOR SELECT '
                       'USING (project_id = amdahl.tenant())', kept_in);
        -- No security_barrier: row security is one, and a second would hide the indexes.
        EXECUTE format('CREATE VIEW amdahl.%I WITH (security_invoker) AS SELECT %s FROM %I',
                       name, published, kept_in);
        -- To everybody: who is no tenant sees no row. So a tenant's role holds no privilege of its
        -- own, and can be made and dropped without touching the tables.
        EXECUTE format('GRANT SELECT ON amdahl.%I TO PUBLIC', name);
        EXECUTE format('GRANT SELECT (%s) ON %I TO PUBLIC', published, kept_in);
    END LOOP;
    GRANT USAGE ON SCHEMA amdahl TO PUBLIC;
END $publish$;

-- What everybody may know of PostgreSQL becomes what only superusers may: relations of the
-- catalogue, and functions that could tell of the host, of settings and of others, or have an effect.
-- By rule, not by name, so that functions of later versions fall under it: what is not IMMUTABLE
-- goes, save what reckons with times, texts and JSON.
CREATE TABLE amdahl_sql_restricted (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    major    int NOT NULL                     -- version of PostgreSQL that was restricted
);
CREATE FUNCTION amdahl_sql_restrict() RETURNS void LANGUAGE plpgsql AS $restrict$
DECLARE
    kept constant text[] := ARRAY[
        'age', 'anytextcat', 'array_to_json', 'array_to_string', 'concat', 'concat_ws', 'date',
        'date_part', 'date_trunc', 'extract', 'format', 'generate_series', 'interval_pl_timestamptz',
        'json_build_array', 'json_build_object', 'jsonb_build_array', 'jsonb_build_object',
        'make_timestamptz', 'now', 'numeric', 'overlaps', 'random', 'row_to_json', 'textanycat',
        'time', 'timestamp', 'timestamptz', 'timetz', 'timezone', 'to_char', 'to_date', 'to_json',
        'to_jsonb', 'to_number', 'to_timestamp', 'statement_timestamp', 'transaction_timestamp'];
    part text;
BEGIN
    FOR part IN
        SELECT string_agg(f.signature, ', ')
          FROM (SELECT p.oid::regprocedure::text AS signature, row_number() OVER () / 200 AS part
                  FROM pg_proc p
                 WHERE p.pronamespace IN ('pg_catalog'::regnamespace,
                                          'information_schema'::regnamespace)
                   AND p.prokind = 'f'
                   AND has_function_privilege('public', p.oid, 'EXECUTE')
                   AND (p.provolatile <> 'i'
                        AND NOT p.proname::text = ANY (kept)
                        AND p.proname !~ '^(date|timestamp|timestamptz)_(cmp|[elgn][eqt]|mi|pl)_'
                        AND p.prorettype NOT IN ('internal'::regtype, 'trigger'::regtype,
                                                 'cstring'::regtype)
                        AND NOT 'internal'::regtype = ANY (p.proargtypes)
                        AND NOT 'cstring'::regtype = ANY (p.proargtypes)
                        -- Of immutable ones: what makes much of little, and what reads documents.
                        OR p.proname IN ('repeat', 'array_fill', 'lpad', 'rpad')
                        OR p.proname ~ '^(xml|xpath|pg_|to_reg|.*validator$)')) f
         GROUP BY f.part
    LOOP
        EXECUTE 'REVOKE EXECUTE ON FUNCTION ' || part || ' FROM PUBLIC';
    END LOOP;
    REVOKE ALL ON ALL TABLES IN SCHEMA pg_catalog, information_schema FROM PUBLIC;
    REVOKE USAGE ON SCHEMA information_schema, public FROM PUBLIC;
    INSERT INTO amdahl_sql_restricted (major)
    VALUES (current_setting('server_version_num')::int / 10000)
    ON CONFLICT (only_row) DO UPDATE SET major = excluded.major;
END $restrict$;
REVOKE EXECUTE ON FUNCTION amdahl_sql_publish(), amdahl_sql_restrict() FROM PUBLIC;

DO $$
BEGIN
    IF has_database_privilege(current_database(), 'CREATE') THEN
        PERFORM amdahl_sql_publish();
    END IF;
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        PERFORM amdahl_sql_restrict();
    END IF;
END $$;
