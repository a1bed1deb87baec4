"""The script of the pages, as a file: nothing inline, so that a strict policy lets it in."""

from __future__ import annotations

from typing import Final

from bistro.http import Response
from bistro.routing import Routes

SCRIPT: Final = """\
// A form with data-passkey="create" or "get" asks its data-options for a challenge, has the device
// answer it, and sends the answer to its own action.
(() => {
  const decode = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
  const encode = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");
  const send = async (url, content) => {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(content),
    });
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.detail || found.title);
    return found;
  };
  const described = (list) => (list || []).map((each) => ({ ...each, id: decode(each.id) }));
  const create = async (options) => {
    const made = await navigator.credentials.create({ publicKey: {
      ...options, challenge: decode(options.challenge),
      user: { ...options.user, id: decode(options.user.id) },
      excludeCredentials: described(options.excludeCredentials),
    } });
    return answerOf(made, {
      attestationObject: encode(made.response.attestationObject),
      transports: made.response.getTransports ? made.response.getTransports() : [],
    });
  };
  const get = async (options) => {
    const found = await navigator.credentials.get({ publicKey: {
      ...options, challenge: decode(options.challenge),
      allowCredentials: described(options.allowCredentials),
    } });
    const handle = found.response.userHandle;
    return answerOf(found, {
      authenticatorData: encode(found.response.authenticatorData),
      signature: encode(found.response.signature),
      userHandle: handle ? encode(handle) : null,
    });
  };
  const answerOf = (credential, response) => ({
    id: credential.id, rawId: encode(credential.rawId), type: credential.type,
    clientExtensionResults: {},
    response: { clientDataJSON: encode(credential.response.clientDataJSON), ...response },
  });
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const note = form.querySelector("[role=status]");
    const say = (text) => { note.textContent = text; note.hidden = !text; };
    if (!window.PublicKeyCredential) say(note.dataset.missing);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      say("");
      const act = form.dataset.passkey === "create" ? create : get;
      try {
        const credential = await act(await send(form.dataset.options, {}));
        const fields = Object.fromEntries(new FormData(form));
        location.assign((await send(form.action, { ...fields, credential })).url);
      } catch (error) {
        // Somebody who has closed the question, or waited too long, need not be told what it was.
        say(error.name === "NotAllowedError" ? note.dataset.stopped : error.message);
      }
    });
  }
})();
"""
HEADERS: Final = {"cache-control": "public, max-age=3600"}


def add_script(routes: Routes) -> None:
    """Serve it among the pages."""
    routes.get("/passkeys.js", name="script", public=True, include_in_schema=False, without_app_hooks=True)(
        send_script
    )


async def send_script() -> Response:
    """The script."""
    return Response(SCRIPT.encode(), content_type="text/javascript; charset=utf-8", headers=HEADERS)
