-- Returns deliveries that are due with what is needed to send them, the earliest of each webhook first,
-- those of webhooks that fail behind all others. $1 the time, $2 keys that are left out, $3 how many of
-- each webhook at most, of one that fails one, $4 how many in all. One waits while an earlier one of the
-- same job or batch does; job keys and batch keys are told apart by the event. 0 rows: none is due.
SELECT d.key, d.event, d.subject_key, d.subject_id, d.reason, unix_us(d.time) AS time, d.state,
       unix_us(d.due_time) AS due_time, d.attempts, d.tries, unix_us(d.last_time) AS last_time,
       d.last_status, d.last_error, d.last_latency_us, w.key AS webhook_key, w.project, w.id, w.uid,
       w.url, w.secret, unix_us(w.failing_since) AS failing_since,
       coalesce(s.uid, b.uid) AS subject_uid, coalesce(s.labels, b.labels) AS labels,
       coalesce(o.id, '') AS batch_id, coalesce(j.index, 0) AS operation_index, r.verdict,
       r.quality_score, coalesce(b.operations, 0) AS operations
FROM webhook w
CROSS JOIN LATERAL (
  SELECT *
  FROM webhook_delivery f
  WHERE f.webhook_key = w.key AND f.due_time <= $1::timestamptz
    AND NOT f.key = ANY (ARRAY(SELECT jsonb_array_elements_text($2::jsonb)::bigint))
    AND NOT EXISTS (SELECT FROM webhook_delivery e
                    WHERE e.webhook_key = f.webhook_key AND e.subject_key = f.subject_key
                      AND e.due_time IS NOT NULL AND e.key < f.key
                      AND (e.event > 4) = (f.event > 4))
  ORDER BY f.due_time, f.key
  LIMIT CASE WHEN w.failing_since IS NULL THEN $3::bigint ELSE 1 END) d
LEFT JOIN job_spec s ON d.event <= 4 AND s.job_key = d.subject_key
LEFT JOIN job_result r ON d.event = 1 AND r.job_key = d.subject_key
LEFT JOIN batch_job j ON d.event <= 4 AND j.job_key = d.subject_key
LEFT JOIN batch o ON o.key = j.batch_key
LEFT JOIN batch b ON d.event > 4 AND b.key = d.subject_key
WHERE w.delete_time IS NULL AND w.disable_time IS NULL
ORDER BY w.failing_since IS NOT NULL, d.due_time, d.key
LIMIT $4::bigint
