"""The look that the theme in .streamlit/config.toml cannot express: one sheet of CSS, the app's mark, and a phone's menu."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

CSS = """
<style>
:root { --gap: .6rem; --accent: light-dark(#0f766e, #2dd4bf); --red: light-dark(#d94a57, #f2919a); --orange: light-dark(#e0682b, #f2a56d); --green: light-dark(#079464, #7ed5b0); }
.block-container { max-width: 1240px; padding-top: 4.2rem; padding-bottom: 4rem; }
h1 { font-size: 2.1rem !important; letter-spacing: -.022em; padding-top: 0 !important; }
h2 { font-size: 1.3rem !important; letter-spacing: -.012em; }
h3 { font-size: 1.05rem !important; }
h2, h3, .stHtml b { overflow-wrap: anywhere; }
[data-testid="stException"] > * { display: none; }
[data-testid="stException"]::before { content: "Something went wrong here. That is our mistake and not yours; nothing that you made is lost. Reload the page, and go on."; font-size: .92rem; }
body:has(.st-key-broken) [data-testid="stException"] { display: none; }
[data-testid="stPopoverBody"]:not(:has([data-testid="stElementContainer"]))::after { content: "Just a moment…"; opacity: .66; font-size: .87rem; }  /* the page is still being drawn */
[data-testid="InputInstructions"] { display: none; }  /* it is printed across what is typed */
.st-key-hero h1 { font-size: clamp(1.9rem, 3.6vw, 2.6rem) !important; line-height: 1.08; max-width: 20ch; }
.lead { font-size: 1.08rem; line-height: 1.55; max-width: 62ch; opacity: .82; margin: 0; }
.muted { opacity: .66; font-size: .87rem; line-height: 1.45; margin: 0; overflow-wrap: anywhere; }
.eyebrow { font-size: .72rem; letter-spacing: .09em; text-transform: uppercase; opacity: .6; font-weight: 600; margin: 0 0 .2rem; }

/* pictures: hard pixels, space reserved */
.px { image-rendering: pixelated; display: block; border-radius: 6px; background: color-mix(in srgb, currentColor 7%, transparent); }
.hero { margin: 0; }
.hero .px { border-radius: 12px; }
.smooth { display: block; max-width: 380px; margin: 0 auto; border-radius: 10px; }
.shots { display: flex; flex-wrap: wrap; gap: var(--gap); align-items: flex-start; }
.shots figure { margin: 0; flex: 0 1 auto; min-width: 0; }
.shots figcaption, figure figcaption { font-size: .76rem; opacity: .68; margin-top: .25rem; font-variant-numeric: tabular-nums; }
.shots.tight { gap: 3px; }
.pairs { display: grid; grid-template-columns: 1fr 1fr; gap: var(--gap); }
.st-key-page-header > div:last-child { margin-left: auto; flex: 0 0 auto; width: auto !important; min-width: 0; }
.px.wide, .smooth.wide { width: 100%; max-width: none; height: auto; }
.shots:not(.fill, .strip) figure { width: min-content; }  /* a caption is no wider than its picture */
.shots.strip { display: grid; grid-template-columns: repeat(auto-fill, minmax(125px, 1fr)); }
.shots.fill { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); }
.shots.fill .px { width: 100%; }
.members .shots { gap: 3px; margin-bottom: .3rem; }
.members .px { border-radius: 4px; }
.shots.photo .px { image-rendering: auto; }
.st-key-compare-large, .st-key-compare-code { max-width: 21rem; }
.cover { aspect-ratio: 16/9; width: 100%; border-radius: 8px; overflow: hidden; display: grid; place-items: center;
  background: color-mix(in srgb, currentColor 6%, transparent); }
.cover img { width: 100%; height: 100%; object-fit: cover; image-rendering: pixelated; }
.cover span { opacity: .5; font-size: .9rem; padding: 1rem; text-align: center; }

/* figures */
.facts { padding: 0 !important; display: grid; grid-template-columns: repeat(auto-fit, minmax(108px, 1fr)); gap: .5rem 1.1rem; margin: 0; }
.facts div { min-width: 0; }
.facts dt, .facts dd { margin: 0 !important; padding: 0 !important; }
.facts dt { font-size: .74rem; opacity: .62; margin: 0; }
.facts dd { margin: 0; font-size: 1.12rem; font-weight: 620; font-variant-numeric: tabular-nums; letter-spacing: -.01em; overflow-wrap: anywhere; }
.facts dd small { font-weight: 450; font-size: .76rem; opacity: .66; display: block; white-space: normal; letter-spacing: 0; }
.sheet { overflow-x: auto; }
.sheet table { border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums; }
.sheet th, .sheet td { text-align: left; padding: .32rem .9rem .32rem 0; border: 0; border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent);
  vertical-align: top; overflow-wrap: break-word; min-width: 5.5rem; }
.sheet thead th { font-weight: 620; }
.sheet tbody th { font-weight: 450; opacity: .66; }
.sheet td.best { font-weight: 680; color: var(--accent); }
.sheet td.best::after { content: " best"; font-size: .68rem; font-weight: 500; opacity: .8; }
.gauge { height: 7px; border-radius: 4px; background: color-mix(in srgb, currentColor 13%, transparent); overflow: hidden; }
.gauge i { display: block; height: 100%; border-radius: 4px; background: var(--accent); transition: width .25s ease; }
.gauge:has(b) { position: relative; overflow: visible; }
.gauge b { position: absolute; top: -3px; bottom: -3px; width: 2px; background: currentColor; }
.pill { display: inline-block; font-size: .74rem; font-weight: 600; padding: .12rem .55rem; border-radius: 99px; vertical-align: .12em;
  background: color-mix(in srgb, currentColor 9%, transparent); }
.pill.running, .pill.loading { background: color-mix(in srgb, var(--accent) 22%, transparent); }
.pill.failed { background: color-mix(in srgb, var(--red) 24%, transparent); }
.finding { border-left: 3px solid var(--orange); padding: .1rem 0 .1rem .75rem; margin: 0 0 .55rem; line-height: 1.45; font-size: .92rem; }
.finding.problem { border-color: var(--red); }
.finding.good { border-color: var(--green); }
.finding span { opacity: .75; display: block; font-size: .87rem; }

/* inside a network */
.shots.six { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 5px; }
.shots.six figure { width: auto !important; }
.shots.six .px { width: 100%; border-radius: 4px; }
@media (min-width: 641px) { .st-key-inside-layer [data-testid="stColumn"]:last-child > [data-testid="stVerticalBlock"] { position: sticky; top: 4.2rem; height: fit-content; } }
.shots.edged .px { outline: 1px solid color-mix(in srgb, currentColor 14%, transparent); outline-offset: -1px; }
.titled { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: .2rem 1rem; }
.signed-scale { display: flex; align-items: center; gap: .4rem; font-size: .72rem; opacity: .8; font-variant-numeric: tabular-nums; }
.signed-scale i { width: 90px; height: 8px; border-radius: 4px; background: linear-gradient(90deg, #a8d0ff, #2f6bea, #12181a, #d63c30, #ffcdaa); }
.layer-table { font-size: .9rem; font-variant-numeric: tabular-nums; }
.layer-table .cells { display: grid; grid-template-columns: minmax(0, 2.4fr) minmax(0, 1.1fr) minmax(0, 1fr) minmax(0, 1fr); gap: .2rem 1rem; padding: .38rem .3rem; align-items: baseline; list-style: none; }
.layer-table summary::-webkit-details-marker { display: none; }
.layer-table summary { cursor: pointer; border-bottom: 1px solid color-mix(in srgb, currentColor 10%, transparent); }
.layer-table summary:hover { background: color-mix(in srgb, currentColor 5%, transparent); }
.layer-table .head { font-size: .74rem; opacity: .62; }
.layer-table .eyebrow { margin: .9rem 0 0 .3rem; }
.layer-table .step { font-size: .8rem; opacity: .72; padding: .12rem .3rem .12rem 1.2rem; }
.layer-table .sum { font-weight: 620; border-top: 1px solid color-mix(in srgb, currentColor 30%, transparent); margin-top: .3rem; }
.layer-table i { display: block; height: 4px; min-width: 1px; border-radius: 2px; background: var(--accent); margin-top: 3px; }
.probes { overflow-x: auto; }
.probes table { border-collapse: collapse; font-size: .87rem; font-variant-numeric: tabular-nums; width: 100%; }
.probes th, .probes td { text-align: right; padding: .3rem .5rem; border-bottom: 1px solid color-mix(in srgb, currentColor 10%, transparent); font-weight: 450; }
.probes th:first-child { text-align: left; }
.probes tr:first-child th { font-size: .74rem; opacity: .62; }
.pill.tag { background: none; box-shadow: inset 0 0 0 1px color-mix(in srgb, currentColor 20%, transparent); font-weight: 500; }
.tags { margin: .35rem 0 0; display: flex; flex-wrap: wrap; gap: .3rem; }
.st-key-storage > [data-testid="stElementContainer"]:first-child { flex: 1 1 12rem; width: auto !important; min-width: 0; }
.st-key-run-head > [data-testid="stElementContainer"]:has(.pill) { flex: 0 0 auto; width: auto !important; }
[data-testid="stLayoutWrapper"]:has(> .st-key-selection) { position: sticky; top: 3.9rem; z-index: 10; }  /* in reach from every card */
.st-key-selection { background: light-dark(#fbfaf8, #121514); }
[class*="st-key-card-"]:has([class*="st-key-pick-"] input:checked) { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
.timeline { list-style: none; margin: 0 !important; padding: 0 !important; font-size: .92rem; line-height: 1.45; }
.timeline li { display: grid; grid-template-columns: 11rem 1fr; gap: 0 .8rem; margin: 0 !important; padding: .3rem 0 .3rem .75rem !important; border-left: 3px solid color-mix(in srgb, currentColor 13%, transparent); overflow-wrap: anywhere; }
.timeline li.good { border-color: var(--green); }
.timeline li.warning { border-color: var(--orange); }
.timeline li.problem { border-color: var(--red); }
.timeline time { opacity: .66; font-variant-numeric: tabular-nums; }

.st-key-host-line p { font-size: .87rem; }
.checklist { list-style: none; margin: 0 !important; padding: 0 !important; }
.checklist li { display: grid; grid-template-columns: 5.4rem minmax(0, 1fr) auto; gap: .2rem .9rem; align-items: center; margin: 0 !important; padding: .6rem 0 !important; min-height: 3.6rem;
  border-bottom: 1px solid color-mix(in srgb, currentColor 11%, transparent); }
.checklist .pill { justify-self: start; }
.checklist .good .pill { background: color-mix(in srgb, var(--green) 20%, transparent); }
.checklist .problem .pill { background: color-mix(in srgb, var(--red) 26%, transparent); }
.checklist .now .pill { background: color-mix(in srgb, var(--accent) 22%, transparent); }
.checklist .waits { opacity: .6; }
.checklist span:not(.pill) { display: block; font-size: .87rem; opacity: .72; line-height: 1.45; overflow-wrap: anywhere; }
.checklist img { width: auto !important; max-width: 15rem; max-height: 5rem; }

.swatch { display: inline-block; width: 1.6rem; height: 1.6rem; border-radius: 6px; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); vertical-align: middle; }

/* the accent of the dark theme is light: white on it cannot be read */
[data-testid="stBaseButton-primary"]:not(:disabled) { color: light-dark(#fff, #05201c) !important; }

/* cards whose button is the whole foot */
[class*="st-key-card-"] { transition: border-color .15s ease, transform .15s ease; overflow: hidden; }
[class*="st-key-card-"]:hover { border-color: var(--accent); }
.st-key-sources .muted { font-size: .78rem; }
.st-key-sources [data-testid="stColumn"] > [data-testid="stVerticalBlock"],
.st-key-sources [data-testid="stColumn"] [data-testid="stLayoutWrapper"], [class*="card-source-"], [class*="chosen-source-"] { height: 100%; }
.st-key-sources [data-testid="stElementContainer"]:has(button) { margin-top: auto; }
.st-key-sources .cover { aspect-ratio: 7/4; }
.st-key-sources .cover span { font-size: .76rem; margin: .4rem; padding: 0; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
.st-key-sources [data-testid="stVerticalBlock"] { gap: .5rem; }
.st-key-sources button { padding: .25rem .3rem; }
[class*="st-key-chosen-"] { border-color: var(--accent) !important; box-shadow: 0 0 0 1px var(--accent); }
[class*="st-key-courier-"], [data-testid="stLayoutWrapper"]:has(> .st-key-visitor-unseen) { display: none; }
.st-key-public-notice > [data-testid="stElementContainer"]:first-child { flex: 1 1 16rem; width: auto !important; min-width: 0; }
[data-testid="stLayoutWrapper"]:has(> .st-key-unseen) { position: absolute; top: 0; left: 0; width: 200px; height: 1px; overflow: hidden; visibility: hidden; }
.st-key-unseen { width: 200px !important; min-width: 0 !important; }
/* on a phone a row of links, where Streamlit would have a drawer that stays open over the page */
@media (min-width: 769px) { [data-testid="stLayoutWrapper"]:has(> .st-key-phone-menu) { display: none; } }
@media (max-width: 768px) {
  .st-key-phone-menu { display: flex; flex-wrap: nowrap; gap: 0; justify-content: space-between; margin: -.1rem 0 .2rem; }
  .st-key-phone-menu [data-testid="stPageLink"] a { flex-direction: column; padding: .2rem .1rem; gap: 0; min-width: 2.5rem; align-items: center; }
  .st-key-phone-menu [data-testid="stPageLink"] p { font-size: .66rem; white-space: nowrap; }
  [data-testid="stSidebar"], [data-testid="stExpandSidebarButton"] { display: none !important; }
}
@media (max-width: 640px) {
  .block-container { padding-left: 1rem; padding-right: 1rem; }
  .st-key-sources [data-testid="stColumn"] { min-width: calc(50% - 1rem) !important; flex: 0 1 calc(50% - .3rem) !important; }
  .shots.fill.small figcaption { font-size: .56rem; }
  .shots.fill.many { grid-auto-flow: row; grid-template-columns: repeat(5, 1fr); }
  .st-key-toolbar { gap: .5rem; }
  .st-key-toolbar > [data-testid="stElementContainer"]:nth-child(1) { flex: 1 0 100%; }
  .st-key-toolbar > [data-testid="stElementContainer"]:nth-child(2) { flex: 1 1 7rem; width: auto !important; min-width: 0; }
  .st-key-selection, .st-key-selection > div > [data-testid] { gap: .45rem; padding: .4rem; }
  .timeline li { grid-template-columns: 1fr; }
  .checklist li { grid-template-columns: 4.2rem minmax(0, 1fr); }
  .checklist img { grid-column: 2; justify-self: start; max-width: 100%; }
  [class*="st-key-term-t"] .px { max-width: 128px; }
  .layer-table { font-size: .78rem; }
  .st-key-inside-layer [data-testid="stHorizontalBlock"] { flex-flow: column; gap: 1rem; }
  .st-key-inside-layer [data-testid="stColumn"]:first-child, .st-key-inside-layer [data-testid="stColumn"]:first-child > [data-testid="stVerticalBlock"] { display: contents; }
  .st-key-inside-layer [data-testid="stLayoutWrapper"]:has(> .st-key-inside-weights) { order: 2; }
  .layer-table .cells { gap: .2rem .5rem; }
  .st-key-sources [data-testid="stHorizontalBlock"] { gap: .6rem; }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
</style>
"""


def apply() -> None:
    """Puts the sheet into the page; called once per run, before anything is shown."""
    st.html(CSS)
    st.logo(str(Path(__file__).parent / "static" / "mark.svg"), size="large")


def menu_of_a_phone(pages: Sequence[StreamlitPage]) -> None:
    """A row of links to all pages, which only a narrow screen shows."""
    with st.container(key="phone-menu", horizontal=True):
        for page in pages:
            if page.visibility == "hidden":
                continue
            st.page_link(page, label=page.title.split()[0], icon=page.icon)
