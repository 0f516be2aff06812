-- Aerostack's gateway: language models sold to consumers, paid from wallets.

-- What is offered, defined in files: a slug in the URL, a model, prices.
CREATE TABLE aerostack_gateway_apis (
    project_id text COLLATE "C" NOT NULL REFERENCES projects ON DELETE CASCADE,
    name       text COLLATE "C" NOT NULL,
    slug       text COLLATE "C" NOT NULL,
    spec       jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at timestamptz NOT NULL DEFAULT quintet_now(),
    PRIMARY KEY (project_id, name),
    UNIQUE (project_id, slug)
);

CREATE TABLE aerostack_gateway_consumers (
    id         text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL REFERENCES projects ON DELETE CASCADE,
    name       text COLLATE "C" NOT NULL,
    spec       jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT quintet_now(),
    updated_at timestamptz NOT NULL DEFAULT quintet_now(),
    UNIQUE (project_id, name)
);

CREATE TABLE aerostack_gateway_keys (
    id          text COLLATE "C" PRIMARY KEY,
    consumer_id text COLLATE "C" NOT NULL REFERENCES aerostack_gateway_consumers ON DELETE CASCADE,
    hash        bytea NOT NULL UNIQUE,   -- SHA-256; the key itself is shown once and not kept
    prefix      text NOT NULL,
    is_test     boolean NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT quintet_now(),
    expires_at  timestamptz,
    revoked_at  timestamptz
);
CREATE INDEX aerostack_gateway_keys_consumer ON aerostack_gateway_keys (consumer_id);

-- A wallet: units bought, units used. Of a consumer one for all APIs (and a second for test keys),
-- of an end user and of the project itself one per API.
CREATE TABLE aerostack_gateway_wallets (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id      text COLLATE "C" NOT NULL REFERENCES projects ON DELETE CASCADE,
    kind            text NOT NULL CHECK (kind IN ('consumer', 'test', 'user', 'project')),
    holder          text COLLATE "C" NOT NULL,
    api             text COLLATE "C" NOT NULL,
    plan_type       text NOT NULL CHECK (plan_type IN ('prepaid', 'postpaid')),
    hard_limit      bigint,               -- units in a calendar month (UTC)
    soft_limit      bigint,
    balance         bigint NOT NULL DEFAULT 0,
    total_purchased bigint NOT NULL DEFAULT 0,
    total_consumed  bigint NOT NULL DEFAULT 0,
    month           date NOT NULL DEFAULT '-infinity',
    month_consumed  bigint NOT NULL DEFAULT 0,
    declared        bigint NOT NULL DEFAULT 0,   -- bought by definition; the rest by command
    UNIQUE (project_id, kind, holder, api),
    CHECK (balance = total_purchased - total_consumed)
);

-- Every movement of a wallet, for ever: the sum of its units is the balance.
CREATE TABLE aerostack_gateway_ledger (
    seq           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wallet_id     bigint NOT NULL REFERENCES aerostack_gateway_wallets ON DELETE CASCADE,
    kind          text NOT NULL CHECK (kind IN ('purchase', 'usage', 'billing')),
    units         bigint NOT NULL,        -- above 0 into the wallet, below 0 out of it
    balance_after bigint NOT NULL,
    api           text COLLATE "C" NOT NULL DEFAULT '',
    note          jsonb NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT quintet_now()
);
CREATE INDEX aerostack_gateway_ledger_wallet ON aerostack_gateway_ledger (wallet_id, seq);

CREATE FUNCTION aerostack_gateway_ledger_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- What goes with its project is deleted by a foreign key's trigger, one level deeper.
    IF TG_OP = 'DELETE' AND pg_trigger_depth() > 1 THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'entries of a wallet are never changed or deleted';
END $$;
CREATE TRIGGER aerostack_gateway_ledger_is_final
    BEFORE UPDATE OR DELETE ON aerostack_gateway_ledger
    FOR EACH ROW EXECUTE FUNCTION aerostack_gateway_ledger_is_final();

-- What was used, by UTC day: what a list of usage reads.
CREATE TABLE aerostack_gateway_usage (
    wallet_id         bigint NOT NULL REFERENCES aerostack_gateway_wallets ON DELETE CASCADE,
    api               text COLLATE "C" NOT NULL,
    day               date NOT NULL,
    requests          bigint NOT NULL DEFAULT 0,
    prompt_tokens     bigint NOT NULL DEFAULT 0,
    completion_tokens bigint NOT NULL DEFAULT 0,
    units             bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (wallet_id, day, api)
);

-- Units set aside for answers that are being generated. One whose server died lapses.
CREATE TABLE aerostack_gateway_holds (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wallet_id  bigint NOT NULL REFERENCES aerostack_gateway_wallets ON DELETE CASCADE,
    units      bigint NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX aerostack_gateway_holds_wallet ON aerostack_gateway_holds (wallet_id);

-- Set units aside: as many as are wanted, or what there is if that is at least `p_least`.
-- No wallet limits anything: hold is null and everything is granted. Not enough: granted is null,
-- `short_of` says of what, and `is_held` whether it would do without what others have set aside.
CREATE FUNCTION aerostack_gateway_hold(
    p_wallet bigint, p_least bigint, p_wanted bigint, p_seconds double precision,
    OUT hold bigint, OUT granted bigint, OUT short_of text, OUT is_held boolean,
    OUT is_soft boolean
) LANGUAGE plpgsql AS $$
DECLARE
    wallet aerostack_gateway_wallets;
    held   bigint;
    used   bigint;
    free   bigint;
BEGIN
    -- The wallet's row is locked first here and in every charge: so there is one order, no deadlock.
    SELECT * INTO STRICT wallet FROM aerostack_gateway_wallets WHERE id = p_wallet FOR UPDATE;
    used := CASE WHEN wallet.month = date_trunc('month', quintet_now() AT TIME ZONE 'UTC')::date
                 THEN wallet.month_consumed ELSE 0 END;
    is_soft := coalesce(used >= wallet.soft_limit, false);
    is_held := false;
    IF wallet.plan_type = 'postpaid' AND wallet.hard_limit IS NULL THEN
        granted := p_wanted;
        RETURN;
    END IF;
    DELETE FROM aerostack_gateway_holds WHERE wallet_id = p_wallet AND expires_at < quintet_now();
    SELECT coalesce(sum(units), 0) INTO held
      FROM aerostack_gateway_holds WHERE wallet_id = p_wallet;
    free := wallet.hard_limit - used;
    short_of := 'hard_limit';
    IF wallet.plan_type = 'prepaid' AND (free IS NULL OR wallet.balance < free) THEN
        free := wallet.balance;
        short_of := 'balance';
    END IF;
    IF free - held < p_least THEN
        is_held := free >= p_least;
        RETURN;
    END IF;
    short_of := NULL;
    granted := least(p_wanted, free - held);
    INSERT INTO aerostack_gateway_holds (wallet_id, units, expires_at)
    VALUES (p_wallet, granted, quintet_now() + make_interval(secs => p_seconds))
    RETURNING id INTO hold;
END $$;

-- Move units and say so in the ledger; `p_units` above 0 go in, below 0 out. Ends a hold.
CREATE FUNCTION aerostack_gateway_move(
    p_wallet bigint, p_hold bigint, p_kind text, p_units bigint, p_api text, p_note jsonb,
    p_requests bigint, p_prompt bigint, p_completion bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    today  date := (quintet_now() AT TIME ZONE 'UTC')::date;
    used   bigint := CASE WHEN p_kind = 'purchase' THEN 0 ELSE -p_units END;
    after_ bigint;
BEGIN
    UPDATE aerostack_gateway_wallets w
       SET balance = balance + p_units,
           total_purchased = total_purchased + p_units + used,
           total_consumed = total_consumed + used,
           month = date_trunc('month', today)::date,
           month_consumed = used + CASE WHEN month = date_trunc('month', today)::date
                                        THEN month_consumed ELSE 0 END
     WHERE id = p_wallet
    RETURNING balance INTO STRICT after_;
    DELETE FROM aerostack_gateway_holds WHERE id = p_hold;
    INSERT INTO aerostack_gateway_ledger (wallet_id, kind, units, balance_after, api, note)
    VALUES (p_wallet, p_kind, p_units, after_, p_api, p_note);
    IF p_kind <> 'purchase' THEN
        INSERT INTO aerostack_gateway_usage AS u
               (wallet_id, api, day, requests, prompt_tokens, completion_tokens, units)
        VALUES (p_wallet, p_api, today, p_requests, p_prompt, p_completion, used)
        ON CONFLICT (wallet_id, day, api) DO UPDATE
           SET requests = u.requests + excluded.requests,
               prompt_tokens = u.prompt_tokens + excluded.prompt_tokens,
               completion_tokens = u.completion_tokens + excluded.completion_tokens,
               units = u.units + excluded.units;
    END IF;
    RETURN after_;
END $$;
