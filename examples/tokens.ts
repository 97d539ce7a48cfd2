import { isFidiusError, isPluginError, PluginHost } from 'fidius';
import { TextModel } from './text-model-interface.ts';

const notes: string[] = [];

async function main(): Promise<void> {
  await using host = await PluginHost.open({
    searchPaths: [`${import.meta.dirname}/plugins`],
    onOutput: ({ text }) => notes.push(text),
  });
  const { client } = await host.load('text-model', TextModel);

  // The reader has enough: leaving the loop ends the generator.
  let answer = 'The river';
  for await (const token of client.complete(answer, 7)) {
    answer += token;
    if (answer.length > 60) break;
  }
  console.log(answer);

  // A signal cancels the call from elsewhere, for example when the client of a web server closes its connection.
  const connection = new AbortController();
  let tokens = 0;
  try {
    for await (const _ of client.complete('the', 1, { signal: connection.signal })) {
      tokens += 1;
      if (tokens === 5) connection.abort();
    }
  } catch (error) {
    if (!isFidiusError(error)) throw error;
    console.log(`${tokens} tokens, then ${error.code}`);
  }

  // An error of the model arrives where its tokens would.
  try {
    for await (const _ of client.complete('The ocean', 1));
  } catch (error) {
    if (!isPluginError(error)) throw error;
    console.log(`${error.code}: ${error.message}`);
  }
}

await main();
console.log(notes.join(', '));
