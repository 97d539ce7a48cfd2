import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import config from '../../../examples/cookbook/next/next.config.ts';
import { root } from '../../support/markdown.ts';

/** The handler as Next.js calls it. Each import is another copy of its modules, as after a change of a file. */
async function freshRoute() {
  vi.resetModules();
  return await import('../../../examples/cookbook/next/app/api/months/[year]/route.ts');
}

const csv = readFileSync(join(root, 'examples/data/seattle-weather.csv'));
const posted = (init: RequestInit = {}) => new Request('http://localhost/api', { method: 'POST', body: csv, ...init });
const year = (name: string) => ({ params: Promise.resolve({ year: name }) });

const shared = globalThis as { weatherPlugin?: Promise<{ close: () => Promise<void> }> };

describe('examples/cookbook/next', () => {
  afterEach(async () => {
    vi.unstubAllEnvs();
    await (await shared.weatherPlugin)?.close();
    delete shared.weatherPlugin;
  });

  it('answers a request with what the plugin returns', async () => {
    vi.stubEnv('PLUGINS', join(root, 'examples/plugins'));
    const { POST } = await freshRoute();

    const response = await POST(posted(), year('2015'));

    expect(response.status).toBe(200);
    expect(((await response.json()) as { month: string }[]).map(({ month }) => month)).toHaveLength(12);
  });

  it('answers with the error of the plugin', async () => {
    vi.stubEnv('PLUGINS', join(root, 'examples/plugins'));
    const { POST } = await freshRoute();

    const response = await POST(posted(), year('2031'));

    expect(response.status).toBe(422);
    expect(await response.json()).toEqual({
      code: 'EMPTY_PERIOD',
      message: 'no records between 2031-01-01 and 2031-12-31',
    });
  });

  it('stops the call of a client that has left', async () => {
    vi.stubEnv('PLUGINS', join(root, 'examples/plugins'));
    const { POST } = await freshRoute();
    const client = new AbortController();
    const response = POST(posted({ signal: client.signal }), year('2015'));

    client.abort();

    await expect(response).rejects.toMatchObject({ code: 'FIDIUS_CALL_ABORTED' });
  });

  it('has one plugin for all copies of its modules', async () => {
    vi.stubEnv('PLUGINS', join(root, 'examples/plugins'));
    const [first, second] = [await freshRoute(), await freshRoute()];
    await first.POST(posted(), year('2015'));
    const plugin = shared.weatherPlugin;

    await second.POST(posted(), year('2014'));

    expect(second.POST).not.toBe(first.POST);
    expect(plugin).toBeInstanceOf(Promise);
    expect(shared.weatherPlugin).toBe(plugin);
  });

  it('tries to load again after a load that failed', async () => {
    const { POST } = await freshRoute();
    vi.stubEnv('PLUGINS', join(root, 'no such folder'));
    await expect(POST(posted(), year('2015'))).rejects.toMatchObject({ code: 'FIDIUS_PLUGIN_NOT_FOUND' });
    vi.stubEnv('PLUGINS', join(root, 'examples/plugins'));

    expect((await POST(posted(), year('2015'))).status).toBe(200);
  });

  it('is configured not to bundle fidius, and to copy it and the plugins of the route', () => {
    expect(config.serverExternalPackages).toEqual(['fidius']);
    // With the name of the folder, `[year]`, the brackets would be a class of characters.
    expect(config.outputFileTracingIncludes).toEqual({
      '/api/months/*': ['./plugins/**/*', './node_modules/fidius/**/*'],
    });
  });
});
