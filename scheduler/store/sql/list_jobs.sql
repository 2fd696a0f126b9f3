-- Returns jobs, newest first. $1 project, $2 only keys below this, $3 how many at most, $4 the
-- filter's terms as a JSON array of {field, op, label, text, number}; a job is returned when no term
-- fails. Numbers of fields and operators: JobFilterTerm. Times are microseconds in `number`.
-- Goes by pages of keys, the newest first; $5 names a batch of which all jobs are ('': none does), so
-- that only its pages are looked at. 0 rows: no more jobs fit.
SELECT r.*
FROM job_page p
JOIN job_record r ON r.key BETWEEN p.page << 8 AND (p.page << 8) + 255
WHERE p.project = $1 AND p.page <= ($2::bigint - 1) >> 8 AND r.key < $2
  AND r.project IS NOT DISTINCT FROM $1  -- Not `=`, which would let the index of names be walked for each page.
  AND ($5 = '' OR p.page IN (SELECT o.job_key >> 8
                             FROM batch b JOIN batch_job o ON o.batch_key = b.key
                             WHERE b.project = $1 AND b.id = $5))
  AND NOT EXISTS (
    SELECT
    FROM jsonb_to_recordset($4::jsonb)
           AS t (field integer, op integer, label text, text text, number numeric)
    CROSS JOIN LATERAL (
      SELECT CASE t.field
               WHEN 0 THEN sign(r.state - t.number)
               WHEN 6 THEN sign(r.create_time - t.number)
               WHEN 7 THEN sign(r.end_time - t.number)
               WHEN 8 THEN sign(r.quality_score::numeric - t.number)
               WHEN 11 THEN sign(coalesce(r.verdict, 1) - t.number)
               WHEN 2 THEN CASE WHEN r.stages ? t.text THEN 0 ELSE 1 END
             END AS by_number,
             CASE t.field
               WHEN 1 THEN r.queue
               WHEN 3 THEN r.worker
               WHEN 4 THEN r.created_by
               WHEN 5 THEN coalesce(r.labels ->> t.label, '')
               WHEN 9 THEN r.error_reason
               WHEN 10 THEN coalesce(r.batch_id, '')
             END COLLATE "C" AS by_text
    ) value
    CROSS JOIN LATERAL (
      SELECT coalesce(value.by_number,
                      CASE WHEN value.by_text < t.text THEN -1
                           WHEN value.by_text > t.text THEN 1
                           WHEN value.by_text = t.text THEN 0 END) AS sign
    ) difference
    WHERE NOT coalesce(CASE t.op
                         WHEN 0 THEN difference.sign = 0
                         WHEN 1 THEN difference.sign <> 0
                         WHEN 2 THEN difference.sign < 0
                         WHEN 3 THEN difference.sign <= 0
                         WHEN 4 THEN difference.sign > 0
                         WHEN 5 THEN difference.sign >= 0
                       END, false))
ORDER BY p.page DESC, r.key DESC
LIMIT $3
