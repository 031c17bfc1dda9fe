// A driver for your own client: copy this file, and put your client where it says YOURS. See docs/your-client.md.
//
//     race401 card -- node my_driver.mjs

import { createInterface } from "node:readline";

const apiUrl = process.env.RACE401_URL; // /contacts and so on
const tokenUrl = process.env.RACE401_TOKEN_URL; // OAuth 2.0; Supabase's dialect is below SUPABASE_URL
const who = { username: process.env.RACE401_EMAIL, password: process.env.RACE401_PASSWORD };

const hello = {
  protocol: 2,
  client: "my client",
  version: "1.0",
  world: "rfc9700", // the kind of server that it is made for: `race401 worlds` lists them
  can: [], // of sign_out, tabs, post
  claims: [], // of single_flight, retry_on_401, serve_while_valid, keeps_session, sign_out, shared_flight
};

// YOURS. This one refreshes when it gets a 401, each call for itself.
const client = {
  pair: undefined,
  async signIn() {
    this.pair = await grant({ grant_type: "password", ...who });
  },
  // Make a call as your app does; return the status that it is handed. What it throws is told too.
  async call({ method, path, body }) {
    const json = body === undefined ? {} : { "Content-Type": "application/json" };
    const ask = () =>
      fetch(apiUrl + path, {
        method,
        headers: { ...json, Authorization: `Bearer ${this.pair.access_token}` },
        body: JSON.stringify(body),
      });
    let answer = await ask();
    if (answer.status === 401) {
      this.pair = await grant({ grant_type: "refresh_token", refresh_token: this.pair.refresh_token });
      answer = await ask();
    }
    await answer.text();
    return answer.status;
  },
  async signOut() {}, // end the session, if `can` says that you can
};

async function grant(form) {
  const answer = await fetch(tokenUrl, { method: "POST", body: new URLSearchParams(form) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

// Start one call: a path is a GET of it; if `can` has post, a word may be {"method", "path", "body"}.
function start(word) {
  const asked = word.startsWith("{") ? JSON.parse(word) : { method: "GET", path: word };
  const call = { told: { path: asked.path, pending: true } };
  call.over = client.call(asked).then(
    (status) => (call.told = { path: asked.path, status }),
    (error) => (call.told = { path: asked.path, error: String(error) }),
  );
  return call;
}

// Do it; an error is told on standard error, and does not end the driver.
async function tried(work) {
  try {
    await work();
  } catch (error) {
    console.error(error);
    return `error ${String(error).replaceAll("\n", " ")}`;
  }
  return "ok";
}

const after = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
let begun = [];
for await (const line of createInterface({ input: process.stdin })) {
  const [word, ...given] = line.trim().split(" ");
  let answer = "ok";
  if (word === "hello") answer = JSON.stringify(hello);
  if (word === "sign-in") answer = await tried(() => client.signIn());
  if (word === "begin") begun = given.map(start); // start all calls at once, and do not wait for them
  if (word === "end") {
    // wait so many seconds at most; then say what each call came to, in their order
    await Promise.race([Promise.all(begun.map((call) => call.over)), after(Number(given[0]))]);
    answer = JSON.stringify(begun.map((call) => call.told));
  }
  if (word === "sign-out") await tried(() => client.signOut());
  if (word === "tabs") answer = "error not written yet"; // if `can` has tabs: be so many clients over one storage
  if (word === "quit") process.exit(0);
  console.log(answer);
}
