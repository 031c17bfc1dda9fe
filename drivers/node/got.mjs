// got with the hook that its documentation of `afterResponse` shows: every 401 refreshes the token, and tries once more.

import got from "got";
import { about, env, grant, serve } from "./protocol.mjs";

const told = about("got", "https://github.com/sindresorhus/got/blob/main/documentation/9-hooks.md#afterresponse", {
  can: ["post"],
  claims: ["retry_on_401"], // dist/source/core/options.d.ts:434
});
let stored;

async function getNewToken() {
  stored = { ...stored, ...(await grant({ grant_type: "refresh_token", refresh_token: stored.refresh_token })) };
  return stored.access_token;
}

const instance = got.extend({
  hooks: {
    afterResponse: [
      async (response, retryWithMergedOptions) => {
        if (response.statusCode === 401) {
          const updatedOptions = { headers: { authorization: `Bearer ${await getNewToken()}` } };
          instance.defaults.options.merge(updatedOptions);
          return retryWithMergedOptions(updatedOptions);
        }
        return response;
      },
    ],
  },
  mutableDefaults: true,
});

await serve(told, {
  async signIn() {
    stored = await grant({ grant_type: "password", username: env.RACE401_EMAIL, password: env.RACE401_PASSWORD });
    instance.defaults.options.merge({ headers: { authorization: `Bearer ${stored.access_token}` } });
  },
  get: (path) => instance(env.RACE401_URL + path),
  post: (path, json) => instance.post(env.RACE401_URL + path, { json }),
});
