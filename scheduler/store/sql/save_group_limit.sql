-- Records limits in place of earlier ones. $1 kind, $2 name, $3 running, $4 live, $5 weight.
INSERT INTO group_limit (kind, name, running_max, live_max, weight) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (kind, name) DO UPDATE
SET running_max = excluded.running_max, live_max = excluded.live_max, weight = excluded.weight
