"""The dashboards, in a real Superset and a real browser."""
