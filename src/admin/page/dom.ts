/** The little that the page wants of the DOM: nodes are made once, and afterwards only written to where they differ. */

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const node = document.getElementById(id);
  if (!node) throw new Error(`the page has no #${id}`);
  return node as T;
}

export function make(tag: string, className: string, ...children: (Node | string)[]): HTMLElement {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
}

/** A node's text, its class and its one style property, each written only when it changes. */
export class Cell {
  readonly node: HTMLElement;
  readonly #text = document.createTextNode("");
  #shown = "";

  constructor(node: HTMLElement) {
    this.node = node;
    node.replaceChildren(this.#text);
  }

  static make(tag: string, className: string): Cell {
    return new Cell(make(tag, className));
  }

  static byId(id: string): Cell {
    return new Cell(byId(id));
  }

  text(text: string): void {
    if (text === this.#shown) return;
    this.#shown = text;
    this.#text.data = text;
  }

  data(name: string, value: string): void {
    if (this.node.dataset[name] !== value) this.node.dataset[name] = value;
  }
}

/** A bar or a flash: a node with one number that becomes a style, written only when it has moved visibly. */
export class Gauge {
  readonly node: HTMLElement;
  readonly #write: (style: CSSStyleDeclaration, value: number) => void;
  #shown = -1;

  constructor(node: HTMLElement, write: (style: CSSStyleDeclaration, value: number) => void) {
    this.node = node;
    this.#write = write;
  }

  static bar(node: HTMLElement): Gauge {
    return new Gauge(node, (style, value) => {
      style.transform = `scaleX(${value.toFixed(3)})`;
    });
  }

  static flash(node: HTMLElement): Gauge {
    return new Gauge(node, (style, value) => {
      style.opacity = value.toFixed(2);
    });
  }

  set(value: number): void {
    if (Math.abs(value - this.#shown) < 0.002) return;
    this.#shown = value;
    this.#write(this.node.style, value);
  }
}
