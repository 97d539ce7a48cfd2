import { createServer, type Server } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import express, { type ErrorRequestHandler, type Response } from 'express';
import { isFidiusError, isPluginError, type PluginHost, toJson } from 'fidius';
import { TextModel } from '../text-model-interface.ts';
import { WeatherInsight } from '../weather-interface.ts';

/** An HTTP server over plugins. The host belongs to the caller, who closes it after the server. */
export async function createWeatherServer(host: PluginHost): Promise<Server> {
  // The pool: two processes of one plugin. Calls are distributed, and a crash ends the calls of one process only.
  const weather = await host.load('weather-insight', WeatherInsight, {
    executor: 'process',
    process: { instances: 2 },
    timeoutMs: 10_000,
    maxQueued: 100,
  });
  const model = await host.load('text-model', TextModel);

  const app = express();

  app.post('/months/:year', express.raw({ type: 'text/csv', limit: '1mb' }), async ({ params, body }, response) => {
    const signal = untilClosed(response);
    const days = await weather.client.parse(body as Buffer, { signal });
    const period = { first: `${params.year}-01-01`, last: `${params.year}-12-31` };
    response.json(toJson(await weather.client.monthly(days, period, { signal })));
  });

  // A stream of the plugin is the body of the response. When the client leaves, pipeline() ends the generator.
  app.get('/texts/:prompt', async ({ params }, response) => {
    const tokens = model.client.complete(params.prompt, 7);
    const first = await tokens.next(); // an error before the first token still can have a status of its own
    response.type('text/plain').write(first.value ?? '');
    await pipeline(Readable.from(tokens), response).catch((error: unknown) => {
      if (!response.destroyed) throw error;
    });
  });

  app.get('/health', (_request, response) => {
    const { processes } = weather.stats();
    const isReady = processes?.some(({ state }) => state === 'ready') ?? true;
    response.status(isReady ? 200 : 503).json({ processes: processes?.map(({ state }) => state) });
  });

  app.use(answerError);
  return createServer(app);
}

/** Aborts when the client of a request has closed its connection, so that Python stops, too. */
function untilClosed(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new Error('the client has closed the connection'));
  });
  return controller.signal;
}

const statusOf: Readonly<Record<string, number>> = {
  FIDIUS_CALL_TIMEOUT: 504,
  FIDIUS_QUEUE_FULL: 503,
  FIDIUS_PROCESS_EXITED: 503,
  FIDIUS_PROCESS_FAILED: 503,
  FIDIUS_PLUGIN_CLOSED: 503,
};

const answerError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent || response.destroyed) return next(error);
  // What the plugin refuses is about the request. Its traceback is for the log, and not for the client.
  if (isPluginError(error)) {
    response.status(422).json({ code: error.code, message: error.message, details: toJson(error.details) });
  } else if (isFidiusError(error)) {
    response.status(statusOf[error.code] ?? 500).json({ code: error.code });
  } else {
    next(error);
  }
};
