-- Returns when the next delivery becomes due. $1 the time after which. Never 0 rows; NULL: none waits.
SELECT unix_us(min(d.due_time)) AS due_time
FROM webhook w
CROSS JOIN LATERAL (SELECT f.due_time FROM webhook_delivery f
                    WHERE f.webhook_key = w.key AND f.due_time > $1::timestamptz
                    ORDER BY f.due_time LIMIT 1) d
WHERE w.delete_time IS NULL AND w.disable_time IS NULL
