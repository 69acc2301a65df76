"""The same core work on several engines, side by side; core.md says what the core is, and how the comparison is fair.

rules.py reads the ministry's rules, core/*.sql is the core in SQL and sql.py its reader; on_ENGINE.py runs it on one
engine, engine.py in a process of its own. comparison.py runs them all, report.py shows what was measured.
"""
