"""The latent slider of a Gradio tutorial: `gr.Slider`, whose every change draws a `gr.Image`. What `benchmarks.exploring` holds the studio against.

LATENT=DIRECTORY python -m benchmarks.gradio_slider PORT
"""

import sys

import gradio as gr

from benchmarks.slider_model import opened, picture

model = opened()

with gr.Blocks() as app:
    slider = gr.Slider(-3, 3, 0, step=0.025, label="Along the direction")
    image = gr.Image(lambda: picture(model, 0), format="png", width=400, height=400)  # not every browser has WebP
    slider.change(lambda value: picture(model, value), slider, image, show_progress="hidden")

app.launch(server_name="127.0.0.1", server_port=int(sys.argv[1]))
