/** Server-sent events out of text that arrives in pieces, cut anywhere. Sans I/O. */

export interface ServerEvent {
  event: string;
  data: string;
}

export class EventParser {
  #pending = "";

  /** The events that `text` completes. Comments are not events. */
  push(text: string): ServerEvent[] {
    const blocks = (this.#pending + text).split("\n\n");
    this.#pending = blocks.pop()!;
    return blocks.map(parseBlock).filter((event) => event.data !== "");
  }
}

function parseBlock(block: string): ServerEvent {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) event = line.slice(7);
    else if (line.startsWith("data: ")) data.push(line.slice(6));
  }
  return { event, data: data.join("\n") };
}
