import { type FidiusError, isFidiusError } from '../../src/index.ts';

/** Runs what must fail, and gives the library's error; anything else it throws, or no error at all, fails the test. */
export async function failureOf(attempt: () => unknown): Promise<FidiusError> {
  try {
    await attempt();
  } catch (error) {
    if (isFidiusError(error)) return error;
    throw error;
  }
  throw new Error('The attempt did not fail');
}
