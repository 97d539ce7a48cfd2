import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PluginHost } from 'fidius';
import { vendorDependencies } from 'fidius/packaging';
import { TextRater } from './text-rater-interface.ts';

const folder = await mkdtemp(join(tmpdir(), 'model-from-wheel-'));
try {
  // The wheel of the model. An index such as PyPI has them ready; here the example makes one.
  const python = process.env['FIDIUS_PYTHON'] ?? 'python3';
  const wheels = join(folder, 'wheels');
  execFileSync(python, [`${import.meta.dirname}/build_model_wheel.py`, wheels]);

  // Vendoring puts the model into the package, weights included: nothing is downloaded when the plugin is loaded.
  const rater = join(folder, 'text-rater');
  await cp(`${import.meta.dirname}/plugins/text-rater`, rater, { recursive: true });
  const { distributions } = await vendorDependencies(rater, { python, wheels });
  console.log(`vendored: ${distributions.map(({ name, version }) => `${name} ${version}`).join(', ')}`);

  await using host = await PluginHost.open({ searchPaths: [folder] });
  const { client } = await host.load('text-rater', TextRater);
  console.log((await client.rate('a great story')).toFixed(2));
  for await (const { text, score } of client.rateAll(['lovely and quiet', 'dull and long', 'a film'])) {
    console.log(`${score.toFixed(2).padStart(5)}  ${text}`);
  }
} finally {
  await rm(folder, { recursive: true });
}
