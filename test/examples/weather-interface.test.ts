import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WeatherInsight } from '../../examples/weather-interface.ts';

describe('examples/weather-interface.ts', () => {
  it('has the hash that the plugin says', () => {
    const plugin = new URL('../../examples/plugins/weather-insight/weather_insight.py', import.meta.url);
    const [, hash = ''] = /^__interface_hash__ = (0x[0-9A-F]{16})$/m.exec(readFileSync(plugin, 'utf8')) ?? [];

    expect(BigInt(hash)).toBe(WeatherInsight.hash);
  });
});
