/** Waits until a condition holds; fails the test when that takes too long. */
export async function eventually(condition: () => boolean | Promise<boolean>, what = 'the condition'): Promise<void> {
  // The bound of a wait.
  const deadline = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come true within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * The errors that nobody caught while `body` ran, which are not those of the test runner then.
 *
 * @param body gets a function that waits for the first of them.
 */
export async function uncaughtDuring(body: (isThere: () => Promise<void>) => Promise<void>): Promise<readonly Error[]> {
  const errors: Error[] = [];
  const onError = (error: Error) => void errors.push(error);
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', onError);
  try {
    await body(() => eventually(() => errors.length > 0, 'an uncaught exception'));
  } finally {
    process.removeListener('uncaughtException', onError);
    for (const listener of before) process.on('uncaughtException', listener);
  }
  return errors;
}
