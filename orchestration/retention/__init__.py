"""Retention: what holds persons goes when its term is over, by layer; terms.py, plan.py and remove.py."""
