import { generateText, type LanguageModel, stepCountIs } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import { PluginHost } from 'fidius';
import { TextModel } from '../text-model-interface.ts';
import { aiTools } from './ai-tools.ts';

/** Stands for a model of a provider, which needs a key: it asks for two calls, then answers. */
const model: LanguageModel = new MockLanguageModelV3({
  doGenerate: [
    step({ type: 'tool-call', toolCallId: '1', toolName: 'complete', input: '{ "prompt": "ocean", "seed": 7 }' }),
    step({ type: 'tool-call', toolCallId: '2', toolName: 'complete', input: '{ "prompt": "the river", "seed": 7 }' }),
    step({ type: 'text', text: 'The river runs on.' }),
  ],
});

await using host = await PluginHost.open({
  searchPaths: [`${import.meta.dirname}/../plugins`],
  onOutput: ({ text }) => console.error(text),
});
const plugin = await host.load('text-model', TextModel);

const { text, steps } = await generateText({
  model,
  tools: aiTools(plugin, TextModel, { maxItems: 4 }),
  stopWhen: stepCountIs(5),
  prompt: 'Continue: the river',
});

for (const part of steps.flatMap(({ content }) => content)) {
  if (part.type === 'tool-call') console.log('called', part.toolName, part.input);
  if (part.type === 'tool-error') console.log('failed', String(part.error));
  if (part.type === 'tool-result') console.log('returned', part.output);
}
console.log(text);

type Step = Awaited<ReturnType<MockLanguageModelV3['doGenerate']>>;

function step(part: Step['content'][number]): Step {
  return {
    content: [part],
    finishReason: { unified: part.type === 'text' ? 'stop' : 'tool-calls', raw: undefined },
    usage: {
      inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 1, text: 1, reasoning: 0 },
    },
    warnings: [],
  };
}
