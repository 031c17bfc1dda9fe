// better-auth and its OAuth provider on loopback: `node serve.mjs documented|safe`. See ../README.md.
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { oauthProvider } from '@better-auth/oauth-provider';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { toNodeHandler } from 'better-auth/node';
import { jwt } from 'better-auth/plugins';

const server = createServer();
await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
const url = `http://127.0.0.1:${server.address().port}`;
const redirect = 'https://app.example.com/cb';
const models = ['user', 'session', 'account', 'verification', 'jwks', 'rateLimit', 'oauthClient', 'oauthRefreshToken',
  'oauthAccessToken', 'oauthConsent', 'oauthResource', 'oauthClientResource', 'oauthClientAssertion'];
const rows = Object.fromEntries(models.map((model) => [model, []]));
let granted = 0; // rows are gone with their family, and this is what there were
function counting(options) {
  const adapter = memoryAdapter(rows)(options);
  const create = (row) => { granted += row.model === 'oauthRefreshToken'; return adapter.create(row); };
  return { ...adapter, create };
}
const auth = betterAuth({
  baseURL: url,
  secret: 'not a secret: loopback, and gone with the process',
  database: counting,
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  logger: { disabled: true },
  telemetry: { enabled: false },
  disabledPaths: ['/token'], // docs/plugins/oauth-provider
  plugins: [
    jwt(),
    oauthProvider({
      loginPage: '/sign-in',
      consentPage: '/consent',
      scopes: ['openid', 'offline_access'],
      // safe, same page: for so many seconds a consumed token brings its answer again
      ...(process.argv[2] === 'safe' ? { refreshTokenReuseInterval: 3 } : {}),
    }),
  ],
});

const post = (path, body, headers = {}) => auth.handler(new Request(`${url}/api/auth${path}`, {
  method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', origin: url, ...headers },
}));
const signUp = await post('/sign-up/email', { name: 'Ada', email: 'ada@race401.test', password: 'correct horse' });
const cookie = signUp.headers.getSetCookie().map((each) => each.split(';')[0]).join('; ');
await auth.api.adminCreateOAuthClient({
  headers: new Headers({ cookie }),
  body: { redirect_uris: [redirect], token_endpoint_auth_method: 'none', skip_consent: true, scope: 'openid offline_access' },
});
const [app] = rows.oauthClient;
app.clientId = 'app'; // a name that can be known beforehand

// A new session, by the authorization code flow. `?expires_in=S`: how long its access token lives.
async function seed(life) {
  const verifier = randomBytes(32).toString('base64url');
  const ask = new URLSearchParams({
    response_type: 'code',
    client_id: app.clientId,
    redirect_uri: redirect,
    scope: 'openid offline_access',
    state: 'state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const asked = await auth.handler(new Request(`${url}/api/auth/oauth2/authorize?${ask}`, { headers: { cookie } }));
  const code = new URL(asked.headers.get('location')).searchParams.get('code');
  const form = new URLSearchParams({
    grant_type: 'authorization_code', code, client_id: app.clientId, redirect_uri: redirect, code_verifier: verifier,
  });
  const told = await auth.handler(new Request(`${url}/api/auth/oauth2/token`, { method: 'POST', body: form }));
  rows.oauthAccessToken.at(-1).expiresAt = new Date(Date.now() + life * 1000);
  return { ...await told.json(), expires_in: life, client_id: app.clientId };
}

const answer = toNodeHandler(auth);
server.on('request', async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, url);
  const own = { '/seed': () => seed(Number(searchParams.get('expires_in') ?? 3600)), '/tables': tables }[pathname];
  if (own) response.setHeader('content-type', 'application/json').end(JSON.stringify(await own()));
  else {
    if (pathname === '/me') request.url = '/api/auth/oauth2/userinfo';
    answer(request, response);
  }
});

function tables() {
  return { refresh_tokens: granted, live: rows.oauthRefreshToken.filter((row) => !row.revoked).length };
}
console.log(`serving at ${url}`);
