/** The keyboard: / searches, ↑ and ↓ choose, Esc leaves the search. */
import { byId } from "./dom.ts";
import type { InstrumentList } from "./instrument-list.ts";

const STEPS: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20 };

export function startKeys(list: InstrumentList): void {
  const search = byId<HTMLInputElement>("search");
  search.addEventListener("input", () => list.search(search.value));
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement;
    if (event.ctrlKey || event.metaKey || event.altKey || (typing && event.target !== search)) return;
    const step = STEPS[event.key];
    if (step !== undefined) {
      event.preventDefault();
      list.step(step);
    } else if (event.key === "/" && !typing) {
      event.preventDefault();
      search.select();
      search.focus();
    } else if (event.key === "Enter" && typing) {
      list.step(0);
    } else if (event.key === "Escape" && typing) {
      search.value = "";
      list.search("");
      search.blur();
    }
  });
}
