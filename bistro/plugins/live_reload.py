"""The browser loads a page anew when the development server has started again with a change.

How it works: each page gets a small script, which listens to a stream of events of the worker that
made the page. The first event names the worker. A change of files ends the worker; the browser
connects again by itself, hears another name, and loads the page anew. Where the app can't start, the
server's parent answers 503; its text is shown over the page until that is mended.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import ClassVar

from bistro.app import Setup
from bistro.ground import find_environment
from bistro.http import Event, EventStream, Request, Response

EVENTS = "/_bistro/reload"
SCRIPT = "/_bistro/reload.js"
RETRY_SECONDS = 0.3


@dataclass(frozen=True)
class LiveReload:
    """Let browsers load pages anew after a change, and show over the page that the app can't start.

    `bistro run` has it in development. In production it adds nothing.
    """

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Add the script to pages, and what it listens to."""
        if find_environment() == "production":
            return
        worker = os.urandom(8).hex()

        async def tell() -> AsyncIterator[Event]:
            yield Event(worker, retry_seconds=RETRY_SECONDS)
            await asyncio.Event().wait()  # until the client or the worker goes away

        async def live_reload_events() -> EventStream[Event]:
            return EventStream(tell())

        add = setup.routes.get
        add(EVENTS, include_in_schema=False, without_app_hooks=True, public=True)(live_reload_events)
        add(SCRIPT, blocking=False, include_in_schema=False, without_app_hooks=True, public=True)(
            live_reload_script
        )
        setup.after(add_script)


def live_reload_script() -> Response:
    """The script."""
    headers = {"cache-control": "no-store"}
    return Response(JAVASCRIPT, content_type="text/javascript; charset=utf-8", headers=headers)


def add_script(request: Request, response: Response) -> None:
    """Put the script at the end of whole pages of HTML; other answers stay as they are."""
    headers = response.headers
    is_page = (headers.get("content-type") or "").startswith("text/html")
    if response.is_stream or not is_page or "content-encoding" in headers:
        return
    body = response.body
    at = body.lower().rfind(b"</body>")
    if at < 0:
        if not body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html")):
            return
        at = len(body)
    tag = f'<script src="{request.url_for(live_reload_script)}" async></script>'.encode()
    response.body = body[:at] + tag + body[at:]
    policy = headers.get("content-security-policy")
    if policy and "script-src" not in policy and "default-src 'none'" in policy:
        headers["content-security-policy"] = f"{policy}; script-src 'self'; connect-src 'self'"


JAVASCRIPT = """\
(() => {
  const url = document.currentScript.src.replace(/\\.js$/, "");
  let worker = null, events = null, box = null;
  const connect = () => {
    events = new EventSource(url);
    events.onmessage = (event) => {
      if (box || (worker !== null && worker !== event.data)) location.reload();
      worker = event.data;
    };
    // A connection that breaks off is made again by the browser; an answer such as 503 ends it.
    events.onerror = () => { if (events.readyState === EventSource.CLOSED) explain(); };
  };
  const explain = async () => {
    try {
      const answer = await fetch(url, { cache: "no-store" });
      if (answer.ok) return location.reload();
      show(new DOMParser().parseFromString(await answer.text(), "text/html").body.textContent);
    } catch { /* nobody listens yet */ }
    setTimeout(explain, 700);
  };
  const show = (text) => {
    box = box || document.body.appendChild(document.createElement("div"));
    box.setAttribute("role", "alert");
    box.id = "bistro-reload";
    Object.assign(box.style, {
      position: "fixed", inset: "0 0 auto 0", zIndex: "2147483647", padding: "1rem 1.5rem",
      background: "#a5281b", color: "#fff", font: "1rem/1.5 system-ui, sans-serif",
    });
    box.textContent = text;
  };
  // Browsers keep few connections to one server: a page that nobody looks at needs none.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) connect(); else if (events) events.close();
  });
  if (!document.hidden) connect();
})();
"""
