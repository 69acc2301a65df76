"""Tests; every folder has its own kind."""
