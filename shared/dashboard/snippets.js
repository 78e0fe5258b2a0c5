// A request in the languages that callers write. The key stays in the environment: what is copied may be pasted anywhere.

/** @typedef {{ name: string, language: string, text: string }} Snippet */

/**
 * The creation of a timer.
 *
 * @param {string} base the API's address
 * @param {Record<string, unknown>} body
 * @returns {Snippet[]}
 */
export function snippets(base, body) {
  const url = `${base}/timers`;
  return [
    { name: 'curl', language: 'bash', text: curl(url, body) },
    { name: 'JavaScript', language: 'javascript', text: javascript(url, body) },
    { name: 'Python', language: 'python', text: python(url, body) },
    { name: 'Rust', language: 'rust', text: rust(url, body) },
  ];
}

/** @param {string} text */
const quotedForShell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @param {string} url @param {Record<string, unknown>} body */
function curl(url, body) {
  return `curl -s ${quotedForShell(url)} \\
  -H "x-api-key: $MINOOTS_API_KEY" \\
  -H 'content-type: application/json' \\
  -d ${quotedForShell(JSON.stringify(body, null, 2))}
`;
}

/** @param {string} url @param {Record<string, unknown>} body */
function javascript(url, body) {
  return `const response = await fetch(${JSON.stringify(url)}, {
  method: 'POST',
  headers: { 'x-api-key': process.env.MINOOTS_API_KEY, 'content-type': 'application/json' },
  body: JSON.stringify(${literal(body, JAVASCRIPT, '  ')}),
});
const { timer } = await response.json();
console.log(timer.id, timer.expiresAt);
`;
}

/** @param {string} url @param {Record<string, unknown>} body */
function python(url, body) {
  return `import os
import requests

response = requests.post(
    ${JSON.stringify(url)},
    headers={"x-api-key": os.environ["MINOOTS_API_KEY"]},
    json=${literal(body, PYTHON, '    ')},
    timeout=10,
)
response.raise_for_status()
timer = response.json()["timer"]
print(timer["id"], timer["expiresAt"])
`;
}

/** @param {string} url @param {Record<string, unknown>} body */
function rust(url, body) {
  const text = JSON.stringify(body, null, 2);
  const hashes = '#'.repeat(1 + Math.max(0, ...[...text.matchAll(/"(#*)/g)].map(([, found = '']) => found.length)));
  return `// cargo add reqwest tokio --features tokio/full
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let answer = reqwest::Client::new()
        .post(${JSON.stringify(url)})
        .header("x-api-key", std::env::var("MINOOTS_API_KEY")?)
        .header("content-type", "application/json")
        .body(r${hashes}"${text}"${hashes})
        .send()
        .await?
        .error_for_status()?;
    println!("{}", answer.text().await?);
    Ok(())
}
`;
}

/** @typedef {{ words: Record<string, string>, key: (name: string) => string, indent: string }} Language */
/** @type {Language} */
const JAVASCRIPT = {
  words: {},
  // A member of this name would be taken for the object's prototype.
  key: (name) => (name === '__proto__' ? '["__proto__"]' : /^[a-z_$][\w$]*$/i.test(name) ? name : JSON.stringify(name)),
  indent: '  ',
};
/** @type {Language} */
const PYTHON = { words: { true: 'True', false: 'False', null: 'None' }, key: JSON.stringify, indent: '    ' };

/**
 * A value as a literal of the language.
 *
 * @param {any} value
 * @param {Language} language
 * @param {string} margin
 * @returns {string}
 */
function literal(value, language, margin) {
  const deeper = margin + language.indent;
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, language, margin)).join(', ')}]`;
  if (value === null || typeof value !== 'object') {
    const text = JSON.stringify(value);
    return language.words[text] ?? text;
  }
  const members = Object.entries(value).map(([name, item]) => `${deeper}${language.key(name)}: ${literal(item, language, deeper)},\n`);
  return members.length === 0 ? '{}' : `{\n${members.join('')}${margin}}`;
}
