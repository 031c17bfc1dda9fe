// ky with the hook that its README shows under `afterResponse`: the first 401 of a call refreshes the token.

import ky from "ky";
import { about, env, grant, serve } from "./protocol.mjs";

const told = about("ky", "https://github.com/sindresorhus/ky#hooksafterresponse", {
  can: ["post"],
  claims: ["retry_on_401"], // readme.md:684
});
let stored;

const api = ky.create({
  hooks: {
    beforeRequest: [({ request }) => request.headers.set("Authorization", `Bearer ${stored.access_token}`)],
    afterResponse: [
      async ({ request, response, retryCount }) => {
        if (response.status === 401 && retryCount === 0) {
          stored = { ...stored, ...(await grant({ grant_type: "refresh_token", refresh_token: stored.refresh_token })) };
          const headers = new Headers(request.headers);
          headers.set("Authorization", `Bearer ${stored.access_token}`);
          return ky.retry({ request: new Request(request, { headers }), code: "TOKEN_REFRESHED" });
        }
      },
    ],
  },
});

await serve(told, {
  async signIn() {
    stored = await grant({ grant_type: "password", username: env.RACE401_EMAIL, password: env.RACE401_PASSWORD });
  },
  get: (path) => api(env.RACE401_URL + path).text(),
  post: (path, json) => api.post(env.RACE401_URL + path, { json }).text(),
});
