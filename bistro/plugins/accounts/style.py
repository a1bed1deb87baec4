"""The style sheet of the pages, as a file: nothing inline, so that a strict policy lets it in."""

from __future__ import annotations

from typing import Final

from bistro.http import Response
from bistro.routing import Routes

STYLE: Final = """\
:root { color-scheme: light dark; --ground: #fbfaf7; --ink: #23211d; --quiet: #5f5a50; --link: #0b5c86;
  --line: #8c8577; --wrong: #a3231b; --button: #0b5c86; --on-button: #ffffff }
@media (prefers-color-scheme: dark) {
  :root { --ground: #181715; --ink: #ece8df; --quiet: #b4ad9f; --link: #7cc4ec; --line: #8c8577;
    --wrong: #ff9c92; --button: #7cc4ec; --on-button: #10151a }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1.0625rem/1.55 system-ui, sans-serif }
main { max-width: 30rem; margin: 0 auto; padding: clamp(1.5rem, 8vh, 5rem) 1.25rem 3rem;
  overflow-wrap: anywhere }
h1 { margin: 0 0 1.25rem; font-size: 1.75rem; line-height: 1.2; text-wrap: balance }
h2 { margin: 2rem 0 .5rem; font-size: 1.2rem }
p, ul, ol { margin: 0 0 1rem }
a { color: var(--link); text-underline-offset: .2em }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px }
.field { margin: 0 0 1rem; padding: 0; border: 0 }
.field > label { display: block; font-weight: 600; margin-bottom: .25rem }
.field > input[type=checkbox] + label { display: inline; font-weight: 400 }
input:not([type=checkbox], [type=radio]), select, textarea { width: 100%; padding: .55rem .65rem;
  font: inherit; color: inherit; background: transparent; border: 1px solid var(--line);
  border-radius: .35rem }
input[type=checkbox] { width: 1.1rem; height: 1.1rem; vertical-align: -.15rem }
button { padding: .6rem 1.1rem; font: inherit; font-weight: 600; color: var(--on-button);
  background: var(--button); border: 1px solid var(--button); border-radius: .35rem; cursor: pointer }
button.quiet { color: var(--link); background: transparent }
.help { margin: 0 0 .25rem; color: var(--quiet); font-size: .95rem }
.error, .error-summary { color: var(--wrong) }
.error { margin: 0 0 .25rem; font-weight: 600 }
.error-summary { margin: 0 0 1.5rem; padding: .75rem 1rem; border: 2px solid currentColor;
  border-radius: .35rem }
.error-summary h2 { margin: 0 0 .25rem; font-size: 1.05rem }
.error-summary ul { margin: 0; padding-left: 1.1rem }
.error-summary a { color: inherit }
.links { margin-top: 1.75rem; padding: 0; list-style: none }
.links li { margin-bottom: .4rem }
.code { font: 600 1.35rem/1.4 ui-monospace, monospace; letter-spacing: .12em }
li.code { font-size: min(1.35rem, 5vw); letter-spacing: .06em; white-space: nowrap }
table { width: 100%; border-collapse: collapse; margin-bottom: 1rem }
th, td { padding: .5rem .5rem .5rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line) }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap }
th { overflow-wrap: break-word }
td:first-child { min-width: 6rem }
td:not(:first-child), td time { white-space: nowrap }
td.moment { white-space: normal }
legend { padding: 0; font-weight: 600 }
form.inline { display: inline }
.notice { padding: .6rem .9rem; border-left: .25rem solid var(--link) }
"""
HEADERS: Final = {"cache-control": "public, max-age=3600"}


def add_style(routes: Routes) -> None:
    """Serve it among the pages."""
    routes.get("/style.css", name="style", public=True, include_in_schema=False, without_app_hooks=True)(
        send_style
    )


async def send_style() -> Response:
    """The style sheet."""
    return Response(STYLE.encode(), content_type="text/css; charset=utf-8", headers=HEADERS)
