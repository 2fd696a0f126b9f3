-- Returns the newest applied migration, 0 when none is. Never 0 rows.
SELECT coalesce(max(version), 0) FROM schema_migration
