/** Dark, light, or as the system has it; the choice stays in this browser. */
import { byId } from "./dom.ts";

const THEMES = ["system", "dark", "light"] as const;
type Theme = (typeof THEMES)[number];
const NAMES: Record<Theme, string> = { system: "Auto", dark: "Dark", light: "Light" };
const KEY = "fathom-theme";

/** `onChange`: what was drawn in colours (not styled in them) must be drawn again. */
export function startTheme(onChange: () => void): void {
  const button = byId("theme");
  let theme = THEMES.find((name) => name === localStorage.getItem(KEY)) ?? "system";
  const show = () => {
    document.documentElement.dataset["theme"] = theme;
    button.textContent = NAMES[theme];
    onChange();
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
    localStorage.setItem(KEY, theme);
    show();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange);
  show();
}
