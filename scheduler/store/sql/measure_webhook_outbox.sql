-- Returns how many deliveries wait, $1 at most, and since when the oldest does, NULL: none. Never 0 rows.
SELECT count(*) AS waiting, unix_us(min(d.time)) AS oldest
FROM (SELECT f.time
      FROM webhook w JOIN webhook_delivery f ON f.webhook_key = w.key
      WHERE w.delete_time IS NULL AND w.disable_time IS NULL AND f.due_time IS NOT NULL
      LIMIT $1::bigint) d
