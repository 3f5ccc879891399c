/** For `node --import`: what the program asks of one address goes to another. The program itself knows the cloud's address alone. */
const original = globalThis.fetch;

globalThis.fetch = (input, init) => {
  const { REDIRECTED_ORIGIN: origin, REDIRECTED_TO: to } = process.env;
  const url = String(input);
  return original(origin && to && url.startsWith(`${origin}/`) ? to + url.slice(origin.length) : url, init);
};
