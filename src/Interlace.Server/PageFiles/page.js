'use strict';
const $ = id => document.getElementById(id);
const most = 3;
const roles = { D: 'dropped', T: 'tuned', t: 'to be tuned', F: 'frozen anchor', P: 'protected', '.': 'unchanged' };
let key = '', models = [], image = null, running = null;

const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};
const say = text => { $('problem').textContent = text; };
const headers = () => key ? { Authorization: `Bearer ${key}` } : {};

async function get(path) {
  const answer = await fetch(path, { headers: headers() });
  if (answer.ok) return answer.json();
  const said = await answer.json().catch(() => null);
  throw Object.assign(new Error(said?.error?.message ?? `Status ${answer.status}`), { status: answer.status });
}

async function load() {
  try {
    models = (await get('/v1/models')).data;
    $('key-row').hidden = true;
    say('');
    showModels();
    showExamples(await get('/examples'));
  } catch (e) {
    if (e.status === 401) { $('key-row').hidden = false; if (key) say(e.message); $('key').focus(); }
    else say(`The models cannot be listed: ${e.message}`);
  }
}

const chosen = () => models.filter((_, i) => $(`model-${i}`).checked);

function showModels() {
  $('choices').replaceChildren(...models.map((model, i) => {
    const box = element('input', { type: 'checkbox', id: `model-${i}`, checked: i < most, value: model.id });
    box.addEventListener('change', choose);
    return element('label', {}, box, model.id);
  }));
  choose();
}

function choose() {
  const full = chosen().length >= most;
  models.forEach((_, i) => { const box = $(`model-${i}`); box.disabled = full && !box.checked; });
  const kept = new Map([...$('answers').children].map(card => [card.dataset.model, card]));
  $('answers').replaceChildren(...chosen().map(model => kept.get(model.id) ?? card(model)));
}

const million = count => count >= 1e9 ? `${(count / 1e9).toFixed(1)} billion` : count >= 1e6 ? `${(count / 1e6).toFixed(1)} million` : count.toLocaleString('en');

function cell(role) { return element('i', { className: role === '.' ? '' : role }); }

function card(model) {
  const about = model.interlace, isTuned = about.kind.includes('fine-tuned');
  const all = [...about.roles].map(role => role === 'T' && !isTuned ? 't' : role);
  const count = role => all.filter(r => r === role).length;
  const present = Object.keys(roles).filter(count);
  const strip = element('div', { className: 'strip' }, ...all.map((role, l) => Object.assign(cell(role), { title: `layer ${l}: ${roles[role]}` })));
  strip.setAttribute('role', 'img');
  strip.setAttribute('aria-label', `Plan of ${all.length} layers: ${present.map(role => `${count(role)} ${roles[role]}`).join(', ')}`);
  const legend = element('ul', { className: 'legend' }, ...present.map(role =>
    element('li', {}, element('span', { className: 'strip' }, cell(role)), `${count(role)} ${roles[role]}`)));
  const figure = (name, about) => element('div', { title: about }, element('dt', {}, name), element('dd', { className: name.replaceAll(/[ /]/g, '-') }, '–'));
  const made = element('article', {},
    element('h2', {}, model.id),
    element('p', { className: 'kind' }, `${about.kind}, ${about.layers} layers, ${million(about.parameters)} weights`),
    strip, legend,
    element('div', { className: 'text' }),
    element('dl', {}, figure('first token', 'Reading the image and the question, until the first token: the work of this model alone'),
      figure('tokens/s', 'Tokens behind the first, for each second of work of this model alone'), figure('tokens', 'Tokens of the answer')));
  made.dataset.model = model.id;
  made.querySelector('.text').setAttribute('aria-live', 'polite');
  return made;
}

function showExamples(examples) {
  $('examples').replaceChildren(...examples.map(example => {
    const button = element('button', { type: 'button', title: `${example.name}: ${example.question}` },
      element('img', { src: example.image, alt: `Example ${example.name}` }));
    button.addEventListener('click', () => {
      show(example.image);
      button.setAttribute('aria-pressed', 'true');
      $('text').value = example.question;
    });
    return button;
  }));
}

function show(uri) {
  image = uri;
  $('preview').hidden = $('clear').hidden = !uri;
  if (uri) { $('preview').src = uri; $('preview').alt = 'The image that is asked about'; }
  else $('preview').removeAttribute('src');
  for (const button of $('examples').children) button.setAttribute('aria-pressed', 'false');
}

function take(file) {
  if (!file) return;
  if (!file.type.startsWith('image/')) { say(`${file.name} is no image.`); return; }
  const reader = new FileReader();
  reader.addEventListener('load', () => { say(''); show(reader.result); });
  reader.addEventListener('error', () => say(`${file.name} cannot be read.`));
  reader.readAsDataURL(file);
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let held = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (held + value).split('\n');
    held = lines.pop();
    for (const line of lines) {
      if (line.startsWith('data: {')) yield JSON.parse(line.slice(6));
    }
  }
}

async function ask(model, question, signal) {
  const place = [...$('answers').children].find(card => card.dataset.model === model.id);
  const text = place.querySelector('.text'), figure = name => place.querySelector(`.${name}`);
  text.className = 'text waiting';
  text.textContent = '';
  for (const value of place.querySelectorAll('dd')) value.textContent = '–';
  const content = [{ type: 'text', text: question }];
  if (image) content.unshift({ type: 'image_url', image_url: { url: image } });
  const body = { model: model.id, messages: [{ role: 'user', content }], temperature: 0, max_tokens: +$('length').value, stream: true, stream_options: { include_usage: true } };
  try {
    const answer = await fetch('/v1/chat/completions', { method: 'POST', signal, headers: { ...headers(), 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error((await answer.json()).error.message);
    let times = null;
    for await (const event of events(answer.body)) {
      if (event.error) throw new Error(event.error.message);
      text.append(event.choices[0]?.delta.content ?? '');
      times = event.interlace ?? times;
      if (!event.usage) continue;
      const tokens = event.usage.completion_tokens;
      figure('first-token').textContent = `${times.prefill_seconds.toFixed(2)} s`;
      figure('tokens-s').textContent = tokens > 1 ? ((tokens - 1) / times.decoding_seconds).toFixed(1) : '–';
      figure('tokens').textContent = `${tokens}`;
    }
    text.className = 'text';
  } catch (e) {
    text.className = 'text';
    if (signal.aborted) return;
    text.className = 'text failed';
    text.textContent = e.message;
  }
}

async function askAll() {
  const question = $('text').value, asked = chosen();
  if (running) return;
  if (!question.trim()) { say('Write a question first.'); $('text').focus(); return; }
  if (asked.length === 0) { say('Choose a model first.'); return; }
  say('');
  running = new AbortController();
  $('go').disabled = true;
  $('stop').disabled = false;
  for (let i = 0; i < models.length; i++) $(`model-${i}`).disabled = true;
  await Promise.all(asked.map(model => ask(model, question, running.signal)));
  running = null;
  $('go').disabled = false;
  $('stop').disabled = true;
  choose();
}

$('ask').noValidate = true;
$('ask').addEventListener('submit', event => { event.preventDefault(); askAll(); });
$('stop').addEventListener('click', () => running?.abort());
$('clear').addEventListener('click', () => show(null));
$('file').addEventListener('change', event => { take(event.target.files[0]); event.target.value = ''; });
$('use-key').addEventListener('click', () => { key = $('key').value; load(); });
$('key').addEventListener('keydown', event => { if (event.key === 'Enter') { event.preventDefault(); $('use-key').click(); } });
$('text').addEventListener('keydown', event => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); askAll(); } });
document.addEventListener('dragover', event => { event.preventDefault(); $('drop').classList.add('over'); });
document.addEventListener('dragleave', () => $('drop').classList.remove('over'));
document.addEventListener('drop', event => { event.preventDefault(); $('drop').classList.remove('over'); take(event.dataTransfer.files[0]); });
document.addEventListener('paste', event => { if (event.clipboardData.files.length > 0) take(event.clipboardData.files[0]); });
load();
