import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissingValue } from '../../../src/codec/intermediate-values.ts';
import { failureOf } from '../../support/failure.ts';
import { outputOf } from '../../support/isolated.ts';
import { embeddablePythons, findPythons } from '../../support/pythons.ts';
import { ValuePeer } from '../support/value-peer.ts';

// The classes by which values are told, as pandas has them; pandas itself is tested below.
const definitions = `
import datetime, sys, types

def module(name, **names):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(names)

class NaTType(datetime.datetime):
    def __str__(self): return "NaT"
class NAType:
    def __hash__(self): return 7
module("pandas._libs.tslibs.nattype", NaTType=NaTType)
module("pandas._libs.missing", NAType=NAType)
NaT, NA = NaTType(1, 1, 1), NAType()
`;

describe.each(findPythons())('a missing value of CPython $version', (python) => {
  let peer: ValuePeer;
  beforeAll(async () => {
    peer = new ValuePeer(python);
    await peer.evaluate(definitions);
  });
  afterAll(() => peer[Symbol.asyncDispose]());

  it.each([
    ['NaT', 'result', 'NaT'],
    ['[1, {"at": NaT}]', 'result[1].at', 'NaT'],
    ['{1: 2, NA: 3}', 'result.keys()[1]', 'pandas.NA'],
    ['(NA, NA)', 'result[0]', 'pandas.NA'],
  ])('is refused where no type is declared: %s', async (expression, place, name) => {
    for (const slow of [false, true]) {
      const error = await failureOf(() => peer.evaluate(expression, [], { slow }));

      expect(error).toMatchObject({
        code: 'FIDIUS_VALUE_RESULT',
        message: `Cannot read ${place} from Python: ${name} has no counterpart in JavaScript`,
        hint: 'Declare an option, which takes it as null; or return None in its place.',
      });
    }
  });

  it.each([false, true])('waits for a declared type to take it as null, slow writer: %s', async (slow) => {
    const found = (await peer.evaluate('[NaT, NA, NaT]', [], { slow, integralFloats: 'wrapped' })) as unknown[];

    expect(found.every(isMissingValue)).toBe(true);
    expect(found).toMatchObject([{ name: 'NaT' }, { name: 'pandas.NA' }, { name: 'NaT' }]);
  });

  it('is not the text that looks like it', async () => {
    expect(await peer.evaluate('["NaT", datetime.date(2024, 1, 1)]')).toEqual(['NaT', '2024-01-01']);
  });
});

const pythonWithPandas = embeddablePythons().findLast(({ executable }) => {
  try {
    execFileSync(executable, ['-c', 'import pandas'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});
if (pythonWithPandas === undefined) console.log('pandas is not tested: no Python that was found has it');

it.skipIf(pythonWithPandas === undefined)(
  'is null for an option, from the real pandas, and refused elsewhere',
  async () => {
    const { stdout } = await outputOf('pandas.ts', {
      env: { ...process.env, FIDIUS_PYTHON: pythonWithPandas?.executable },
    });

    expect(stdout).toMatchInlineSnapshot(`
      "option pd.NaT: null
      text pd.NaT: !! text(): result must be a str, got NaT
      anything pd.NaT: !! anything(): result: NaT has no counterpart in JavaScript
      option pd.NA: null
      text pd.NA: !! text(): result must be a str, got pandas.NA
      anything pd.NA: !! anything(): result: pandas.NA has no counterpart in JavaScript
      option np.datetime64("NaT"): null
      text np.datetime64("NaT"): !! text(): result must be a str, got NaT
      anything np.datetime64("NaT"): !! anything(): result: NaT has no counterpart in JavaScript
      option np.timedelta64("NaT"): null
      text np.timedelta64("NaT"): !! text(): result must be a str, got NaT
      anything np.timedelta64("NaT"): !! anything(): result: NaT has no counterpart in JavaScript
      option pd.Timestamp("2024-01-01"): '2024-01-01 00:00:00'
      option np.datetime64("2024-01-01"): '2024-01-01'
      number float("nan"): NaN
      number np.float64("nan"): NaN
      number pd.NA: null
      rows pd.DataFrame({"at": [pd.Timestamp("2024-01-01"), None], "price": [1.5, None]}).to_dict("records"): [ { at: '2024-01-01 00:00:00', price: 1.5 }, { at: null, price: NaN } ]
      anything pd.DataFrame({"at": [pd.Timestamp("2024-01-01"), None], "price": [1.5, None]}).to_dict("records"): !! anything(): result[1].at: NaT has no counterpart in JavaScript
      "
    `);
  },
);
