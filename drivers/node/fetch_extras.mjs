// fetch-extras: withTokenRefresh as its documentation shows it; the app sends the token that it has.

import { pipeline, withBaseUrl, withHttpError, withTokenRefresh } from "fetch-extras";
import { about, env, grant, serve } from "./protocol.mjs";

const told = about("fetch-extras", "https://github.com/sindresorhus/fetch-extras/blob/main/docs/with-token-refresh.md", {
  can: ["post"],
  claims: ["single_flight", "retry_on_401"], // source/with-token-refresh.d.ts:6 and :4
});
let stored;

async function refreshToken() {
  stored = { ...stored, ...(await grant({ grant_type: "refresh_token", refresh_token: stored.refresh_token })) };
  return stored.access_token;
}

const apiFetch = pipeline(fetch, withBaseUrl(env.RACE401_URL), withTokenRefresh({ refreshToken }), withHttpError());
const headers = () => ({ Authorization: `Bearer ${stored.access_token}`, "Content-Type": "application/json" });

await serve(told, {
  async signIn() {
    stored = await grant({ grant_type: "password", username: env.RACE401_EMAIL, password: env.RACE401_PASSWORD });
  },
  get: async (path) => (await apiFetch(path, { headers: headers() })).text(),
  post: (path, body) => apiFetch(path, { method: "POST", headers: headers(), body: JSON.stringify(body) }),
});
