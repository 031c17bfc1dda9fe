// The driver's half of the protocol of `race401 card`: one line in, one line out. See docs/your-client.md.
// A client has signIn(), get(path) and, if it has them, post(path, body), signOut() and tab(): another over the same storage.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

export const env = process.env;

/** Return the answer to `hello`: what the client is, what it says of itself, and what explains its losses. */
export function about(name, docs, { title = name, world = "rfc9700", can = [], claims = [] } = {}) {
  const manifest = new URL(`./node_modules/${name}/package.json`, import.meta.url);
  const version = JSON.parse(readFileSync(manifest)).version;
  const language = `Node ${process.versions.node.split(".")[0]}`;
  const reasons = JSON.parse(readFileSync(new URL("../reasons.json", import.meta.url)))[title] ?? [];
  const explains = Object.fromEntries(reasons.flatMap(([races, why]) => races.split(" ").map((race) => [race, why])));
  return { protocol: 2, client: title, version, language, docs, world, can, claims, explains };
}

/** Follow the commands until `quit`. */
export async function serve(told, client) {
  const tabs = [client];
  let begun = [];
  for await (const line of createInterface({ input: process.stdin })) {
    const [word, ...given] = line.trim().split(" ");
    let answer = "ok";
    if (word === "quit") break;
    if (word === "hello") answer = JSON.stringify(told);
    if (word === "begin") begun = given.map((call, k) => begin(call, tabs[k % tabs.length]));
    if (word === "end") {
      await Promise.race([Promise.all(begun.map((call) => call.over)), after(Number(given[0]))]);
      answer = JSON.stringify(begun.map((call) => call.told));
    }
    if (word === "sign-in" || word === "sign-out") {
      const { error } = await start(word, () => (word === "sign-in" ? client.signIn() : client.signOut?.())).over;
      if (error) console.error(`${word}: ${error}`);
      if (error && word === "sign-in") answer = `error ${error.replaceAll("\n", " ")}`;
    }
    if (word === "tabs") for (let k = 1; k < Number(given[0]); k++) tabs.push(client.tab());
    console.log(answer);
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

/** Begin a call of `begin`: a path to GET, or the JSON of a POST. */
function begin(call, client) {
  if (!call.startsWith("{")) return start(call, () => client.get(call));
  const { path, body } = JSON.parse(call);
  return start(path, () => client.post(path, body));
}

/** Start a call; `told` is what it came to so far, as the app sees it: `get` rejects what is no success. */
function start(path, work) {
  const call = { told: { path, pending: true } };
  const over = (told) => (call.told = { path, ...told });
  call.over = Promise.resolve().then(work).then(
    () => over({ status: 200 }),
    (error) => over({ error: String(error) }),
  );
  return call;
}

function after(seconds) {
  return new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
}
