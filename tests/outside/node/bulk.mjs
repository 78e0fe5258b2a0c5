// Asks the receiver of seed 003 and the client about many deliveries in one process: a list of questions comes in, a list of
// answers goes out. The receiver's code is the document's, with a secret of its own for each endpoint.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { verifyWebhook } from 'minoots';

const sample = readFileSync(process.argv[2], 'utf8').replace('app.listen(3000);', '');
const require = createRequire(import.meta.url);
const receivers = new Map();

function receiver(secret) {
  if (!receivers.has(secret)) {
    const code = `${sample.replace('your_webhook_secret_here', secret)}\nreturn verifyWebhook;`;
    receivers.set(secret, new Function('require', code)(require));
  }
  return receivers.get(secret);
}

// As the document's route calls it, with the body that express.json() parses.
function asPrinted({ secret, headers, body }) {
  try {
    return receiver(secret)(JSON.parse(body), headers['x-webhook-signature'], parseInt(headers['x-webhook-timestamp']));
  } catch {
    return false;
  }
}

const byClient = (scheme, { secret, headers, body }) =>
  verifyWebhook(body, headers, secret, { scheme }).then(() => true, (refusal) => (refusal.name === 'WebhookVerificationError' ? false : refusal.stack));

async function answer(question) {
  const schemes = ['standard', 'x-webhook', 'x-minoots'];
  const verdicts = await Promise.all(schemes.map((scheme) => byClient(scheme, question)));
  return Object.fromEntries([['printed', asPrinted(question)], ...schemes.map((scheme, n) => [scheme, verdicts[n]])]);
}

console.log(JSON.stringify(await Promise.all(JSON.parse(await text(process.stdin)).map(answer))));
