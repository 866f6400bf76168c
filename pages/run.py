"""Run: one run or model of the gallery, and everything that can be done with it."""

from dashboard import cache, record, state, views

cache.jobs()
view = state.load(views.RunView)
folder = record.find(view)
if folder is not None:
    record.show(folder, view)
state.save(view)
cache.warm_up()
