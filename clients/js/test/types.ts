// Not run but compiled: what the modules export is what index.d.ts declares, and callers' code fits.
import * as declared from '../index.js';
import { Minoots, minoots } from '../src/client.js';
import * as errors from '../src/errors.js';
import { verifyWebhook } from '../src/verify.js';
import { WEBHOOK_EVENTS } from '../src/webhook-events.js';
import { WebhookService } from '../src/webhook-service.js';

type Declared = typeof declared;
export const made: Omit<Declared, 'default'> = { ...errors, Minoots, minoots, verifyWebhook, WEBHOOK_EVENTS, WebhookService };

type Same<A, B> = [A, B] extends [B, A] ? true : false;
export const sameEvents: Same<typeof WEBHOOK_EVENTS, Declared['WEBHOOK_EVENTS']> = true;

export async function asCallersWriteIt(project: { id: string; createdAt: Date }) {
  const client = new declared.Minoots({ apiKey: 'mnt_test_…', baseUrl: 'http://127.0.0.1:3001' });
  const timer = await client.timers.create({ duration: '15m', events: { on_progress: { intervals: ['50%', 25] } } });
  const ids: string[] = [];
  for await (const each of client.timers.list({ status: 'running' })) ids.push(each.id);
  for await (const page of client.timers.list().pages()) ids.push(...page.data.map((each) => each.id));
  const { data, nextCursor } = await client.webhooks.deliveries('whk_1', { status: 'FAILED', limit: 10 });
  await declared.WebhookService.triggerEvent({ eventType: declared.WEBHOOK_EVENTS.PROJECT_CREATED, userId: 'u', data: project });
  // @ts-expect-error an event needs its data
  await client.events.send({ type: 'project.created' });
  // @ts-expect-error no such status
  client.timers.list({ status: 'done' });
  try {
    const payload = await declared.verifyWebhook('{}', new Headers(), ['whsec_…']);
    return 'event' in payload ? payload.timer.id : payload.type;
  } catch (error) {
    if (error instanceof declared.ApiError && error.code === 'TIMER_NOT_FOUND') return error.details[0]?.path;
    // @ts-expect-error no such code
    if (error instanceof declared.ApiError && error.code === 'NO_SUCH_CODE') return undefined;
    return [timer.endTime, data.length, nextCursor];
  }
}
