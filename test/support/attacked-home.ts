import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fill } from './packages.ts';
import { tempFolder } from './temp-folder.ts';

/** What an attacker has put everywhere that Python could take code from. */
export interface AttackedPlaces {
  /** Has modules, and a virtual environment `.venv`. */
  readonly cwd: string;
  /** Points Python to the others. */
  readonly env: NodeJS.ProcessEnv;
  readonly userSite: string;
  readonly pythonPath: string;
  readonly venv: string;
}

/** A line of Python that leaves a mark in the process. */
const mark = (what: string) =>
  `import builtins; builtins.attacks = getattr(builtins, "attacks", []); builtins.attacks.append(${JSON.stringify(what)})`;

/** A `.pth` file adds the folder that a line names, and executes a line that begins with `import`. */
const pathFile = (what: string, folder: string) => `${folder}\n${mark(what)}; import shapes\n`;

/** Writes all of it for one Python: each place has a module `colors`, and code that runs when Python starts. */
export function attackPlaces(executable: string): AttackedPlaces {
  const cwd = tempFolder('attacked folder');
  const base = tempFolder('attacked home');
  const pythonPath = tempFolder('attacked path');
  const named = tempFolder('named by a .pth file');
  const venv = join(cwd, '.venv');
  execFileSync(executable, ['-I', '-m', 'venv', '--without-pip', venv]);
  const userSite = askSite(executable, { PYTHONUSERBASE: base }, 'site.getusersitepackages()');
  const venvSite = askSite(join(venv, 'bin', 'python'), {}, 'site.getsitepackages()[0]');
  const places = { 'user site': userSite, PYTHONPATH: pythonPath, 'current folder': cwd, '.venv': venvSite };
  for (const [place, folder] of Object.entries(places)) {
    fill(folder, {
      'colors.py': `place = ${JSON.stringify(place)}\n`,
      'usercustomize.py': `${mark(`usercustomize of ${place}`)}\n`,
      'sitecustomize.py': `${mark(`sitecustomize of ${place}`)}\n`,
      'attack.pth': pathFile(`.pth of ${place}`, named),
    });
  }
  fill(named, { 'shapes.py': 'place = "named by a .pth file"\n' });
  fill(pythonPath, { 'start.py': `${mark('PYTHONSTARTUP')}\n` });
  const env = {
    ...process.env,
    FIDIUS_PYTHON: undefined,
    VIRTUAL_ENV: undefined,
    CONDA_PREFIX: undefined,
    PYTHONUSERBASE: base,
    PYTHONPATH: pythonPath,
    PYTHONSTARTUP: join(pythonPath, 'start.py'),
    PYTHONHOME: pythonPath,
  };
  return { cwd, env, userSite, pythonPath, venv };
}

function askSite(executable: string, env: NodeJS.ProcessEnv, question: string): string {
  const code = `import site; print(${question})`;
  return execFileSync(executable, ['-c', code], { encoding: 'utf8', env: { ...process.env, ...env } }).trim();
}

/** Lines of a plugin that reports what it finds of the attack. Its `greet` returns JSON. */
export const reportingLines = [
  'import builtins, json, sys',
  'def place_of(name):',
  '    try:',
  '        return __import__(name).place',
  '    except ImportError as error:',
  '        return None',
  'found = {"colors": place_of("colors"), "shapes": place_of("shapes")}',
  'def greet(name):',
  '    attacks = sorted(set(getattr(builtins, "attacks", [])))',
  '    return json.dumps({**found, "attacks": attacks, "prefix": sys.prefix, "isolated": sys.flags.isolated})',
  'def count(): return 0',
];
