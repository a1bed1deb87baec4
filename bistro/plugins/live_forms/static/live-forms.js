// Tells at each field what is wrong with it once it was filled in; asks the form's own route, whose
// handler is not called (see docs/howto/show-forms.md). Everything works without it as well.
(() => {
  "use strict";

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (/^[A-Za-z0-9_+\-/]{1,64}$/.test(zone || "") && !document.cookie.includes(`timezone=${zone}`)) {
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `timezone=${zone}; path=/; max-age=31536000; samesite=lax${secure}`;
  }

  const asked = new WeakMap();

  // The fields as a browser would send them, without files and buttons.
  const fieldsOf = (form) => {
    const data = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (typeof value === "string") data.append(name, value);
    }
    return data;
  };

  // Only the last question about an element is answered.
  const ask = async (about, form, data, headers) => {
    asked.get(about)?.abort();
    const controller = new AbortController();
    asked.set(about, controller);
    const address = form.getAttribute("action") || location.href;
    try {
      return await fetch(address, { method: "POST", body: data, headers, signal: controller.signal });
    } catch {
      return null; // the form itself will tell when it is sent
    }
  };

  const show = (input, messages) => {
    const field = input.closest(".field");
    if (!field) return;
    const first = field.querySelector("input:not([type=hidden]), select, textarea");
    const described = field.matches("fieldset") ? field : first;
    const id = `${first.id}-error`;
    field.querySelector(".error")?.remove();
    const notes = (described.getAttribute("aria-describedby") || "").split(" ").filter((each) => each && each !== id);
    if (messages.length) {
      const error = document.createElement("p");
      error.className = "error";
      error.id = id;
      error.setAttribute("role", "alert");
      for (const message of messages) {
        const part = document.createElement("span");
        part.className = "message";
        part.textContent = message;
        error.append(part);
      }
      (field.querySelector(".help") || field.querySelector("legend, label")).after(error);
      notes.push(id);
    }
    for (const each of field.matches("fieldset") ? [] : [first]) {
      if (messages.length) each.setAttribute("aria-invalid", "true");
      else each.removeAttribute("aria-invalid");
    }
    if (notes.length) described.setAttribute("aria-describedby", notes.join(" "));
    else described.removeAttribute("aria-describedby");
  };

  document.addEventListener("change", async ({ target }) => {
    const form = target.form;
    if (!form?.matches("form[data-live]") || !target.name || target.name.includes("_search:")) return;
    if (target.type === "file" || target.name.startsWith("_")) return;
    const headers = { "x-form-validate": target.name, accept: "application/json" };
    const answer = await ask(target, form, fieldsOf(form), headers);
    if (answer?.status === 204) show(target, []);
    else if (answer?.status === 422) show(target, (await answer.json()).errors.map((each) => each.message));
  });

  const search = async (box, input) => {
    const select = document.getElementById(box.dataset.search);
    const data = fieldsOf(input.form);
    data.append("_action", box.querySelector("button[name=_action]").value);
    const answer = await ask(box, input.form, data, { accept: "text/html" });
    if (!answer?.ok || select?.localName !== "select") return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById(select.id);
    if (found) select.replaceChildren(...found.children);
  };

  const waiting = new WeakMap();
  document.addEventListener("input", ({ target }) => {
    const box = target.form?.matches("form[data-live]") && target.closest("[data-search]");
    if (!box) return;
    clearTimeout(waiting.get(box));
    waiting.set(box, setTimeout(() => search(box, target), 250));
  });
})();
