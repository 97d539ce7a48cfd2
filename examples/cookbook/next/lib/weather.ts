import { type Plugin, PluginHost } from 'fidius';
import { WeatherInsight } from '../../../weather-interface.ts';

// The development server evaluates this module again at each change, and each bundle of a route may have a copy of it.
const shared = globalThis as typeof globalThis & { weatherPlugin?: Promise<Plugin<typeof WeatherInsight>> };

/** The plugin of this server. The first request loads it; if that fails, the next one tries again. */
export function weatherPlugin(): Promise<Plugin<typeof WeatherInsight>> {
  shared.weatherPlugin ??= load().catch((error: unknown) => {
    delete shared.weatherPlugin;
    throw error;
  });
  return shared.weatherPlugin;
}

async function load() {
  const searchPaths = [process.env['PLUGINS'] ?? 'plugins'];
  // A child process: Next.js may run several workers, reload modules and be ended without a chance to clean up.
  const host = await PluginHost.open({ searchPaths, executor: 'process', timeoutMs: 10_000 });
  return await host.load('weather-insight', WeatherInsight);
}
