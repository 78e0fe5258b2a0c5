// Reads requests as JSON lines and says of each whether the snippet trusts it.
import { readFileSync } from "node:fs";
import { verify } from "./snippet.mjs";

for (const line of readFileSync(0, "utf8").trim().split("\n")) {
  const { headers, body, secret } = JSON.parse(line);
  console.log(verify(headers, Buffer.from(body, "base64"), secret));
}
