"""Library: every run and every model of the gallery."""

from dashboard import cache, shelf, state

cache.jobs()
view = state.load(state.LibraryView)
shelf.show(view)
state.save(view)
cache.warm_up()
