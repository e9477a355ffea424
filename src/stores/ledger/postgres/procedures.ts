/**
 * The ledger's operations inside of Postgres: each is one round trip and one transaction, with every level or none.
 *
 * There are no deadlocks, because locks are taken in one order: nodes, segments, reservations by attempt, accounts by
 * unit and id. The lock of an account guards all of its windows. What does not exist yet is inserted, in the same order,
 * before anything of its kind is locked.
 */
export const PROCEDURES = `
CREATE FUNCTION signalbox_ledger.lock_accounts(p_keys jsonb) RETURNS void LANGUAGE sql AS $$
  SELECT 1 FROM signalbox_ledger.accounts a
    JOIN (SELECT DISTINCT k->>0 AS unit, k->>1 AS id FROM jsonb_array_elements(p_keys) k) wanted
      ON a.unit = wanted.unit AND a.id = wanted.id
    ORDER BY a.unit, a.id FOR UPDATE OF a
$$;

CREATE FUNCTION signalbox_ledger.standing(p_keys jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_array(w.unit, w.account, w.number, w.rule, w.start_ms, w.end_ms,
      w.used, w.reserved, w.interrupted, w.unpriced)), '[]')
    FROM (SELECT DISTINCT k->>0 AS unit, k->>1 AS id FROM jsonb_array_elements(p_keys) k) wanted
    JOIN signalbox_ledger.accounts a ON a.unit = wanted.unit AND a.id = wanted.id
    JOIN signalbox_ledger.windows w ON w.number = a.number
$$;

-- The start of the window of a rule outside of the calendar in which a moment lies.
CREATE FUNCTION signalbox_ledger.start_of(p_time bigint, p_anchor bigint, p_length bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT p_anchor + floor((p_time - p_anchor)::numeric / p_length)::bigint * p_length
$$;

-- The window of now of a locked account, begun where the one before has ended. p_offer: unit, id, rule, length or null,
-- start, end and usage of the window that its first would be, or its next where the calendar says it.
CREATE FUNCTION signalbox_ledger.window_of(p_offer jsonb, p_now bigint) RETURNS signalbox_ledger.windows
LANGUAGE plpgsql AS $$
DECLARE
  account signalbox_ledger.accounts;
  current signalbox_ledger.windows;
  begun signalbox_ledger.windows;
  start_ms bigint := (p_offer->>4)::bigint;
  end_ms bigint := (p_offer->>5)::bigint;
  used bigint := (p_offer->>6)::bigint;
BEGIN
  SELECT * INTO account FROM signalbox_ledger.accounts WHERE unit = p_offer->>0 AND id = p_offer->>1;
  SELECT * INTO current FROM signalbox_ledger.windows WHERE number = account.number;
  IF FOUND THEN
    IF p_now < current.end_ms THEN RETURN current; END IF;
    used := 0;
    IF account.length_ms IS NOT NULL THEN
      start_ms := signalbox_ledger.start_of(p_now, current.start_ms, account.length_ms);
      end_ms := start_ms + account.length_ms;
    ELSE
      account.rule := p_offer->>2;
      account.length_ms := (p_offer->>3)::bigint;
    END IF;
    -- Minutes and hours of rate limits are no history that anybody reads, and there would be millions.
    DELETE FROM signalbox_ledger.windows w WHERE w.number = current.number AND w.end_ms - w.start_ms < 86400000;
  END IF;
  INSERT INTO signalbox_ledger.windows (unit, account, rule, start_ms, end_ms, used)
    VALUES (account.unit, account.id, account.rule, start_ms, end_ms, used) RETURNING * INTO begun;
  UPDATE signalbox_ledger.accounts a SET number = begun.number, rule = account.rule, length_ms = account.length_ms
    WHERE a.unit = account.unit AND a.id = account.id;
  RETURN begun;
END $$;

-- p_calls: attempt, call, time, and of each account the offer as above, then the limit and what is wanted: an amount,
-- -1 for what cannot be bounded, null for what has no price. Answers for each call 'cancelled', or the numbers of its
-- windows and what is held in each, null where an account does not let it through; and where all accounts stand.
CREATE FUNCTION signalbox_ledger.reserve(p_node text, p_process text, p_calls jsonb) RETURNS jsonb
LANGUAGE plpgsql SET lock_timeout = '1500ms' AS $$
DECLARE
  fresh text[];
  keys jsonb;
  question jsonb;
  offer jsonb;
  held signalbox_ledger.windows;
  room bigint;
  wanted bigint;
  numbers bigint[];
  amounts bigint[];
  answers jsonb := '[]';
BEGIN
  WITH made AS (
    INSERT INTO signalbox_ledger.reservations (attempt, node, process, state, call, at_ms)
      SELECT c->>0, p_node, p_process, 'open', c->>1, (c->>2)::bigint
        FROM jsonb_array_elements(p_calls) c ORDER BY (c->>0) COLLATE "C"
      ON CONFLICT DO NOTHING RETURNING attempt)
  SELECT coalesce(array_agg(attempt), '{}') INTO fresh FROM made;
  SELECT jsonb_agg(DISTINCT jsonb_build_array(o->>0, o->>1)) INTO keys
    FROM jsonb_array_elements(p_calls) c, jsonb_array_elements(c->3) o;
  INSERT INTO signalbox_ledger.accounts (unit, id, rule, length_ms)
    SELECT DISTINCT ON ((o->>0) COLLATE "C", (o->>1) COLLATE "C") o->>0, o->>1, o->>2, (o->>3)::bigint
      FROM jsonb_array_elements(p_calls) c, jsonb_array_elements(c->3) o
      WHERE NOT EXISTS (SELECT FROM signalbox_ledger.accounts a WHERE a.unit = o->>0 AND a.id = o->>1)
      ORDER BY (o->>0) COLLATE "C", (o->>1) COLLATE "C"
    ON CONFLICT DO NOTHING;
  PERFORM signalbox_ledger.lock_accounts(keys);
  FOR question IN SELECT * FROM jsonb_array_elements(p_calls) LOOP
    IF NOT question->>0 = ANY (fresh) THEN
      answers := answers || jsonb_build_array('cancelled'::text);
      CONTINUE;
    END IF;
    numbers := '{}';
    amounts := '{}';
    FOR offer IN SELECT * FROM jsonb_array_elements(question->3) LOOP
      held := signalbox_ledger.window_of(offer, (question->>2)::bigint);
      room := (offer->>7)::bigint - held.used - held.reserved;
      wanted := (offer->>8)::bigint;
      IF wanted = -1 THEN wanted := CASE WHEN room > 0 THEN room END;
      ELSIF wanted > 0 AND wanted > room THEN wanted := NULL;
      END IF;
      numbers := numbers || held.number;
      amounts := amounts || wanted;
    END LOOP;
    IF array_position(amounts, NULL) IS NULL THEN
      UPDATE signalbox_ledger.windows w SET reserved = w.reserved + h.amount
        FROM unnest(numbers, amounts) AS h (number, amount) WHERE w.number = h.number;
      UPDATE signalbox_ledger.reservations r SET windows = numbers, holds = amounts WHERE r.attempt = question->>0;
    ELSE
      DELETE FROM signalbox_ledger.reservations r WHERE r.attempt = question->>0;
    END IF;
    answers := answers || jsonb_build_array(jsonb_build_array(to_jsonb(numbers), to_jsonb(amounts)));
  END LOOP;
  RETURN jsonb_build_object('answers', answers, 'standing', signalbox_ledger.standing(keys));
END $$;

-- Locks reservations, and then the accounts in which they count; answers with these.
CREATE FUNCTION signalbox_ledger.lock_reservations(p_attempts text[], p_more jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE keys jsonb;
BEGIN
  PERFORM 1 FROM signalbox_ledger.reservations WHERE attempt = ANY (p_attempts) ORDER BY attempt FOR UPDATE;
  SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_array(w.unit, w.account)), '[]') || p_more INTO keys
    FROM signalbox_ledger.reservations r, unnest(r.windows) n JOIN signalbox_ledger.windows w ON w.number = n
    WHERE r.attempt = ANY (p_attempts);
  PERFORM signalbox_ledger.lock_accounts(keys);
  RETURN keys;
END $$;

-- Puts charges in the place of what a reservation holds, or of what it was charged with when its node was taken for
-- dead. p_interrupted: its end is not known.
CREATE FUNCTION signalbox_ledger.charge(
  r signalbox_ledger.reservations, p_charges bigint[], p_unpriced boolean, p_interrupted boolean) RETURNS void
LANGUAGE sql AS $$
  UPDATE signalbox_ledger.windows w SET
      used = greatest(0, least(w.used + c.charge - c.charged, 9007199254740991)),
      reserved = w.reserved - c.hold,
      interrupted = greatest(0, w.interrupted - c.charged + CASE WHEN p_interrupted THEN c.charge ELSE 0 END),
      unpriced = w.unpriced + CASE WHEN w.unit <> 'nanodollars' THEN 0
        ELSE greatest(-w.unpriced, p_unpriced::integer - r.charged_unpriced::integer) END
    FROM (SELECT n AS number, coalesce(p_charges[i], 0) AS charge, coalesce(r.charged[i], 0) AS charged,
          CASE WHEN r.charged IS NULL THEN r.holds[i] ELSE 0 END AS hold
        FROM unnest(r.windows) WITH ORDINALITY AS u (n, i)) c
    WHERE w.number = c.number
$$;

-- Applies lines of a node's journal once. They are those of records.ts, without what a reservation of this driver has
-- no line for, and ['cancel', attempt] and ['empty', unit, account, time].
CREATE FUNCTION signalbox_ledger.apply(p_node text, p_process text, p_segment text, p_next bigint, p_lines jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  line jsonb;
  r signalbox_ledger.reservations;
  attempts text[];
  keys jsonb;
BEGIN
  INSERT INTO signalbox_ledger.segments VALUES (p_node, p_segment, 0) ON CONFLICT DO NOTHING;
  PERFORM 1 FROM signalbox_ledger.segments
    WHERE node = p_node AND name = p_segment AND consumed < p_next FOR UPDATE;
  IF NOT FOUND THEN RETURN '[]'; END IF;
  UPDATE signalbox_ledger.segments SET consumed = p_next WHERE node = p_node AND name = p_segment;
  -- The order to reserve may still be on its way: it finds this one in its place.
  INSERT INTO signalbox_ledger.reservations (attempt, node, process, state, call, at_ms)
    SELECT l->>1, p_node, p_process, 'cancelled', '', floor(extract(epoch FROM now()) * 1000)
      FROM jsonb_array_elements(p_lines) l WHERE l->>0 = 'cancel' ORDER BY (l->>1) COLLATE "C"
    ON CONFLICT DO NOTHING;
  SELECT coalesce(array_agg(l->>1) FILTER (WHERE l->>0 <> 'empty'), '{}'),
      coalesce(jsonb_agg(jsonb_build_array(l->>1, l->>2)) FILTER (WHERE l->>0 = 'empty'), '[]')
    INTO attempts, keys FROM jsonb_array_elements(p_lines) l;
  keys := signalbox_ledger.lock_reservations(attempts, keys);
  FOR line IN SELECT * FROM jsonb_array_elements(p_lines) LOOP
    IF line->>0 = 'empty' THEN
      UPDATE signalbox_ledger.windows w SET used = 0, interrupted = 0, unpriced = 0
        FROM signalbox_ledger.accounts a WHERE a.unit = line->>1 AND a.id = line->>2 AND w.number = a.number
          AND w.end_ms > (line->>3)::bigint;
      CONTINUE;
    END IF;
    SELECT * INTO r FROM signalbox_ledger.reservations WHERE attempt = line->>1 AND state <> 'cancelled';
    CONTINUE WHEN NOT FOUND;
    IF line->>0 = 'owe' THEN
      UPDATE signalbox_ledger.reservations SET
          owed = ARRAY(SELECT jsonb_array_elements_text(line->2)::bigint),
          owed_amounts = jsonb_build_array(line->3, line->4, line->5)
        WHERE attempt = r.attempt;
    ELSE
      IF line->>0 = 'settle' THEN
        PERFORM signalbox_ledger.charge(
          r, ARRAY(SELECT jsonb_array_elements_text(line->2)::bigint), line->>3 = '1', false);
      ELSE
        PERFORM signalbox_ledger.charge(r, NULL, false, false);
      END IF;
      DELETE FROM signalbox_ledger.reservations WHERE attempt = r.attempt;
    END IF;
  END LOOP;
  RETURN signalbox_ledger.standing(keys);
END $$;
`
