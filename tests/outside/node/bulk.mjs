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

const answers = [];
for (const question of JSON.parse(await text(process.stdin))) {
  const answer = { printed: asPrinted(question) };
  for (const scheme of ['standard', 'x-webhook', 'x-minoots']) answer[scheme] = await byClient(scheme, question);
  answers.push(answer);
}
console.log(JSON.stringify(answers));
