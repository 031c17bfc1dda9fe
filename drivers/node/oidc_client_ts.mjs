// oidc-client-ts: automatic silent renew is on by default; a call whose user has expired renews first, as the docs show.

import { InMemoryWebStorage, UserManager, WebStorageStateStore } from "oidc-client-ts";
import { about, env, get, serve } from "./protocol.mjs";

const told = about("oidc-client-ts", "https://authts.github.io/oidc-client-ts/classes/UserManager.html", {
  can: ["sign_out", "tabs"],
  claims: ["sign_out"],
});

class Client {
  constructor(storage) {
    this.storage = storage;
    this.manager = new UserManager({
      authority: env.RACE401_URL,
      client_id: "race401",
      redirect_uri: env.RACE401_URL,
      scope: "api",
      metadata: {
        issuer: env.RACE401_URL,
        token_endpoint: env.RACE401_TOKEN_URL,
        revocation_endpoint: env.RACE401_REVOKE_URL,
      },
      userStore: new WebStorageStateStore({ store: storage }),
    });
  }
  async signIn() {
    const who = { username: env.RACE401_EMAIL, password: env.RACE401_PASSWORD, skipUserInfo: true };
    await this.manager.storeUser(await this.manager.signinResourceOwnerCredentials(who));
  }
  async get(path) {
    let user = await this.manager.getUser();
    if (user?.expired) user = await this.manager.signinSilent();
    await get(path, user.access_token);
  }
  async signOut() {
    await this.manager.revokeTokens(["refresh_token"]);
    await this.manager.removeUser();
  }
  tab() {
    return new Client(this.storage);
  }
}

await serve(told, new Client(new InMemoryWebStorage()));
