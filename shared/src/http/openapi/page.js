// Renders openapi.json. Everything from the document becomes text, never markup.

const main = document.getElementById('main');
const nav = document.getElementById('nav');
const told = document.getElementById('told');
const base = new URL('.', location.href).href.replace(/\/$/, '');

/** An element with attributes and content: strings become text. */
function element(name, attributes = {}, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(key, value);
  }
  made.append(...content.flat().filter((part) => part !== undefined));
  return made;
}

const slug = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, '-');

/** `code` and links within a line. */
function line(text) {
  return text.split(/(`[^`]+`|\[[^\]]+\]\(https:[^)\s]+\))/).map((part) => {
    if (part.startsWith('`')) return element('code', {}, part.slice(1, -1));
    const link = /^\[([^\]]+)\]\((https:[^)]+)\)$/.exec(part);
    return link ? element('a', { href: link[2] }, link[1]) : part;
  });
}

/** Paragraphs and lists. */
function prose(text) {
  if (!text) return [];
  return text.split('\n\n').map((block) => {
    if (!block.startsWith('- ')) return element('p', {}, line(block));
    const items = block.split('\n').map((item) => element('li', {}, line(item.slice(2))));
    return element('ul', { class: 'list' }, items);
  });
}

function start(api) {
  const found = (thing) => {
    let at = thing;
    while (at?.$ref) {
      const path = at.$ref.slice(2).split('/');
      const { $ref, ...own } = at;
      at = { ...path.reduce((inside, name) => inside[name], api), ...own };
    }
    return at;
  };

  // A schema in a few words.
  const kind = (given) => {
    const schema = found(given);
    const either = schema.anyOf ?? schema.oneOf;
    if (either) return either.map(kind).join(' or ');
    if ('const' in schema) return JSON.stringify(schema.const);
    if (schema.type === 'array') return `array of ${kind(schema.items ?? {})}`;
    const types = [schema.type ?? 'any'].flat().join(' or ');
    return schema.format && !schema.format.startsWith('minoots-') ? `${types} (${schema.format})` : types;
  };

  const limits = (schema) => {
    const said = [];
    if (schema.enum) said.push(`one of ${schema.enum.map((value) => `\`${value}\``).join(', ')}`);
    if (schema.minimum !== undefined && schema.maximum !== undefined) said.push(`${schema.minimum} to ${schema.maximum}`);
    if (schema.maxLength) said.push(`at most ${schema.maxLength.toLocaleString('en')} characters`);
    if (schema.maxItems) said.push(`at most ${schema.maxItems} items`);
    if (schema.default !== undefined) said.push(`default \`${JSON.stringify(schema.default)}\``);
    return said.length ? element('p', {}, line(`${said.join('; ')}.`.replace(/^./, (first) => first.toUpperCase()))) : undefined;
  };

  // What lies within a field: the members of its object, or of its items.
  const within = (given) => {
    const schema = found(given);
    const inner = [schema, ...(schema.anyOf ?? []), schema.items].filter(Boolean).map(found);
    return inner.find((candidate) => candidate.properties);
  };

  // What the type of a field says beside the field itself.
  const more = (given) => {
    const [reference] = [given, ...(given.anyOf ?? [])].filter((candidate) => candidate.$ref);
    const { description, properties } = reference ? found({ $ref: reference.$ref }) : {};
    return description === found(given).description || properties ? [] : prose(description);
  };

  const field = (name, given, required, above) => {
    const schema = found(given);
    const inner = within(given);
    const item = element('li', {},
      element('b', {}, name),
      element('span', { class: 'type' }, required ? kind(given) : kind(given).replace(/ or null$/, '')),
      required ? element('span', { class: 'must' }, 'required') : undefined,
      prose(schema.description),
      more(given),
      /\d|\n- /.test(schema.description) ? undefined : limits(schema));
    if (inner && !above.includes(inner.description)) {
      item.append(later(`Fields of ${name}`, () => fields(inner, [...above, inner.description])));
    }
    return item;
  };

  const fields = (schema, above = []) => element('ul', { class: 'fields' },
    Object.entries(schema.properties ?? {}).map(([name, given]) =>
      field(name, given, schema.required?.includes(name), above)));

  // Built when it is opened: most of it never is.
  const later = (label, build) => {
    const details = element('details', {}, element('summary', {}, label));
    details.addEventListener('toggle', () => {
      if (details.open && details.childElementCount === 1) details.append(...[build()].flat());
    });
    return details;
  };

  const bodyOf = (holder) => {
    const [[type, content]] = Object.entries(found(holder).content ?? { '': {} });
    const examples = Object.entries(content.examples ?? {}).map(([name, example]) => ({ label: example.summary ?? name, value: example.value }));
    if (content.example !== undefined) examples.push({ label: '', value: content.example });
    return { type, schema: content.schema, examples };
  };

  const curl = (method, path, operation, body) => {
    const parts = [`curl ${base}${path.replaceAll('{id}', '$ID')}`];
    if (method !== 'get' && !(method === 'post' && body !== undefined)) parts[0] = `curl -X ${method.toUpperCase()} ${base}${path.replaceAll('{id}', '$ID')}`;
    if (!operation.security?.some((scheme) => Object.keys(scheme).length === 0)) parts.push('-H "x-api-key: $MINOOTS_API_KEY"');
    if (body !== undefined) parts.push(`-d '${JSON.stringify(body, null, 2).replaceAll("'", "'\\''")}'`);
    return parts.join(' \\\n  ');
  };

  const side = (method, path, operation, isWebhook) => {
    const asked = operation.requestBody && bodyOf(operation.requestBody);
    const panels = [];
    if (isWebhook) panels.push(panel('Body', asked.examples.map(({ label, value }) => ({ label, code: value, json: true }))));
    else {
      const bodies = asked?.examples.length ? asked.examples : [{ label: '', value: undefined }];
      panels.push(panel('curl', bodies.map(({ label, value }) => ({ label, code: curl(method, path, operation, value) }))));
      const answers = Object.entries(operation.responses).filter(([status]) => status.startsWith('2')).flatMap(([status, answer]) =>
        bodyOf(answer).examples.map(({ value }) => ({ label: status, code: value, json: true })));
      panels.push(panel('Answer', answers));
    }
    return element('div', { class: 'side' }, panels);
  };

  const answers = (operation) => element('ul', { class: 'fields answers' },
    Object.entries(operation.responses).map(([status, given]) => {
      const answer = found(given);
      const { schema, type, examples } = bodyOf(answer);
      const isError = type === 'application/problem+json';
      const label = element('span', {}, element('span', { class: `status ${/^2/.test(status) ? 'ok' : 'fail'}` }, status));
      if (isError) {
        const codes = Object.keys(answer.content[type].examples);
        label.append(...codes.flatMap((code, index) => [index ? ', ' : '', element('code', {}, code)]));
      } else label.append(...line(answer.description));
      if (!schema) return element('li', {}, label);
      const headers = Object.entries(answer.headers ?? {}).map(([name, header]) => [name, found(header)]);
      return element('li', {}, later(label, () => [
        isError ? prose(answer.description) : fields(found(schema)),
        headers.length ? element('ul', { class: 'fields' }, headers.map(([name, header]) =>
          element('li', {}, element('b', {}, name), element('span', { class: 'type' }, 'header'), prose(header.description)))) : undefined,
        isError ? panel('Answer', examples.map(({ label: code, value }) => ({ label: code, code: value, json: true }))) : undefined,
      ].flat().filter(Boolean)));
    }));

  const article = (method, path, operation, isWebhook) => {
    const parameters = (operation.parameters ?? []).map(found);
    const asked = operation.requestBody && bodyOf(operation.requestBody);
    const places = [['path', 'Path'], ['query', 'Query'], ['header', 'Headers']];
    const id = operation.operationId;
    return element('article', { id, 'aria-labelledby': `${id}-title` },
      element('div', {},
        element('h3', { id: `${id}-title` }, element('a', { href: `#${id}` }, operation.summary)),
        element('p', { class: 'route' }, element('span', { class: `method ${method}` }, method.toUpperCase()), isWebhook ? 'your URL' : path,
          isWebhook ? [' with ', element('code', {}, path)] : []),
        prose(operation.description),
        places.map(([place, title]) => {
          const here = parameters.filter((parameter) => parameter.in === place);
          if (!here.length) return [];
          const list = here.map(({ name, schema, description, required }) => field(name, { ...found(schema), description }, required, []));
          return [element('h4', {}, title), element('ul', { class: 'fields' }, list)];
        }).flat(),
        asked ? [element('h4', {}, operation.requestBody.required || isWebhook ? 'Body' : 'Body, optional'), fields(found(asked.schema))] : [],
        element('h4', {}, isWebhook ? 'What you answer' : 'Answers'),
        answers(operation)),
      side(method, path, operation, isWebhook));
  };

  const { info } = api;
  document.title = `${info.title} API`;
  const [lead, ...rest] = info.description.split('\n\n');
  main.replaceChildren(element('div', { class: 'intro', id: 'top' },
    element('h1', {}, `${info.title} API`, element('small', {}, `version ${info.version}`)), prose(lead), prose(rest.join('\n\n'))));

  const operations = [['paths', false], ['webhooks', true]].flatMap(([section, isWebhook]) =>
    Object.entries(api[section]).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method, path, operation, isWebhook }))));
  const entries = [];
  for (const { name, description } of api.tags) {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    const id = slug(name);
    main.append(element('section', { 'aria-labelledby': id }, element('h2', { id }, name), element('p', {}, line(description)),
      own.map(({ method, path, operation, isWebhook }) => article(method, path, operation, isWebhook))));
    const list = own.map(({ method, path, operation, isWebhook }) => {
      const label = isWebhook ? path : operation.summary.replace(/\.$/, '').replace(/[:,;] .*$/, '').replaceAll('`', '');
      const marker = isWebhook ? undefined : element('span', { class: `method ${method}` }, method.toUpperCase());
      const item = element('li', {}, element('a', { href: `#${operation.operationId}` }, label, marker));
      entries.push({ item, id: operation.operationId, text: `${method} ${path} ${operation.summary} ${operation.operationId}`.toLowerCase() });
      return item;
    });
    nav.append(element('h2', {}, name), element('ul', {}, list));
  }
  const errors = element('div', { id: 'codes', class: 'intro codes' }, prose(api.components.schemas.ErrorCode.description));
  main.append(element('section', { 'aria-labelledby': 'errors' }, element('h2', { id: 'errors' }, 'Errors'), errors));
  const codes = element('li', {}, element('a', { href: '#codes' }, 'Codes and what to do'));
  nav.append(element('h2', {}, 'Errors'), element('ul', {}, codes));
  entries.push({ item: codes, id: 'codes', text: `errors codes ${errors.textContent.toLowerCase()}` });
  finding(entries);
  marking(entries);
  // The browser looked for the place before it was there.
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView({ behavior: 'instant' });
}

/** JSON in colours. */
function coloured(value) {
  const pattern = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  const text = JSON.stringify(value, null, 2);
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const [all, string, colon, word] = match;
    parts.push(text.slice(end, match.index));
    if (string) parts.push(element('span', { class: colon ? 'key' : 'text' }, string), colon ?? '');
    else parts.push(element('span', { class: word ? 'word' : 'number' }, all));
    end = match.index + all.length;
  }
  return [...parts, text.slice(end)];
}

/** Code with a button that copies it, and a choice where there are several. */
function panel(title, samples) {
  const pre = element('pre', { tabindex: '0', 'aria-label': title });
  let shown;
  const show = (sample) => {
    shown = sample;
    pre.replaceChildren(...(sample.json ? coloured(sample.code) : [sample.code]));
  };
  const copy = element('button', { type: 'button', 'aria-label': `Copy: ${title}` }, 'Copy');
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(shown.json ? JSON.stringify(shown.code, null, 2) : shown.code);
    copy.textContent = told.textContent = 'Copied';
    copy.addEventListener('blur', () => { copy.textContent = 'Copy'; told.textContent = ''; }, { once: true });
  });
  const head = element('header', {}, element('span', {}, samples.length === 1 && samples[0].label ? `${title}: ${samples[0].label}` : title));
  if (samples.length > 1) {
    const choose = element('select', { 'aria-label': `${title}: which example` },
      samples.map(({ label }, index) => element('option', { value: String(index) }, label)));
    choose.addEventListener('change', () => show(samples[Number(choose.value)]));
    head.append(choose);
  }
  head.append(copy);
  show(samples[0]);
  return element('div', { class: 'panel' }, head, pre);
}

/** The field above narrows the list; `/` goes there, Enter goes to the first that is left. */
function finding(entries) {
  const find = document.getElementById('find');
  const narrow = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const { item, text } of entries) item.hidden = !words.every((word) => text.includes(word));
    for (const heading of nav.querySelectorAll('h2')) {
      heading.hidden = [...heading.nextElementSibling.children].every((item) => item.hidden);
    }
    const left = entries.filter(({ item }) => !item.hidden);
    told.textContent = words.length ? `${left.length} found` : '';
    return left;
  };
  find.addEventListener('input', narrow);
  find.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && find.value) location.hash = narrow()[0]?.id ?? location.hash;
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      find.focus();
    }
  });
}

/** The list says where the reader is. */
function marking(entries) {
  const links = new Map(entries.map(({ item, id }) => [id, item.firstChild]));
  const seen = new IntersectionObserver((changes) => {
    for (const { target, isIntersecting } of changes) {
      if (!isIntersecting) continue;
      nav.querySelector('[aria-current]')?.removeAttribute('aria-current');
      const link = links.get(target.id);
      link.setAttribute('aria-current', 'true');
      // The list alone moves, never the page.
      const place = link.offsetTop - nav.offsetTop;
      if (place < nav.scrollTop || place > nav.scrollTop + nav.clientHeight - 40) nav.scrollTop = place - nav.clientHeight / 2;
    }
  }, { rootMargin: '-80px 0px -75% 0px' });
  for (const id of links.keys()) seen.observe(document.getElementById(id));
}

try {
  const answer = await fetch('openapi.json');
  if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
  start(await answer.json());
} catch (error) {
  main.replaceChildren(element('p', { role: 'alert' }, `openapi.json can't be shown: ${error.message}. Load this page again.`));
}
