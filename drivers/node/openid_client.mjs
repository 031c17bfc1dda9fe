// openid-client: the app keeps the tokens, asks them whether they have expired, and refreshes by the library's function.

import * as client from "openid-client";
import { about, env, serve } from "./protocol.mjs";

const told = about("openid-client", "https://github.com/panva/openid-client/blob/v6.9.0/docs/functions/refreshTokenGrant.md", {
  can: ["sign_out", "post"],
});
const server = {
  issuer: env.RACE401_URL,
  token_endpoint: env.RACE401_TOKEN_URL,
  revocation_endpoint: env.RACE401_REVOKE_URL,
};
const config = new client.Configuration(server, "race401");
client.allowInsecureRequests(config); // loopback has no TLS
let tokens;

async function call(path, method, body, headers) {
  if (tokens.expiresIn() === 0) tokens = await client.refreshTokenGrant(config, tokens.refresh_token);
  const url = new URL(env.RACE401_URL + path);
  const answer = await client.fetchProtectedResource(config, tokens.access_token, url, method, body, headers);
  await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${path}`);
}

await serve(told, {
  async signIn() {
    tokens = await client.genericGrantRequest(config, "password", {
      username: env.RACE401_EMAIL,
      password: env.RACE401_PASSWORD,
    });
  },
  get: (path) => call(path, "GET"),
  post: (path, body) => call(path, "POST", JSON.stringify(body), new Headers({ "Content-Type": "application/json" })),
  async signOut() {
    const { refresh_token } = tokens;
    tokens = undefined;
    await client.tokenRevocation(config, refresh_token);
  },
});
