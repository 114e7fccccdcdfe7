/**
 * The health of a channel and of its lines side by side: what each delivered, won and lost, how far ahead it was, the
 * gaps and how they ended. Built once for the channel's lines, then only written to.
 */
import type { ChannelJson, LineJson } from "../views/channel.ts";
import { Cell, make } from "./dom.ts";
import { compact, duration, share, whole } from "./format.ts";
import { Sparkline } from "./sparkline.ts";

type Metric<T> = [label: string, value: (of: T) => string, warns?: (of: T) => boolean];

const LINE_METRICS: Metric<LineJson>[] = [
  ["Packets/s", (line) => compact(line.packets_per_second)],
  ["Received", (line) => `${compact(line.bytes)}B`],
  ["Won", (line) => share(line.won, line.won + line.duplicates)],
  ["Duplicates", (line) => compact(line.duplicates)],
  ["Lost", (line) => whole(line.lost), (line) => line.lost > 0],
  ["Out of order", (line) => whole(line.reordered)],
  ["Bad packets", (line) => whole(badPackets(line)), (line) => badPackets(line) > 0],
  ["Kernel drops", (line) => whole(line.kernel_drops), (line) => line.kernel_drops > 0],
];

const CHANNEL_METRICS: Metric<ChannelJson>[] = [
  ["Sequence", (channel) => whole(channel.next_sequence)],
  ["Re-requests", (channel) => `${whole(channel.requests.answered)} of ${whole(channel.requests.sent)}`],
  ["Held back", (channel) => `${whole(channel.reorder.depth)}, most ${whole(channel.reorder.depth_max)}`],
  ["Bad messages", (channel) => whole(channel.bad_messages.total), (channel) => channel.bad_messages.total > 0],
  ["Gaps", (channel) => whole(channel.gaps.opened)],
  ["Repaired", (channel) => whole(channel.gaps.repaired)],
  ["Open now", (channel) => whole(channel.gaps.open), (channel) => channel.gaps.open > 0],
  ["Lost for good", (channel) => whole(channel.gaps.lost_messages), (channel) => channel.gaps.lost_messages > 0],
];

function badPackets(line: LineJson): number {
  return Object.values(line.bad_packets).reduce((sum, count) => sum + count, 0);
}

class Metrics<T> {
  readonly node = make("dl", "metrics");
  readonly #metrics: Metric<T>[];
  readonly #cells: Cell[];

  constructor(metrics: Metric<T>[]) {
    this.#metrics = metrics;
    this.#cells = metrics.map(([label]) => {
      const cell = Cell.make("dd", "");
      this.node.append(make("div", "", make("dt", "", label), cell.node));
      return cell;
    });
  }

  show(of: T): void {
    for (const [i, [, value, warns]] of this.#metrics.entries()) {
      this.#cells[i]!.text(value(of));
      this.#cells[i]!.data("warn", String(warns?.(of) ?? false));
    }
  }
}

/** A card: a title with a quality, a graph with its own number, and the metrics. */
class Card<T extends { quality: string }> {
  readonly node: HTMLElement;
  readonly graph: Sparkline;
  readonly #title = Cell.make("h3", "");
  readonly #note = Cell.make("span", "dim note");
  readonly #dot = Cell.make("span", "dot");
  readonly #number = Cell.make("strong", "");
  readonly #metrics: Metrics<T>;

  constructor(className: string, graphLabel: string, metrics: Metric<T>[]) {
    this.graph = new Sparkline("spark");
    this.#metrics = new Metrics(metrics);
    const head = make("div", "card-head", this.#dot.node, this.#title.node, this.#note.node);
    const label = make("div", "graph-label", make("span", "", graphLabel), this.#number.node);
    this.node = make("section", `panel card ${className}`, head, label, this.graph.canvas, this.#metrics.node);
  }

  show(of: T, title: string, note: string, value: number, text: string): void {
    this.#title.text(title);
    this.#note.text(note);
    this.#dot.data("quality", of.quality);
    this.#dot.node.title = of.quality;
    this.#number.text(text);
    this.#metrics.show(of);
    this.graph.push(value);
  }
}

export class LinesPanel {
  readonly #node: HTMLElement;
  #built = "";
  #channel: Card<ChannelJson> | undefined;
  #lines: Card<LineJson>[] = [];

  constructor(node: HTMLElement) {
    this.#node = node;
  }

  /** To be called at a steady pace: every call is one point of the graphs. */
  show(channel: ChannelJson): void {
    const form = `${channel.name} ${channel.lines.map((line) => line.name).join(" ")}`;
    if (form !== this.#built) this.#build(form, channel);
    const rate = channel.messages_per_second;
    const note = `${channel.feed} · ${channel.state}`;
    this.#channel!.show(channel, `Channel ${channel.name}`, note, rate, `${compact(rate)}/s`);
    for (const [i, line] of channel.lines.entries()) {
      const where = `${line.group}:${line.port} on ${line.interface}`;
      const lead = line.won === 0 ? "–" : duration(line.lead_mean_ns);
      this.#lines[i]!.show(line, `Line ${line.name.toUpperCase()}`, where, line.lead_mean_ns, lead);
    }
  }

  /** In new colours. */
  redraw(): void {
    for (const card of [this.#channel, ...this.#lines]) card?.graph.draw();
  }

  #build(form: string, channel: ChannelJson): void {
    this.#built = form;
    this.#channel = new Card("channel", "Messages", CHANNEL_METRICS);
    this.#lines = channel.lines.map((line) => new Card(`line line-${line.name}`, "Lead when first", LINE_METRICS));
    this.#node.replaceChildren(this.#channel.node, ...this.#lines.map((card) => card.node));
  }
}
