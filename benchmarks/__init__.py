"""Speed and memory, measured; never part of the tests. `python -m benchmarks` says what can be measured.

ladder.py runs whole cycles of growing nations, watch.py looks at the processes meanwhile, results.py keeps and shows
what was measured.
"""
