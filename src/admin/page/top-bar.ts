/** The head of the page: which node, which session, how good it all is, how much comes in. And the banner below it. */
import type { ChannelJson } from "../views/channel.ts";
import type { StatusJson } from "../views/node.ts";
import { Cell } from "./dom.ts";
import { compact, timeOfDay, whole } from "./format.ts";

export class TopBar {
  readonly #node = Cell.byId("node");
  readonly #version = Cell.byId("version");
  readonly #session = Cell.byId("session");
  readonly #instruments = Cell.byId("instrument-count");
  readonly #orders = Cell.byId("order-count");
  readonly #rate = Cell.byId("message-rate");
  readonly #clock = Cell.byId("clock");
  readonly #quality = Cell.byId("quality");
  readonly #banner = Cell.byId("banner");

  show(status: StatusJson, channel: ChannelJson | undefined): void {
    this.#node.text(status.node);
    this.#version.text(`${status.version} · ${status.commit.slice(0, 7)}`);
    this.#session.text(channel?.session || "–");
    this.#instruments.text(whole(status.instruments));
    this.#orders.text(whole(status.orders));
    this.#rate.text(compact(status.messages_per_second));
    this.#clock.text(channel ? timeOfDay(channel.feed_state.ts_event_ns, 0) : "–");
    this.#quality.text(status.quality);
    this.#quality.data("quality", status.quality);
    this.#quality.node.title = status.quality_reason;
    document.title = `fathom · ${status.node}`;
  }

  /** `reason`: why the page is disconnected; undefined when it is not. */
  disconnected(reason: string | undefined): void {
    this.#banner.node.hidden = reason === undefined;
    document.body.dataset["link"] = reason === undefined ? "up" : "down";
    if (reason === undefined) return;
    this.#banner.text(`Disconnected: ${reason}. Everything below is from before; trying again…`);
    this.#quality.text("disconnected");
    this.#quality.data("quality", "disconnected");
  }
}
