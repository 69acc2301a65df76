"""The cycle's database: prepared from raw files, filled by dbt."""
