/** The marker that lets an exception stand: good ones make no fault, bad ones are faults themselves. */
// tidy: allow banned-name the canary shows that a reason is enough
export const allowed = Date.now();
export const beside = Date.now(); // tidy: allow banned-name on the same line
export const plain = Date.now(); // canary: banned-name
/* canary: allow-marker */ // tidy: allow banned-name
export const reasonless = Date.now(); // canary: banned-name
/* canary: allow-marker */ // tidy: allow no-such-rule because
/* canary: allow-marker */ // tidy: allow banned-name nothing is banned on the next line
export const fine = 1;
