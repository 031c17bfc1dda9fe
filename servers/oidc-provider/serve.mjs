// oidc-provider on loopback: `node serve.mjs documented|safe|memory`. See ../README.md.
import { createServer } from 'node:http';
import { setImmediate as others } from 'node:timers/promises';
import Provider, { errors } from 'oidc-provider';

const [,, chosen] = process.argv;
const safe = chosen === 'safe';
const rows = new Map(); // model:id -> the payload, as a table with a row for each has it

// The shape of the adapters that its documentation shows for databases: each step is a question to a store, and others
// come between two of them. `consume` there only writes; safe: it is refused if somebody else was first, in one step.
class Adapter {
  constructor(model) { this.model = model; }

  key(id) { return `${this.model}:${id}`; }

  async upsert(id, payload) { await others(); rows.set(this.key(id), { ...payload }); }

  async find(id) { await others(); const row = rows.get(this.key(id)); return row && { ...row }; }

  async findByUid(uid) { await others(); return [...rows.values()].find((row) => row.uid === uid); }

  async findByUserCode() { await others(); }

  async consume(id) {
    await others();
    const row = rows.get(this.key(id));
    if (safe && row?.consumed) throw new errors.InvalidGrant('refresh token already used');
    if (row) row.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) { await others(); rows.delete(this.key(id)); }

  async revokeByGrantId(grantId) {
    await others();
    for (const [key, row] of rows) if (row.grantId === grantId) rows.delete(key);
  }
}

const server = createServer();
await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
const url = `http://127.0.0.1:${server.address().port}`;
const redirect = 'https://app.example.com/cb';
console.warn = () => {}; // it warns of what a test may do: no https, keys of its own
console.info = () => {};
const provider = new Provider(url, {
  ...(chosen === 'memory' ? {} : { adapter: Adapter }), // its own keeps all in memory: for development, it says
  clients: [{
    client_id: 'app',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: [redirect],
  }],
  features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  rotateRefreshToken: true,
});

let granted = 0; // rows are gone with their grant, and this is what there were
provider.on('refresh_token.saved', () => { granted += 1; });

// A new session, as a sign-in would leave it. `?expires_in=S`: how long its access token lives.
async function seed(life) {
  const client = await provider.Client.find('app');
  const grant = new provider.Grant({ accountId: 'ada', clientId: 'app' });
  grant.addOIDCScope('openid offline_access');
  const about = {
    accountId: 'ada', client, grantId: await grant.save(), gty: 'authorization_code', scope: 'openid offline_access',
  };
  const access = new provider.AccessToken({ ...about, expiresIn: life });
  return {
    access_token: await access.save(life),
    refresh_token: await new provider.RefreshToken(about).save(),
    expires_in: life,
    client_id: 'app',
  };
}

function tables() {
  const live = [...rows].filter(([key, row]) => key.startsWith('RefreshToken:') && !row.consumed).length;
  return { refresh_tokens: granted, live };
}

const answer = provider.callback();
server.on('request', async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, url);
  if (pathname !== '/seed' && pathname !== '/tables') { answer(request, response); return; }
  const told = pathname === '/seed' ? await seed(Number(searchParams.get('expires_in') ?? 3600)) : tables();
  response.setHeader('content-type', 'application/json').end(JSON.stringify(told));
});
console.log(`serving at ${url}`);
