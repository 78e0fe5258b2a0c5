// What JavaScript samples take for granted: `require`, beside ES modules' `await`.
import { createRequire } from 'node:module';

globalThis.require = createRequire(`${process.cwd()}/`);
