// The driver's half of the protocol of `race401 card`: one line in, one line out. See docs/your-client.md.
// A client has signIn(), get(path), signOut() and, if it has them, tab(): another client over the same storage.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

export const env = process.env;

/** Return the answer to `hello`: what the client is, and what it says of itself. */
export function about(name, docs, { world = "rfc9700", can = [], claims = [], explains = {} } = {}) {
  const manifest = new URL(`./node_modules/${name}/package.json`, import.meta.url);
  const version = JSON.parse(readFileSync(manifest)).version;
  const language = `Node ${process.versions.node.split(".")[0]}`;
  return { client: name, version, language, docs, world, can, claims, explains };
}

/** Follow the commands until `quit`. */
export async function serve(told, client) {
  const tabs = [client];
  let begun = [];
  for await (const line of createInterface({ input: process.stdin })) {
    const [word, ...given] = line.trim().split(" ");
    let waited = [];
    if (word === "quit") break;
    if (word === "begin") begun = given.map((path, k) => settled(tabs[k % tabs.length].get(path)));
    if (word === "end") waited = begun;
    if (word === "sign-in") waited = [settled(client.signIn())];
    if (word === "sign-out") waited = [settled(client.signOut())];
    if (word === "tabs") for (let k = 1; k < Number(given[0]); k++) tabs.push(client.tab());
    const failed = (await Promise.all(waited)).filter((error) => error);
    for (const error of failed) console.error(`${word}: ${error}`);
    const refused = word === "sign-in" && failed.length;
    console.log(word === "hello" ? JSON.stringify(told) : refused ? `error ${failed[0]}` : "ok");
  }
  process.exit(0); // timers of the client may still run
}

/** Ask the OAuth token endpoint; what is no success is an error. */
export async function grant(form) {
  const answer = await fetch(env.RACE401_TOKEN_URL, { method: "POST", body: new URLSearchParams(form) });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** GET a path of the API with this token, as an app without a client library of its own does. */
export async function get(path, token) {
  const answer = await fetch(env.RACE401_URL + path, { headers: { Authorization: `Bearer ${token}` } });
  await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${path}`);
}

/** Return a promise of the error, or of undefined; it is never rejected. */
function settled(promise) {
  return promise.then(() => undefined, (error) => error);
}
