/** Names that are banned outside io/. In "Date.now()" as a text or a comment, Date.now(), there is no fault. */
export const now = Date.now(); // canary: banned-name
export const ticks = performance.now(); // canary: banned-name
export const luck = Math.random(); // canary: banned-name
export const today = new Date(); // canary: banned-name
export const then = new Date(0);
export const file = Bun.file("x"); // canary: banned-name
export const clock = Date.now; // canary: banned-name
export const hidden = globalThis.Date.now(); // canary: banned-name
setTimeout(() => {}, 1); // canary: banned-name
console.log("Date.now()"); // canary: banned-name
export const home = process.env["HOME"]; // canary: banned-name
export const socket = await Bun.udpSocket({}); // canary: banned-name
export const thread = new Worker("x"); // canary: banned-name
