// @okta/okta-auth-js: each call asks for a token by getOrRenewAccessToken, which renews 30 s before the end.
// The app signs in by itself, as the password grant has no function here, and hands the tokens to the token manager.

import { OktaAuth } from "@okta/okta-auth-js";
import { about, env, get, grant, serve } from "./protocol.mjs";

const docs = "https://github.com/okta/okta-auth-js#getorrenewaccesstoken";
const told = about("@okta/okta-auth-js", docs, { world: "okta", can: ["sign_out"] });
const [issuer, tokenUrl, revokeUrl] = [env.RACE401_URL, env.RACE401_TOKEN_URL, env.RACE401_REVOKE_URL];
const scopes = ["offline_access"];
const testing = { disableHttpsCheck: true }; // loopback has no TLS
const auth = new OktaAuth({ issuer, clientId: "race401", tokenUrl, revokeUrl, scopes, testing });
auth.tokenManager.on("error", (error) => console.error(error.message));

await serve(told, {
  async signIn() {
    const scope = scopes.join(" ");
    const form = { grant_type: "password", username: env.RACE401_EMAIL, password: env.RACE401_PASSWORD, scope };
    const answer = await grant(form);
    const expiresAt = Math.floor(Date.now() / 1000) + answer.expires_in;
    const shared = { expiresAt, scopes, authorizeUrl: `${issuer}/v1/authorize` };
    auth.tokenManager.setTokens({
      accessToken: {
        ...shared,
        accessToken: answer.access_token,
        tokenType: answer.token_type,
        userinfoUrl: `${issuer}/v1/userinfo`,
      },
      refreshToken: { ...shared, refreshToken: answer.refresh_token, tokenUrl, issuer },
    });
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
});
