import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test from 'node:test';
import { WebhookVerificationError, verifyWebhook } from '../index.js';

const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
const OTHER = `whsec_${Buffer.from('another secret, of 32 bytes, too').toString('base64')}`;
const BODY = JSON.stringify({ id: 'evt_1', type: 'a.b', data: { text: 'Grüße 🚀', big: 1e21 } });

const hmac = (key, text) => createHmac('sha256', key).update(text);
const standardKey = (secret) => (secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : secret);

/** The headers of a delivery of `body`, sent `age` seconds ago, worked out from the contract with Node's own cryptography. */
function signed(body, { secrets = [SECRET], age = 0, id = 'del_1' } = {}) {
  const at = Math.floor(Date.now() / 1000) - age;
  const standard = secrets.map((secret) => `v1,${hmac(standardKey(secret), `${id}.${at}.${body}`).digest('base64')}`);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(at),
    'webhook-signature': standard.join(' '),
    'x-minoots-signature': `sha256=${hmac(secrets[0], body).digest('hex')}`,
    'x-webhook-timestamp': String(at),
    'x-webhook-signature': hmac(secrets[0], `${at}.${body}`).digest('hex'),
  };
}

const SIGNATURE = { standard: 'webhook-signature', 'x-webhook': 'x-webhook-signature', 'x-minoots': 'x-minoots-signature' };
const SCHEMES = Object.keys(SIGNATURE);
const TIMED = ['standard', 'x-webhook'];

const refuses = (code, ...call) =>
  assert.rejects(verifyWebhook(...call), (error) => {
    assert.ok(error instanceof WebhookVerificationError, `${error.stack}`);
    assert.equal(error.code, code);
    return true;
  });

for (const scheme of SCHEMES) {
  test(`${scheme}: what the secret signed gives its payload`, async () => {
    assert.deepEqual(await verifyWebhook(BODY, signed(BODY), SECRET, { scheme }), JSON.parse(BODY));
  });

  test(`${scheme}: another body, secret or signature is refused`, async () => {
    const headers = signed(BODY);
    await refuses('NO_MATCHING_SIGNATURE', `${BODY} `, headers, SECRET, { scheme });
    await refuses('NO_MATCHING_SIGNATURE', BODY, headers, OTHER, { scheme });
    const name = SIGNATURE[scheme];
    for (const forged of ['v1,', 'sha256=', 'x', ' ', headers[name].slice(0, -1), `${headers[name]}0`, headers[name].toUpperCase()]) {
      await refuses('NO_MATCHING_SIGNATURE', BODY, { ...headers, [name]: forged }, SECRET, { scheme });
    }
    await refuses('MISSING_HEADER', BODY, { ...headers, [name]: undefined }, SECRET, { scheme });
    await refuses('MISSING_HEADER', BODY, {}, SECRET, { scheme });
  });

  test(`${scheme}: any of several secrets will do`, async () => {
    for (const secrets of [[SECRET, OTHER], [OTHER, SECRET]]) {
      assert.ok(await verifyWebhook(BODY, signed(BODY), secrets, { scheme }));
    }
    await refuses('NO_MATCHING_SIGNATURE', BODY, signed(BODY), [OTHER, 'third'], { scheme });
  });

  test(`${scheme}: a secret that an operator chose is its own text`, async () => {
    for (const secret of ['your_webhook_verification_secret', 'whsec_not base64!', 'whsec_']) {
      const headers = signed(BODY, { secrets: [secret] });
      if (scheme === 'standard') {
        const at = headers['webhook-timestamp'];
        headers['webhook-signature'] = `v1,${hmac(secret, `del_1.${at}.${BODY}`).digest('base64')}`;
      }
      assert.ok(await verifyWebhook(BODY, headers, secret, { scheme }));
    }
  });
}

for (const scheme of TIMED) {
  test(`${scheme}: a timestamp may be off by the tolerance, either way, and no more`, async () => {
    for (const age of [0, 299, -299]) assert.ok(await verifyWebhook(BODY, signed(BODY, { age }), SECRET, { scheme }));
    for (const age of [302, -302, 86_400]) await refuses('TIMESTAMP_OUT_OF_TOLERANCE', BODY, signed(BODY, { age }), SECRET, { scheme });
    assert.ok(await verifyWebhook(BODY, signed(BODY, { age: 3000 }), SECRET, { scheme, tolerance: 3600 }));
    await refuses('TIMESTAMP_OUT_OF_TOLERANCE', BODY, signed(BODY, { age: 5 }), SECRET, { scheme, tolerance: 1 });
  });

  test(`${scheme}: a timestamp that is none, or not the one signed, is refused`, async () => {
    const headers = signed(BODY);
    const name = scheme === 'standard' ? 'webhook-timestamp' : 'x-webhook-timestamp';
    for (const timestamp of ['soon', '-1', '1e9', `${headers[name]}.0`, ` ${headers[name]}`, '9'.repeat(400)]) {
      await refuses('BAD_TIMESTAMP', BODY, { ...headers, [name]: timestamp }, SECRET, { scheme });
    }
    await refuses('NO_MATCHING_SIGNATURE', BODY, { ...headers, [name]: String(Number(headers[name]) - 1) }, SECRET, { scheme });
    await refuses('MISSING_HEADER', BODY, { ...headers, [name]: '' }, SECRET, { scheme });
  });
}

test('the id is signed too', async () => {
  await refuses('NO_MATCHING_SIGNATURE', BODY, { ...signed(BODY), 'webhook-id': 'del_2' }, SECRET);
});

test('during a rotation each of the two secrets verifies alone', async () => {
  const headers = signed(BODY, { secrets: [SECRET, OTHER] });
  for (const secret of [SECRET, OTHER]) assert.ok(await verifyWebhook(BODY, headers, secret));
});

test('signatures of other versions are passed over', async () => {
  const headers = signed(BODY);
  headers['webhook-signature'] = `v1a,AAAA ${headers['webhook-signature']} v2,BBBB`;
  assert.ok(await verifyWebhook(BODY, headers, SECRET));
});

test('only the scheme asked for counts: without it the others help nothing', async () => {
  const { 'webhook-signature': _, ...others } = signed(BODY);
  await refuses('MISSING_HEADER', BODY, others, SECRET);
});

test('bodies may be text or bytes, headers an object in any case or Headers', async () => {
  const bytes = new TextEncoder().encode(BODY);
  const padded = new Uint8Array([0, ...bytes, 0]);
  const upper = Object.fromEntries(Object.entries(signed(BODY)).map(([name, value]) => [name.toUpperCase(), value]));
  for (const headers of [signed(BODY), upper, new Headers(signed(BODY)), new Map(Object.entries(signed(BODY)))]) {
    for (const body of [BODY, bytes, bytes.buffer, Buffer.from(BODY), padded.subarray(1, -1)]) {
      assert.deepEqual(await verifyWebhook(body, headers, SECRET), JSON.parse(BODY));
    }
  }
});

test('a call that can never verify is the caller\'s mistake, not a refusal', async () => {
  const headers = signed(BODY);
  for (const secret of [undefined, null, '', [], [undefined], [SECRET, '']]) {
    await assert.rejects(verifyWebhook(BODY, headers, secret), TypeError);
  }
  for (const body of [undefined, null, JSON.parse(BODY), 7]) await assert.rejects(verifyWebhook(body, headers, SECRET), TypeError);
  for (const tolerance of [Number.NaN, -1, 'soon']) {
    await assert.rejects(verifyWebhook(BODY, headers, SECRET, { tolerance }), TypeError);
  }
  await assert.rejects(verifyWebhook(BODY, headers, SECRET, { scheme: 'none' }), TypeError);
});

test('what is signed and no JSON is refused', async () => {
  await refuses('NOT_JSON', 'text', signed('text'), SECRET);
  await refuses('NOT_JSON', '', signed(''), SECRET);
});

test('a flood of signatures costs one HMAC', async () => {
  const headers = signed(BODY);
  headers['webhook-signature'] = `${`v1,${'A'.repeat(43)}= `.repeat(100_000)}${headers['webhook-signature']}`;
  const began = performance.now();
  assert.ok(await verifyWebhook(BODY, headers, SECRET));
  assert.ok(performance.now() - began < 1_000);
});
