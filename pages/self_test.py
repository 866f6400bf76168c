"""Self-test: what this host offers, and whether everything works on it."""

from dashboard import cache, self_test

cache.jobs()
self_test.show()
