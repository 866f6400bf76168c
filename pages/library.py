"""Library: every run and every model of the gallery."""

from dashboard import cache, shelf, state, views

cache.jobs()
view = state.load(views.LibraryView)
shelf.show(view)
state.save(view)
cache.warm_up()
