import { PROCEDURES } from './procedures.ts'
import { UPKEEP } from './upkeep.ts'

/**
 * What stands in Postgres. Amounts are nano-dollars, tokens or requests. Everything is in a schema of its own, so that
 * it can share a database, and be dropped whole.
 *
 * One entry per version, never edited once it was released. Gateways of two versions run beside each other while one
 * replaces the other, so an entry must leave what the version before it calls.
 */
export const MIGRATIONS: readonly string[] = [
  // A schema that an administrator made for us needs no right to make one.
  `DO $$ BEGIN
     IF to_regnamespace('signalbox_ledger') IS NULL THEN CREATE SCHEMA signalbox_ledger; END IF;
   END $$;
   CREATE TABLE signalbox_ledger.version (number integer NOT NULL);
   INSERT INTO signalbox_ledger.version VALUES (0);
   CREATE TABLE signalbox_ledger.windows (
     number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     unit text NOT NULL, account text NOT NULL, rule text NOT NULL,
     start_ms bigint NOT NULL, end_ms bigint NOT NULL,
     used bigint NOT NULL, reserved bigint NOT NULL DEFAULT 0,
     interrupted bigint NOT NULL DEFAULT 0, unpriced bigint NOT NULL DEFAULT 0
   ) WITH (fillfactor = 50);
   CREATE INDEX windows_account ON signalbox_ledger.windows (unit, account, number);
   CREATE INDEX windows_end ON signalbox_ledger.windows (end_ms);
   CREATE TABLE signalbox_ledger.accounts (
     unit text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL,
     rule text NOT NULL,
     -- Of its windows; NULL: they are the calendar's.
     length_ms bigint,
     -- Of the window of now; NULL: there was none yet.
     number bigint,
     PRIMARY KEY (unit, id));
   CREATE INDEX accounts_number ON signalbox_ledger.accounts (number);
   CREATE TABLE signalbox_ledger.reservations (
     attempt text COLLATE "C" PRIMARY KEY,
     node text NOT NULL, process text NOT NULL,
     -- reclaimed: its node was taken for dead. abandoned: its node began anew. cancelled: it must not be made any more.
     state text NOT NULL CHECK (state IN ('open', 'reclaimed', 'abandoned', 'cancelled')),
     call text NOT NULL, at_ms bigint NOT NULL,
     windows bigint[] NOT NULL DEFAULT '{}', holds bigint[] NOT NULL DEFAULT '{}',
     -- What it is charged with if its node dies; NULL: nothing.
     owed bigint[], owed_amounts jsonb,
     -- What was charged already when its node was taken for dead; then nothing is held any more.
     charged bigint[], charged_unpriced boolean NOT NULL DEFAULT false);
   CREATE INDEX reservations_node ON signalbox_ledger.reservations (node);
   -- A gateway is alive while its beat counts up.
   CREATE TABLE signalbox_ledger.nodes (id text PRIMARY KEY, process text NOT NULL, beat bigint NOT NULL);
   -- Bytes of each segment of a node's journal that were applied.
   CREATE TABLE signalbox_ledger.segments (
     node text NOT NULL, name text NOT NULL, consumed bigint NOT NULL, PRIMARY KEY (node, name));
   ${PROCEDURES}
   ${UPKEEP}`,
]
