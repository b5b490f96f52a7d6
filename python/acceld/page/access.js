// Who is looking: the token's dialog, and what the service allows its holder.

import { ask, keepToken, readToken } from "./api.js";
import { element, icon, refill } from "./dom.js";

/** The button at the top and its dialog. `changed(about)` hears of new rights. */
export function accessControl(button, dialog, changed) {
  const input = element("input", { type: "password", id: "token", autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": "token-hint token-fault" });
  const fault = element("p", { id: "token-fault", class: "fault", role: "alert" });
  const forget = element("button", { class: "button quiet", type: "button", onclick: () => use("") }, "Forget the token");
  const form = element(
    "form", { onsubmit: (event) => { event.preventDefault(); use(input.value.trim()); } },
    element("h2", { id: "token-title" }, "Enter the token"),
    element("p", { id: "token-hint", class: "muted" }, "The text of ", element("code", {}, "server.token"), " in the service's configuration. This tab keeps it until it is closed; it is sent in a header and nowhere else."),
    element("label", { for: "token" }, "Token"), input, fault,
    element("div", { class: "buttons" }, forget, element("span", { class: "spacer" }),
      element("button", { class: "button quiet", type: "button", onclick: () => dialog.close() }, "Close"),
      element("button", { class: "button primary", type: "submit" }, "Use it")),
  );
  dialog.append(form);
  button.addEventListener("click", open);

  function open() {
    input.value = "";
    fault.textContent = "";
    forget.hidden = !readToken();
    if (!dialog.open) dialog.showModal();
    input.focus();
  }

  /** Keeps a token only when it opens something. */
  async function use(token) {
    try {
      const { data } = await ask("about", { token });
      if (token && !data.may_change) {
        fault.textContent = "The service does not know this token.";
        input.select();
        return;
      }
      keepToken(token);
      dialog.close();
      show(data);
      changed(data);
    } catch (error) {
      fault.textContent = error.message;
    }
  }

  function show(about) {
    const [name, word, title] = about.may_change
      ? ["unlock", readToken() ? "Token in use" : "Open to all", "Tasks may be cancelled and retried"]
      : ["lock", about.may_read ? "Read-only" : "Locked", "Enter the token"];
    refill(button, word, () => [icon(name), element("span", {}, word)]);
    button.title = title;
  }

  return { open, show };
}
