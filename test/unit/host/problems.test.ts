import { describe, expect, it } from 'vitest';
import { findProblems, type PythonFacts } from '../../../src/host/doctor/problems.ts';
import { healthyFacts } from '../../support/doctor-facts.ts';

describe('a Python where everything fits', () => {
  it('has no problem', () => {
    expect(findProblems(healthyFacts)).toEqual([]);
  });

  it('that was not found has no separate problem, because another one reports it', () => {
    expect(
      findProblems({ python: undefined, standalone: undefined, embedded: undefined, ignoredVariables: [] }),
    ).toEqual([]);
  });
});

describe('a problem', () => {
  it.each<[string, Partial<PythonFacts>]>([
    ['a Python newer than tested', { python: { ...healthyFacts.python, version: '3.99.0' }, embedded: undefined }],
    [
      'a library of another patch release than its interpreter',
      { embedded: { ...healthyFacts.embedded, version: '3.11.2' } },
    ],
    [
      'an environment that was not picked up',
      { embedded: { ...healthyFacts.embedded, prefix: '/usr', basePrefix: '/usr' } },
    ],
    [
      'the OpenSSL of Node.js in place of the own one',
      {
        standalone: { ...healthyFacts.standalone, openssl: { built: '3.6.5', running: '3.6.5' } },
        embedded: { ...healthyFacts.embedded, openssl: { built: '3.6.5', running: '3.0.19' } },
      },
    ],
    [
      'the zlib of Node.js in place of the own one',
      { embedded: { ...healthyFacts.embedded, zlib: { built: '1.2.13', running: '1.3.1' } } },
    ],
    [
      'an OpenSSL older than it was built for, also outside of Node.js',
      {
        standalone: { ...healthyFacts.standalone, openssl: { built: '3.0.19', running: '3.0.9' } },
        embedded: { ...healthyFacts.embedded, openssl: { built: '3.0.19', running: '3.0.9' } },
      },
    ],
    [
      'a module that fails inside Node.js only',
      { embedded: { ...healthyFacts.embedded, missing: { ctypes: 'ImportError: undefined symbol: PyLong_Type' } } },
    ],
    [
      'a module that Python was built without',
      {
        standalone: { ...healthyFacts.standalone, missing: { lzma: "ModuleNotFoundError: No module named '_lzma'" } },
        embedded: { ...healthyFacts.embedded, missing: { lzma: "ModuleNotFoundError: No module named '_lzma'" } },
      },
    ],
    ['a variable without effect', { ignoredVariables: ['PYTHONPATH'] }],
    ['two variables without effect', { ignoredVariables: ['PYTHONHOME', 'PYTHONPATH'] }],
  ])('names %s', (_what, difference) => {
    expect(findProblems({ ...healthyFacts, ...difference })).toMatchSnapshot();
  });

  it('is not reported for facts that a library without an interpreter does not have', () => {
    const python = { ...healthyFacts.python, version: '3.11', executable: undefined };

    expect(findProblems({ ...healthyFacts, python, standalone: undefined })).toEqual([]);
  });
});
