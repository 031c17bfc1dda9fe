// @node-oauth/oauth2-server on loopback: `node serve.mjs documented|one-row`. See ../README.md.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { setImmediate as others } from 'node:timers/promises';
import OAuth2Server from '@node-oauth/oauth2-server';

const { Request, Response } = OAuth2Server;
const oneRow = process.argv[2] === 'one-row';
const client = { id: 'app', grants: ['refresh_token'] };
const user = { id: 'ada' };
const rows = { access: new Map(), refresh: new Map() }; // each question to them is one to a database: others come between
let granted = 0;

// The shape of the examples in lib/model.js: access and refresh tokens are rows of their own, and a consumed one is deleted,
// which says whether there was one. one-row: a pair is one row, as the model's examples for SQL have it elsewhere, and
// with its refresh token the access token is deleted.
const model = {
  async getClient(id) { await others(); return id === client.id ? client : null; },
  async getRefreshToken(token) { await others(); return rows.refresh.get(token); },
  async getAccessToken(token) { await others(); return rows.access.get(token); },

  async revokeToken(token) {
    await others();
    if (oneRow) rows.access.delete(token.accessToken);
    return rows.refresh.delete(token.refreshToken);
  },

  async saveToken(token, ofClient, ofUser) {
    await others();
    const row = { ...token, client: ofClient, user: ofUser };
    rows.access.set(row.accessToken, row);
    rows.refresh.set(row.refreshToken, row);
    granted += 1;
    return row;
  },
};
const oauth = new OAuth2Server({ model, requireClientAuthentication: { refresh_token: false } });

const secret = () => randomBytes(24).toString('hex');
const words = (row, life) => ({ access_token: row.accessToken, refresh_token: row.refreshToken, expires_in: life });

const routes = {
  'POST /oauth/token': async (request, response) => { await oauth.token(request, response); return response.body; },
  'GET /me': async (request, response) => { await oauth.authenticate(request, response); return { name: 'ada' }; },
  // A new session, as a sign-in would leave it. `?expires_in=S`: how long its access token lives.
  'POST /seed': async ({ query }) => {
    const life = Number(query.expires_in ?? 3600);
    const accessTokenExpiresAt = new Date(Date.now() + life * 1000);
    const row = await model.saveToken({ accessToken: secret(), refreshToken: secret(), accessTokenExpiresAt }, client, user);
    return { ...words(row, life), client_id: client.id };
  },
  'GET /tables': async () => ({ refresh_tokens: granted, live: rows.refresh.size }),
};

const server = createServer(async (incoming, outgoing) => {
  const { pathname, searchParams } = new URL(incoming.url, 'http://127.0.0.1');
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const request = new Request({
    method: incoming.method,
    headers: incoming.headers,
    query: Object.fromEntries(searchParams),
    body: Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString())),
  });
  const response = new Response({ headers: {} });
  const route = routes[`${incoming.method} ${pathname}`];
  let [status, told] = [404, {}];
  try {
    if (route) [status, told] = [200, await route(request, response)];
  } catch (error) {
    [status, told] = [error.code ?? 500, { error: error.name, error_description: error.message }];
  }
  outgoing.writeHead(status, { ...response.headers, 'content-type': 'application/json' }).end(JSON.stringify(told));
});
server.listen(0, '127.0.0.1', () => { console.log(`serving at http://127.0.0.1:${server.address().port}`); });
