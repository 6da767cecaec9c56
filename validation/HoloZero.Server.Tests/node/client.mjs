// OpenAI's own client against the service: node client.mjs BASE_URL. Prints one JSON object a step, for the test that runs it.
import OpenAI from 'openai';

const tell = (step, result) => console.log(JSON.stringify({ step, result }));
const watched = async (...request) => {
  const response = await fetch(...request);
  if (response.status === 429) tell('refused', { after: response.headers.get('retry-after') });
  return response;
};
const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: 'none', maxRetries: 5, fetch: watched });

const models = [];
for await (const model of client.models.list()) models.push(model.id);
tell('models', models);
tell('model', (await client.models.retrieve(models[0])).object);

const request = { model: models[0], prompt: 'And God said, ', max_tokens: 40, seed: 7, temperature: 0.8 };
const whole = await client.completions.create({ ...request, logprobs: 2 });
tell('completion', { text: whole.choices[0].text, tokens: whole.choices[0].logprobs.tokens.length, usage: whole.usage });

let text = '', usage = null, reason = null;
for await (const chunk of await client.completions.create({ ...request, stream: true, stream_options: { include_usage: true } })) {
  text += chunk.choices[0]?.text ?? '';
  reason = chunk.choices[0]?.finish_reason ?? reason;
  usage = chunk.usage ?? usage;
}
tell('stream', { text, usage, reason });

const messages = [{ role: 'user', content: 'And God said, ' }];
const chat = await client.chat.completions.create({ model: models[0], messages, max_completion_tokens: 40, seed: 7, temperature: 0.8 });
tell('chat', { content: chat.choices[0].message.content, reason: chat.choices[0].finish_reason, id: chat._request_id });

const runner = client.chat.completions.stream({ model: models[0], messages, max_completion_tokens: 40, seed: 7, temperature: 0.8 });
tell('chat stream', { content: await runner.finalContent() });

try {
  await client.completions.create({ model: models[0], prompt: 'a', temperature: 9 });
} catch (error) {
  tell('error', { name: error.constructor.name, status: error.status, param: error.param, code: error.code, id: error.requestID });
}

try {
  await client.models.retrieve('none');
} catch (error) {
  tell('missing', { name: error.constructor.name, code: error.code });
}

// Somebody takes the only place, says so, and leaves it once this has been refused.
tell('waiting', null);
await new Promise(resolve => process.stdin.once('data', resolve));
const retried = await client.completions.create({ model: models[0], prompt: 'a', max_tokens: 1, temperature: 0 });
tell('retried', { text: retried.choices[0].text });
process.exit(0);
