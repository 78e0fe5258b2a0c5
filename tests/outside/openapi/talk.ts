// What a user of the generated types would write: it compiles only if the document's types say what is meant.
import createClient from 'openapi-fetch';
import type { components, paths } from './api.js';

const [, , baseUrl, apiKey] = process.argv;
const api = createClient<paths>({ baseUrl, headers: { 'x-api-key': apiKey } });

const created = await api.POST('/timers', {
  body: {
    duration: '6h30m',
    name: 'from generated types',
    events: { on_progress: { intervals: ['50%', '-30m', 75] } },
    metadata: { build: 123 },
  },
  params: { header: { 'Idempotency-Key': 'once' } },
});
if (!created.data) throw new Error(`refused: ${created.error.error.code}`);
const timer: components['schemas']['Timer'] = created.data.timer;
const limit: number = created.data.usage.concurrent.limit;

const changed = await api.PATCH('/timers/{id}', { params: { path: { id: timer.id } }, body: { extend: '15m' } });
const moved: number | undefined = changed.data?.timer.duration;

const listed = await api.GET('/timers', { params: { query: { status: 'running', limit: 10 } } });
const names: string[] = listed.data?.timers.map(({ name }) => name) ?? [];

const endpoint = await api.POST('/webhooks', {
  body: { name: 'generated', url: 'http://127.0.0.1:9/', events: ['session.*'], maxRetries: 0 },
});
const secret: string | undefined = endpoint.data?.data.secret;

const refused = await api.GET('/timers/{id}', { params: { path: { id: 'nobody' } } });
const code: components['schemas']['ErrorCode'] | undefined = refused.error?.error.code;

// @ts-expect-error a duration is no object
void (() => api.POST('/timers', { body: { duration: {} } }));
// @ts-expect-error there is no such status
void (() => api.GET('/timers', { params: { query: { status: 'sleeping' } } }));

console.log(JSON.stringify({ limit, moved, names, signs: secret?.startsWith('whsec_'), code, status: refused.response.status }));
