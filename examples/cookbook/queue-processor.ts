import { readFile } from 'node:fs/promises';
import { type Client, isFidiusError, isPluginError, type JsonValue, toJson } from 'fidius';
import type { WeatherInsight } from '../weather-interface.ts';

/** The data of a job: small, because a queue stores it as JSON. Large input stays where it is, and the job names it. */
export interface ReportJob {
  readonly csv: string;
  readonly year: number;
}

/** The processor of a worker: each job is one or more calls of the plugin. */
export function reportProcessor(client: Client<typeof WeatherInsight>) {
  return async ({ data }: { readonly data: ReportJob }, _token?: string, signal?: AbortSignal): Promise<JsonValue> => {
    try {
      const days = await client.parse(await readFile(data.csv), { signal });
      return toJson(
        await client.monthly(days, { first: `${data.year}-01-01`, last: `${data.year}-12-31` }, { signal }),
      );
    } catch (error) {
      throw failsAgain(error) ? unrecoverable(error) : error;
    }
  };
}

/** What the plugin refuses, and input of a wrong type, stay wrong. A crash, a time limit or a full queue may pass. */
function failsAgain(error: unknown): error is Error {
  if (isPluginError(error)) return true;
  return isFidiusError(error) && (error.code.startsWith('FIDIUS_VALUE_') || error.code === 'FIDIUS_PROCESS_POISONED');
}

/** BullMQ knows this error by its name, and does not try the job again. */
function unrecoverable(cause: Error): Error {
  const error = new Error(cause.message, { cause });
  error.name = 'UnrecoverableError';
  return error;
}
