"""Defects of deliveries: `everyday` ones that each delivery has unless it is clean; those of `catalogue` on demand.

On-demand defects change files that are already written (`written`), so that each one's count is exact at any size:
`rows` holds what is done to tables, `records` what is done to the bytes of CSV files, `ways` how either gets there.
"""
