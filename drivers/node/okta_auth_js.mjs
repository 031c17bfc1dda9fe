// @okta/okta-auth-js: each call asks for a token by getOrRenewAccessToken, which renews 30 s before the end.
// The app signs in by itself, as the password grant has no function here, and hands the tokens to the token manager.

import { OktaAuth } from "@okta/okta-auth-js";
import { about, env, get, grant, serve } from "./protocol.mjs";

const docs = "https://github.com/okta/okta-auth-js#getorrenewaccesstoken";
const told = about("@okta/okta-auth-js", docs, { world: "okta", can: ["sign_out", "tabs"] });
const [issuer, tokenUrl, revokeUrl] = [env.RACE401_URL, env.RACE401_TOKEN_URL, env.RACE401_REVOKE_URL];
const scopes = ["offline_access"];
const testing = { disableHttpsCheck: true }; // loopback has no TLS
const stored = new Map();
const storage = {
  getItem: (key) => stored.get(key),
  setItem: (key, value) => stored.set(key, value),
  removeItem: (key) => stored.delete(key),
};

async function signedIn() {
  const who = { username: env.RACE401_EMAIL, password: env.RACE401_PASSWORD };
  const answer = await grant({ grant_type: "password", scope: scopes.join(" "), ...who });
  const expiresAt = Math.floor(Date.now() / 1000) + answer.expires_in;
  const shared = { expiresAt, scopes, authorizeUrl: `${issuer}/v1/authorize` };
  const access = { accessToken: answer.access_token, tokenType: answer.token_type, userinfoUrl: `${issuer}/v1/userinfo` };
  return {
    accessToken: { ...shared, ...access },
    refreshToken: { ...shared, refreshToken: answer.refresh_token, tokenUrl, issuer },
  };
}

function tab() {
  const client = { clientId: "race401", issuer, tokenUrl, revokeUrl, scopes, testing };
  const auth = new OktaAuth({ ...client, tokenManager: { storage } });
  auth.tokenManager.on("error", (error) => console.error(error.message));
  return {
    tab,
    async signIn() {
      auth.tokenManager.setTokens(await signedIn());
    },
    async get(path) {
      const token = await auth.getOrRenewAccessToken();
      if (token === null) throw new Error("there is no token, and none can be had");
      await get(path, token);
    },
    async signOut() {
      await auth.revokeRefreshToken(); // and forgets it
      auth.tokenManager.clear();
    },
  };
}

await serve(told, tab());
