// @supabase/supabase-js: each call reads the session and sends its token to the app's own API, as the docs show.

import { createClient } from "@supabase/supabase-js";
import ws from "ws";
import { about, env, get, serve } from "./protocol.mjs";

const told = about("@supabase/supabase-js", "https://supabase.com/docs/reference/javascript/auth-getsession", {
  world: "supabase",
  can: ["sign_out", "tabs"],
  claims: ["single_flight", "serve_while_valid", "sign_out"],
});

function memory(items = new Map()) {
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => items.set(key, value),
    removeItem: (key) => items.delete(key),
  };
}

class Client {
  constructor(storage) {
    this.storage = storage;
    const realtime = { transport: ws }; // as its error says where Node has no WebSocket of its own
    this.supabase = createClient(env.SUPABASE_URL, env.SUPABASE_ANON_KEY, { auth: { storage }, realtime });
  }
  async signIn() {
    const who = { email: env.RACE401_EMAIL, password: env.RACE401_PASSWORD };
    const { error } = await this.supabase.auth.signInWithPassword(who);
    if (error) throw error;
  }
  async get(path) {
    const { data, error } = await this.supabase.auth.getSession();
    if (error) throw error;
    await get(path, data.session.access_token);
  }
  async signOut() {
    await this.supabase.auth.signOut();
  }
  tab() {
    return new Client(this.storage);
  }
}

await serve(told, new Client(memory()));
