// A driver for your own client: copy this file, and put your client where it says YOURS. See docs/your-client.md.
//
//     race401 card -- node my_driver.mjs

import { createInterface } from "node:readline";

const URL = process.env.RACE401_URL; // the API: /contacts and so on
const TOKEN_URL = process.env.RACE401_TOKEN_URL; // OAuth 2.0; Supabase's dialect is below SUPABASE_URL
const who = { username: process.env.RACE401_EMAIL, password: process.env.RACE401_PASSWORD };

const hello = {
  client: "my client",
  version: "1.0",
  world: "rfc9700", // the kind of server that it is made for: `race401 worlds` lists them
  can: [], // of sign_out, tabs
  claims: [], // of single_flight, retry_on_401, serve_while_valid, keeps_session, sign_out, shared_flight
};

// YOURS. This one refreshes when it gets a 401, each call for itself.
const client = {
  async signIn() {
    this.pair = await grant({ grant_type: "password", ...who });
  },
  async get(path) {
    const ask = () => fetch(URL + path, { headers: { Authorization: `Bearer ${this.pair.access_token}` } });
    if ((await ask()).status === 401) {
      this.pair = await grant({ grant_type: "refresh_token", refresh_token: this.pair.refresh_token });
      await ask();
    }
  },
  async signOut() {}, // end the session, if `can` says that you can
};

async function grant(form) {
  const answer = await fetch(TOKEN_URL, { method: "POST", body: new URLSearchParams(form) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

let begun = [];
for await (const line of createInterface({ input: process.stdin })) {
  const [word, ...paths] = line.trim().split(" ");
  if (word === "sign-in") await client.signIn();
  if (word === "begin") begun = paths.map((path) => client.get(path).catch(() => {})); // start all, do not wait
  if (word === "end") await Promise.all(begun); // a call that failed is no error of the driver
  if (word === "sign-out") await client.signOut();
  if (word === "quit") process.exit(0);
  console.log(word === "hello" ? JSON.stringify(hello) : "ok");
}
