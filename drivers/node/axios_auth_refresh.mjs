// axios with axios-auth-refresh: the interceptors of its README, over the OAuth 2.0 token endpoint.

import axios from "axios";
import { createAuthRefresh } from "axios-auth-refresh";
import { about, env, grant, serve } from "./protocol.mjs";

const told = about("axios-auth-refresh", "https://github.com/Flyrell/axios-auth-refresh#usage", {
  can: ["post"],
  claims: ["single_flight", "retry_on_401"],
});
const stored = {};
const api = axios.create({ baseURL: env.RACE401_URL });

async function refreshAuthLogic(failedRequest) {
  Object.assign(stored, await grant({ grant_type: "refresh_token", refresh_token: stored.refresh_token }));
  failedRequest.response.config.headers["Authorization"] = `Bearer ${stored.access_token}`;
}

createAuthRefresh(api, refreshAuthLogic);
api.interceptors.request.use((request) => {
  request.headers["Authorization"] = `Bearer ${stored.access_token}`;
  return request;
});

await serve(told, {
  async signIn() {
    const who = { username: env.RACE401_EMAIL, password: env.RACE401_PASSWORD };
    Object.assign(stored, await grant({ grant_type: "password", ...who }));
  },
  get: (path) => api.get(path),
  post: (path, body) => api.post(path, body),
});
