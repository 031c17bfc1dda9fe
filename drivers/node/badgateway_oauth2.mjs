// @badgateway/oauth2-client: its fetch wrapper as the README shows it; `getNewToken` is the password grant.

import { OAuth2Client, OAuth2Fetch } from "@badgateway/oauth2-client";
import { about, env, serve } from "./protocol.mjs";

const told = about("@badgateway/oauth2-client", "https://github.com/badgateway/oauth2-client#fetch-wrapper", {
  can: ["post", "sign_out"],
  claims: ["single_flight", "retry_on_401"], // dist/fetch-wrapper.js:18 and :65
});
const client = new OAuth2Client({
  server: env.RACE401_URL,
  clientId: "race401",
  tokenEndpoint: env.RACE401_TOKEN_URL,
  revocationEndpoint: env.RACE401_REVOKE_URL,
});
let wrapper;

async function answered(request) {
  const answer = await request;
  await answer.text();
  if (!answer.ok) throw new Error(String(answer.status));
}

await serve(told, {
  async signIn() {
    const who = { username: env.RACE401_EMAIL, password: env.RACE401_PASSWORD };
    wrapper = new OAuth2Fetch({ client, getNewToken: () => client.password(who) });
    await wrapper.getAccessToken();
  },
  get: (path) => answered(wrapper.fetch(env.RACE401_URL + path)),
  post(path, body) {
    const headers = { "Content-Type": "application/json" };
    return answered(wrapper.fetch(env.RACE401_URL + path, { method: "POST", headers, body: JSON.stringify(body) }));
  },
  async signOut() {
    const { token } = wrapper;
    wrapper = undefined;
    await client.revoke(token, "refresh_token"); // dist/client.d.ts:160
  },
});
