/**
 * What is done inside of Postgres beside the calls: who lives, which windows accounts have, what is forgotten. Locks are
 * taken in the order of `procedures.ts`.
 */
export const UPKEEP = `
-- Ends reservations whose process is dead, as it owed; they are kept, because more may be learned of them.
CREATE FUNCTION signalbox_ledger.give_up(p_attempts text[], p_state text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE r signalbox_ledger.reservations;
BEGIN
  PERFORM signalbox_ledger.lock_reservations(p_attempts, '[]');
  FOR r IN SELECT * FROM signalbox_ledger.reservations
      WHERE attempt = ANY (p_attempts) AND state IN ('open', 'reclaimed') LOOP
    PERFORM signalbox_ledger.charge(r, r.owed, coalesce(r.owed_amounts->0 = 'null', false), true);
    UPDATE signalbox_ledger.reservations SET
        state = p_state,
        charged = coalesce(r.owed, array_fill(0::bigint, ARRAY[cardinality(r.windows)])),
        charged_unpriced = coalesce(r.owed_amounts->0 = 'null', false)
      WHERE attempt = r.attempt;
  END LOOP;
END $$;

-- Says that a process is alive, and ends what those before it on the same node left. p_first: it is new there.
-- p_told: attempts that are in the node's log, from an answer before.
CREATE FUNCTION signalbox_ledger.beat(p_node text, p_process text, p_first boolean, p_told text[]) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO signalbox_ledger.nodes AS n VALUES (p_node, p_process, 1)
    ON CONFLICT (id) DO UPDATE SET beat = n.beat + 1, process = p_process
      WHERE p_first OR n.process = p_process;
  IF NOT FOUND THEN RETURN jsonb_build_object('ours', false); END IF;
  DELETE FROM signalbox_ledger.reservations WHERE attempt = ANY (p_told) AND state = 'abandoned';
  PERFORM signalbox_ledger.give_up(
    ARRAY(SELECT attempt FROM signalbox_ledger.reservations
      WHERE node = p_node AND process <> p_process AND state IN ('open', 'reclaimed')), 'abandoned');
  RETURN jsonb_build_object(
    'ours', true,
    'nowMs', floor(extract(epoch FROM clock_timestamp()) * 1000),
    -- One that was taken for dead may have reserved once more, and died before it beat again.
    'nodes', (SELECT jsonb_agg(jsonb_build_array(other.id, coalesce(n.beat, 0)))
      FROM (SELECT id FROM signalbox_ledger.nodes
        UNION SELECT node FROM signalbox_ledger.reservations WHERE state = 'open') other
      LEFT JOIN signalbox_ledger.nodes n ON n.id = other.id WHERE other.id <> p_node),
    'interrupted', (SELECT jsonb_agg(jsonb_build_array(attempt, call, at_ms, owed_amounts))
      FROM signalbox_ledger.reservations WHERE node = p_node AND state = 'abandoned'));
END $$;

-- Frees what a node holds that has not beaten since. Should it live, its own lines put everything right. p_beat: 0 where
-- it is no longer listed.
CREATE FUNCTION signalbox_ledger.reclaim(p_node text, p_beat bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE attempts text[];
BEGIN
  DELETE FROM signalbox_ledger.nodes WHERE id = p_node AND beat = p_beat;
  IF NOT FOUND AND (p_beat > 0 OR EXISTS (SELECT FROM signalbox_ledger.nodes WHERE id = p_node)) THEN RETURN 0; END IF;
  attempts := ARRAY(SELECT attempt FROM signalbox_ledger.reservations WHERE node = p_node AND state = 'open');
  PERFORM signalbox_ledger.give_up(attempts, 'reclaimed');
  RETURN cardinality(attempts);
END $$;

-- Gives accounts the windows that they have now: one that has not ended changes its ends and keeps what was used.
-- p_offers: as window_of has them; the window is that of now, or of the start of the one that it replaces.
CREATE FUNCTION signalbox_ledger.follow(p_offers jsonb, p_now bigint) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  offer jsonb;
  current signalbox_ledger.windows;
  keys jsonb;
  begins bigint;
  ends bigint;
BEGIN
  SELECT coalesce(jsonb_agg(jsonb_build_array(a.unit, a.id)), '[]') INTO keys FROM jsonb_array_elements(p_offers) o
    JOIN signalbox_ledger.accounts a ON a.unit = o->>0 AND a.id = o->>1 AND a.rule <> o->>2;
  PERFORM signalbox_ledger.lock_accounts(keys);
  FOR offer IN SELECT o FROM jsonb_array_elements(p_offers) o
      WHERE keys @> jsonb_build_array(jsonb_build_array(o->>0, o->>1)) LOOP
    UPDATE signalbox_ledger.accounts SET rule = offer->>2, length_ms = (offer->>3)::bigint
      WHERE unit = offer->>0 AND id = offer->>1;
    SELECT w.* INTO current FROM signalbox_ledger.accounts a
      JOIN signalbox_ledger.windows w ON w.number = a.number WHERE a.unit = offer->>0 AND a.id = offer->>1;
    CONTINUE WHEN NOT FOUND OR p_now >= current.end_ms;
    begins := (offer->>4)::bigint;
    ends := (offer->>5)::bigint;
    IF offer->>3 IS NOT NULL THEN
      begins := signalbox_ledger.start_of(
        greatest(p_now, current.start_ms), current.start_ms, (offer->>3)::bigint);
      ends := begins + (offer->>3)::bigint;
    END IF;
    UPDATE signalbox_ledger.windows SET rule = offer->>2, start_ms = begins, end_ms = ends
      WHERE number = current.number;
  END LOOP;
  RETURN signalbox_ledger.standing(
    (SELECT coalesce(jsonb_agg(jsonb_build_array(o->>0, o->>1)), '[]') FROM jsonb_array_elements(p_offers) o));
END $$;

-- The windows of an account before that of now, the newest first.
CREATE FUNCTION signalbox_ledger.history(p_unit text, p_account text, p_rows integer) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('startMs', w.start_ms, 'endMs', w.end_ms, 'used', w.used,
      'reserved', 0, 'interrupted', w.interrupted, 'unpriced', w.unpriced) ORDER BY w.number DESC), '[]')
    FROM (SELECT * FROM signalbox_ledger.windows WHERE unit = p_unit AND account = p_account AND number <
        (SELECT number FROM signalbox_ledger.accounts WHERE unit = p_unit AND id = p_account)
      ORDER BY number DESC LIMIT p_rows) w
$$;

-- Forgets windows that ended a year and a month ago, and what was waited for in vain. Answers how many rows went.
CREATE FUNCTION signalbox_ledger.retain(p_before_ms bigint, p_rows integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  old bigint[];
BEGIN
  DELETE FROM signalbox_ledger.reservations WHERE attempt IN (
    SELECT attempt FROM signalbox_ledger.reservations
      WHERE state IN ('cancelled', 'reclaimed') AND at_ms < CASE state WHEN 'cancelled'
        THEN floor(extract(epoch FROM now()) * 1000) - 86400000 ELSE p_before_ms END
      LIMIT p_rows FOR UPDATE SKIP LOCKED);
  old := ARRAY(SELECT number FROM signalbox_ledger.windows WHERE end_ms < p_before_ms LIMIT p_rows);
  PERFORM signalbox_ledger.lock_accounts((SELECT coalesce(jsonb_agg(jsonb_build_array(unit, account)), '[]')
    FROM signalbox_ledger.windows WHERE number = ANY (old)));
  UPDATE signalbox_ledger.accounts SET number = NULL WHERE number = ANY (old);
  DELETE FROM signalbox_ledger.windows WHERE number = ANY (old);
  RETURN cardinality(old);
END $$;
`
