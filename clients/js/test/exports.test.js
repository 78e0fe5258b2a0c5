import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import * as exported from '../index.js';

test('what is exported is what index.d.ts declares', async () => {
  const declared = await readFile(new URL('../index.d.ts', import.meta.url), 'utf8');
  const names = [...declared.matchAll(/^export (?:class|const|function) (\w+)/gm)].map(([, name]) => name);
  // Timers, Webhooks and the like are declared as interfaces: they are had from a client only.
  assert.deepEqual(Object.keys(exported).sort(), [...names, 'default'].sort());
});
