/** Things that are due at a time: a binary heap on typed arrays, ties in the order of their coming. */

const FIRST_CAPACITY = 256;

export class TimeQueue {
  count = 0;
  #dueNs = new Float64Array(FIRST_CAPACITY);
  #order = new Float64Array(FIRST_CAPACITY);
  #value = new Float64Array(FIRST_CAPACITY);
  #pushed = 0;

  push(dueNs: number, value: number): void {
    if (this.count === this.#dueNs.length) this.#grow();
    let at = this.count++;
    const order = this.#pushed++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#dueNs[parent]! <= dueNs) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, dueNs, order, value);
  }

  /** When the first is due; Infinity when there is none. */
  get nextNs(): number {
    return this.count === 0 ? Number.POSITIVE_INFINITY : this.#dueNs[0]!;
  }

  /** The first. */
  peek(): number {
    return this.#value[0]!;
  }

  /** Takes the first out. */
  pop(): number {
    const value = this.#value[0]!;
    const last = --this.count;
    if (last > 0) this.#sink(this.#dueNs[last]!, this.#order[last]!, this.#value[last]!);
    return value;
  }

  clear(): void {
    this.count = 0;
  }

  #sink(dueNs: number, order: number, value: number): void {
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.count) break;
      if (child + 1 < this.count && this.#before(child + 1, this.#dueNs[child]!, this.#order[child]!)) child++;
      if (!this.#before(child, dueNs, order)) break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, dueNs, order, value);
  }

  #before(i: number, dueNs: number, order: number): boolean {
    return this.#dueNs[i]! < dueNs || (this.#dueNs[i] === dueNs && this.#order[i]! < order);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#dueNs[from]!, this.#order[from]!, this.#value[from]!);
  }

  #put(at: number, dueNs: number, order: number, value: number): void {
    this.#dueNs[at] = dueNs;
    this.#order[at] = order;
    this.#value[at] = value;
  }

  #grow(): void {
    this.#dueNs = larger(this.#dueNs);
    this.#order = larger(this.#order);
    this.#value = larger(this.#value);
  }
}

function larger(array: Float64Array): Float64Array<ArrayBuffer> {
  const twice = new Float64Array(array.length * 2);
  twice.set(array);
  return twice;
}
