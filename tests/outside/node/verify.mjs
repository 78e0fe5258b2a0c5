// Asks the published verifiers about deliveries: a list of questions comes in, a list of answers goes out.
import { text } from 'node:stream/consumers';
import { verify } from '@octokit/webhooks-methods';
import { Webhook } from 'standardwebhooks';

const verifiers = {
  standard: ({ secret, headers, body }) => Boolean(new Webhook(secret).verify(body, headers)),
  'standard, raw key': ({ secret, headers, body }) => Boolean(new Webhook(secret, { format: 'raw' }).verify(body, headers)),
  github: ({ secret, headers, body }) => verify(secret, body, headers['x-minoots-signature']),
};

const answer = async (question) => {
  try {
    return await verifiers[question.verifier](question);
  } catch (refusal) {
    return refusal.message;
  }
};

console.log(JSON.stringify(await Promise.all(JSON.parse(await text(process.stdin)).map(answer))));
