/** What doctor sees on a machine where everything fits; to be varied by a test. */
export const healthyFacts = {
  python: {
    executable: '/home/ann/app/.venv/bin/python',
    version: '3.11.7',
    prefix: '/home/ann/app/.venv',
    basePrefix: '/usr',
    libpython: '/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0',
    shared: true,
    freeThreaded: false,
    debug: false,
    implementation: 'cpython',
    machine: 'x64',
    sitePackages: ['/home/ann/app/.venv/lib/python3.11/site-packages'],
    foundBy: '.venv',
  },
  standalone: {
    version: '3.11.7',
    executable: '/home/ann/app/.venv/bin/python',
    prefix: '/usr',
    basePrefix: '/usr',
    openssl: { built: '3.0.16', running: '3.0.19' },
    zlib: { built: '1.2.13', running: '1.2.13' },
    locale: { ctype: 'C.UTF-8', preferredEncoding: 'UTF-8', filesystemEncoding: 'utf-8', utf8Mode: false },
    recursionLimit: 1000,
    missing: {},
  },
  embedded: {
    version: '3.11.7',
    executable: '/home/ann/app/.venv/bin/python',
    prefix: '/home/ann/app/.venv',
    basePrefix: '/usr',
    openssl: { built: '3.0.16', running: '3.0.19' },
    zlib: { built: '1.2.13', running: '1.2.13' },
    locale: { ctype: 'C.UTF-8', preferredEncoding: 'utf-8', filesystemEncoding: 'utf-8', utf8Mode: true },
    recursionLimit: 1000,
    missing: {},
    stack: { bytes: 16 * 1024 * 1024, protection: 'not needed' },
  },
  ignoredVariables: [],
} as const;

/** The attempts that led to that Python. */
export const healthyAttempts = [
  { locator: 'option libpython', looked: '', outcome: 'not given' },
  { locator: 'option python', looked: '', outcome: 'not given' },
  { locator: 'FIDIUS_PYTHON', looked: '', outcome: 'not set' },
  { locator: 'VIRTUAL_ENV', looked: '', outcome: 'not set' },
  { locator: 'CONDA_PREFIX', looked: '', outcome: 'not set' },
  { locator: '.venv', looked: '/home/ann/app/.venv', outcome: 'used' },
];
