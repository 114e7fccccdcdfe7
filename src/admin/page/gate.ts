/**
 * The tab's token: from the address's fragment (`#token=…`, which no server sees and which is taken off at once), then
 * from the tab's session storage, else asked for.
 */
import { byId } from "./dom.ts";

const KEY = "fathom-token";

/** The token that the tab has; "" for none. */
export function storedToken(): string {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const given = fragment.get("token");
  if (given !== null) {
    fragment.delete("token");
    const rest = fragment.toString();
    history.replaceState(null, "", location.pathname + location.search + (rest === "" ? "" : `#${rest}`));
    sessionStorage.setItem(KEY, given);
  }
  return sessionStorage.getItem(KEY) ?? "";
}

/** Shows the form until a token has been given. `reason`: what was wrong with the one before, if any. */
export function askForToken(reason: string): Promise<string> {
  const form = byId<HTMLFormElement>("token-form");
  const field = byId<HTMLInputElement>("token");
  if (reason !== "") byId("token-reason").textContent = reason;
  form.hidden = false;
  field.value = "";
  field.focus();
  return new Promise((resolve) => {
    form.addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        form.hidden = true;
        sessionStorage.setItem(KEY, field.value.trim());
        resolve(field.value.trim());
      },
      { once: true },
    );
  });
}
