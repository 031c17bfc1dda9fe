// ofetch: its README's retry of chosen statuses, and its interceptors; a 401 refreshes the token before the retry.

import { ofetch } from "ofetch";
import { about, env, grant, serve } from "./protocol.mjs";

const told = about("ofetch", "https://github.com/unjs/ofetch#%EF%B8%8F-auto-retry", { can: ["post"] });
let stored;

const api = ofetch.create({
  baseURL: env.RACE401_URL,
  retry: 1,
  retryStatusCodes: [401],
  onRequest({ options }) {
    options.headers.set("Authorization", `Bearer ${stored.access_token}`);
  },
  async onResponseError({ response }) {
    if (response.status !== 401) return;
    stored = { ...stored, ...(await grant({ grant_type: "refresh_token", refresh_token: stored.refresh_token })) };
  },
});

await serve(told, {
  async signIn() {
    stored = await grant({ grant_type: "password", username: env.RACE401_EMAIL, password: env.RACE401_PASSWORD });
  },
  get: (path) => api(path),
  post: (path, body) => api(path, { method: "POST", body }),
});
