"""The script of the pages, as a file: nothing inline, so that a strict policy lets it in."""

from __future__ import annotations

from typing import Final

from bistro.http import Response
from bistro.routing import Routes

SCRIPT: Final = """\
// A form with data-passkey="create" or "get" asks its data-options for a challenge, has the device
// answer it, and sends the answer to its own action. With "autofill" the browser offers passkeys where
// a name is typed, and nobody has to click.
(() => {
  const decode = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
  const encode = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");
  const send = async (url, content) => {
    const reply = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(content),
    });
    const found = await reply.json();
    if (!reply.ok) throw new Error(found.detail || found.title);
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
  const get = async (options, how) => {
    const found = await navigator.credentials.get({ ...how, publicKey: {
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
  const answer = async (form, credential) => {
    const fields = Object.fromEntries(new FormData(form));
    location.assign((await send(form.action, { ...fields, credential })).url);
  };
  const autofill = async (form) => {
    const known = window.PublicKeyCredential;
    if (!known || !known.isConditionalMediationAvailable) return;
    if (!(await known.isConditionalMediationAvailable())) return;
    const note = form.querySelector("[role=status]");
    let current, timer;
    const begin = async () => {
      clearTimeout(timer);
      if (current) current.abort();
      if (document.hidden) return;
      const own = current = new AbortController();
      try {
        const options = await send(form.dataset.options, {});
        if (own.signal.aborted) return;
        // The site forgets its question after a while; a page that is left open asks anew.
        timer = setTimeout(begin, options.timeout * 0.8);
        const credential = await get(options, { mediation: "conditional", signal: own.signal });
        clearTimeout(timer);
        document.removeEventListener("visibilitychange", begin);
        // Not asked anew behind a refusal: a browser that answers by itself would never stop.
        await answer(form, credential).catch((error) => {
          note.textContent = error.message;
          note.hidden = false;
        });
      } catch {
        // Nobody has asked for anything, so that nothing is said: there is the password still.
      }
    };
    document.addEventListener("visibilitychange", begin);
    begin();
  };
  for (const form of document.querySelectorAll("form[data-passkey=autofill]")) autofill(form);
  for (const form of document.querySelectorAll("form[data-passkey=create], form[data-passkey=get]")) {
    const note = form.querySelector("[role=status]");
    const say = (text) => { note.textContent = text; note.hidden = !text; };
    if (!window.PublicKeyCredential) say(note.dataset.missing);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      say("");
      const act = form.dataset.passkey === "create" ? create : get;
      try {
        await answer(form, await act(await send(form.dataset.options, {})));
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
