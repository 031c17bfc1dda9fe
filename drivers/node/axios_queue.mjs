// axios with the interceptor that is copied everywhere: one refresh, and a queue of the calls that wait for it.

import axios from "axios";
import { about, env, grant, serve } from "./protocol.mjs";

const told = about("axios", "https://gist.github.com/Godofbrowser/bf118322301af3fc334437c683887c5f", {
  title: "axios, a copied queue",
  can: ["post"],
  claims: ["single_flight", "retry_on_401"],
});
const api = axios.create({ baseURL: env.RACE401_URL });
let stored;
let isRefreshing = false;
let waiting = [];

function settle(error, token) {
  for (const { resolve, reject } of waiting) error ? reject(error) : resolve(token);
  waiting = [];
}

api.interceptors.request.use((request) => {
  request.headers.Authorization = `Bearer ${stored.access_token}`;
  return request;
});
api.interceptors.response.use(undefined, async (error) => {
  const request = error.config;
  if (error.response?.status !== 401 || request.again) throw error;
  if (isRefreshing) {
    await new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    return api(request);
  }
  request.again = isRefreshing = true;
  try {
    stored = { ...stored, ...(await grant({ grant_type: "refresh_token", refresh_token: stored.refresh_token })) };
    settle(null, stored.access_token);
  } catch (failure) {
    settle(failure);
    throw failure;
  } finally {
    isRefreshing = false;
  }
  return api(request);
});

await serve(told, {
  async signIn() {
    stored = await grant({ grant_type: "password", username: env.RACE401_EMAIL, password: env.RACE401_PASSWORD });
  },
  get: (path) => api.get(path),
  post: (path, body) => api.post(path, body),
});
