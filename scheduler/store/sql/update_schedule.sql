-- Writes what changes of a schedule. $1 its key, $2 the version that its row holds, $3 display name,
-- $4 labels, $5 cron, $6 time zone, $7 overlap, $8 catch-up window, $9 paused, $10 kind, $11 request,
-- $12 update_time, $13 revision, $14 decided_until, $15 look_time ('': none), $16 runs, $17 skipped,
-- $18 missed. 0 rows: there is none, or it holds another version.
UPDATE schedule
SET display_name = $3, labels = $4::jsonb, cron = $5, time_zone = $6, overlap = $7,
    catch_up_window_us = $8, paused = $9, kind = $10, request = $11,
    update_time = $12::timestamptz, revision = $13, decided_until = $14::timestamptz,
    look_time = NULLIF($15, '')::timestamptz, runs = $16, skipped = $17, missed = $18,
    version = $2::bigint + 1
WHERE key = $1 AND version = $2::bigint
RETURNING key
