"""Train: choose what to learn from, then watch it learn."""

import streamlit as st

from dashboard import cache, live, state, time_machine, train_form, views, words
from selfsup_engine.errors import UserError

view = state.load(views.TrainView)
waiting = cache.jobs().active(cache.library())
clicked = state.held("train")  # on a form that was drawn before somebody else's run began: it goes to the queue
if not view.run and waiting and not clicked and not state.remembered("another"):
    view.run = waiting[0].name
folder = None
if view.run:
    try:
        folder = cache.library().find(view.run)
        words.title(folder)  # a damaged run.json is said here
    except UserError as error:
        st.error(words.plain(error))
        view.run, folder = "", None
if folder is None:
    folder = train_form.form(view)
    if folder is not None:
        view.run = folder.name
        state.remember("another", None)
        state.rerun(view)
    state.save(view)
    live.prepare()
else:
    state.save(view)
    live.watch(folder)
    time_machine.show(folder, view)
    live.onward(view)
cache.warm_up()
