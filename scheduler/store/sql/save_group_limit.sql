-- Records limits in place of earlier ones, for the leader. $1 kind, $2 name, $3 running, $4 live,
-- $5 weight, $6 cell, $7 epoch. The leadership row is held meanwhile, so that the next leader reads
-- them. 0 rows: another leads.
INSERT INTO group_limit (kind, name, running_max, live_max, weight)
SELECT $1::smallint, $2::text, $3::integer, $4::integer, $5::integer
FROM (SELECT FROM leadership WHERE cell = $6::text AND epoch = $7::bigint AND instance <> ''
      FOR KEY SHARE) fenced
ON CONFLICT (kind, name) DO UPDATE
SET running_max = excluded.running_max, live_max = excluded.live_max, weight = excluded.weight
