// provider.mjs CERTIFICATE KEY REDIRECT_URI: an OpenID Connect provider on a free port of 127.0.0.1, with users who log in by their
// name alone. Says `issuer URL` once it serves. SIGUSR1 gives it a new signing key in place of the old one, and `rotated` says so.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import Provider from 'oidc-provider';

const [certificate, key, redirectUri] = process.argv.slice(2);
const TAGS = 'https://aws.amazon.com/tags';

function signingKeys(generation) {
  const jwk = (pair, more) => ({ ...pair.privateKey.export({ format: 'jwk' }), use: 'sig', ...more });
  return [
    jwk(generateKeyPairSync('rsa', { modulusLength: 2048 }), { kid: `rsa-${generation}`, alg: 'RS256' }),
    jwk(generateKeyPairSync('ec', { namedCurve: 'P-256' }), { kid: `ec-${generation}`, alg: 'ES256' }),
  ];
}

function client(id, algorithm) {
  return {
    client_id: id,
    client_secret: 'client-secret-of-the-test',
    redirect_uris: [redirectUri],
    id_token_signed_response_alg: algorithm,
    grant_types: ['authorization_code'],
    response_types: ['code'],
  };
}

function makeProvider(issuer, generation) {
  return new Provider(issuer, {
    clients: [client('postern-rsa', 'RS256'), client('postern-ec', 'ES256')],
    jwks: { keys: signingKeys(generation) },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'] },
    claims: { openid: ['sub', 'department', TAGS] },
    conformIdTokenClaims: false,
    cookies: { keys: ['cookies of a test'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        department: 'operations',
        [TAGS]: { principal_tags: { Team: [id === 'alice' ? 'red' : 'blue'] }, transitive_tag_keys: ['Team'] },
      }),
    }),
  });
}

let generation = 1;
let answer;
const server = createServer(
  { cert: readFileSync(certificate), key: readFileSync(key) },
  (request, response) => answer(request, response),
);
server.listen(0, '127.0.0.1', () => {
  const issuer = `https://127.0.0.1:${server.address().port}`;
  answer = makeProvider(issuer, generation).callback();
  process.on('SIGUSR1', () => {
    generation += 1;
    answer = makeProvider(issuer, generation).callback();
    console.log(`rotated ${generation}`);
  });
  console.log(`issuer ${issuer}`);
});
process.on('SIGTERM', () => process.exit(0));
