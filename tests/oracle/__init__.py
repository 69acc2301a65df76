"""The oracle: the landing contract's row rules and the decision rules once more, in plain Python, from the page.

It shares no code with the pipeline; clarity over speed. Readings where the page is unclear: README.md beside this file.
"""
