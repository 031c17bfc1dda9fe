// simple-oauth2: before each call the token is refreshed 300 s before its end, by the recipe of its README.

import { ResourceOwnerPassword } from "simple-oauth2";
import { about, env, get, serve } from "./protocol.mjs";

const told = about("simple-oauth2", "https://github.com/lelylan/simple-oauth2#refresh-an-access-token", {
  can: ["sign_out"],
});
const { origin, pathname } = new URL(env.RACE401_TOKEN_URL);
const client = new ResourceOwnerPassword({
  client: { id: "race401", secret: "none" },
  auth: { tokenHost: origin, tokenPath: pathname, revokePath: new URL(env.RACE401_REVOKE_URL).pathname },
});
const EXPIRATION_WINDOW_IN_SECONDS = 300;
let accessToken;

await serve(told, {
  async signIn() {
    accessToken = await client.getToken({ username: env.RACE401_EMAIL, password: env.RACE401_PASSWORD });
  },
  async get(path) {
    if (accessToken.expired(EXPIRATION_WINDOW_IN_SECONDS)) {
      try {
        accessToken = await accessToken.refresh();
      } catch (error) {
        console.error("Error refreshing access token: ", error.message);
      }
    }
    await get(path, accessToken.token.access_token);
  },
  async signOut() {
    const token = accessToken;
    accessToken = undefined;
    await token.revokeAll();
  },
});
