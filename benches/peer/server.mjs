// BullMQ doing the same work: timers over HTTP as delayed jobs, their webhooks rendered, signed and sent by a worker.
import { createHmac } from "node:crypto";
import { Queue, Worker } from "bullmq";
import Fastify from "fastify";
import { Pool } from "undici";

const port = Number(process.env.PORT);
const key = process.env.API_KEY;
const concurrency = Number(process.env.CONCURRENCY);
const connection = { host: "127.0.0.1", port: Number(process.env.REDIS_PORT), maxRetriesPerRequest: null };
const secret = "bench";

const body = {
  type: "object",
  required: ["name", "duration", "events"],
  properties: {
    name: { type: "string", maxLength: 256 },
    duration: { type: "integer", minimum: 1 },
    events: {
      type: "object",
      required: ["on_expire"],
      properties: {
        on_expire: {
          type: "object",
          required: ["webhook"],
          properties: { webhook: { type: "string" }, message: { type: "string" }, data: { type: "object" } },
        },
      },
    },
  },
};

const queue = new Queue("webhooks", { connection });
const app = Fastify({ logger: false });
const prefix = `${Date.now().toString(36)}${process.pid.toString(36)}`;
let created = 0;

app.post("/timers", { schema: { body } }, async (request, reply) => {
  if (request.headers["x-api-key"] !== key) return reply.code(401).send({ success: false });
  const { name, duration, events } = request.body;
  const now = Date.now();
  const timer = { id: `timer_${prefix}${created++}`, name, duration, startTime: now, endTime: now + duration, events };
  await queue.add("timer_expired", timer, {
    jobId: timer.id,
    delay: duration,
    attempts: 5,
    backoff: { type: "exponential", delay: 5000 },
    removeOnComplete: true,
    removeOnFail: 1000,
  });
  return reply.code(201).send({ success: true, timer: { ...timer, status: "running" } });
});

const pools = new Map();

function poolOf(origin) {
  if (!pools.has(origin)) pools.set(origin, new Pool(origin, { connections: concurrency }));
  return pools.get(origin);
}

async function deliver({ id, data: timer }) {
  const { webhook, message = null, data = {} } = timer.events.on_expire;
  const url = new URL(webhook);
  const now = new Date();
  const payload = JSON.stringify({
    event: "timer_expired",
    timer: { ...timer, status: "expired", expiredAt: new Date(timer.endTime).toISOString() },
    message,
    data,
    timestamp: now.toISOString(),
  });
  const seconds = Math.floor(now / 1000);
  const signature = createHmac("sha256", secret).update(`${id}.${seconds}.${payload}`).digest("base64");
  const answer = await poolOf(url.origin).request({
    path: url.pathname + url.search,
    method: "POST",
    body: payload,
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(seconds),
      "webhook-signature": `v1,${signature}`,
    },
    headersTimeout: 30_000,
  });
  await answer.body.dump();
  if (answer.statusCode >= 300) throw new Error(`the receiver answered ${answer.statusCode}`);
}

const worker = new Worker("webhooks", deliver, { connection, concurrency });
worker.on("error", (error) => console.error(error.message));
await queue.waitUntilReady();
await worker.waitUntilReady();
await app.listen({ port, host: "127.0.0.1" });
