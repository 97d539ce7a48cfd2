import { loadPackage, PythonPluginHandle } from '../../../src/cpython/call/python-plugin-handle.ts';
import { startPython } from '../../../src/cpython/lifecycle/start.ts';
import { indexOf, type ObserverMethod, observerRequest } from '../../support/observer.ts';

let handle: PythonPluginHandle | undefined;

/** The plugin of test/support/observer.ts, for code that must not wait: loaded with the first use, on this thread. */
export function observer(): PythonPluginHandle {
  handle ??= load();
  return handle;
}

function load(): PythonPluginHandle {
  const interpreter = startPython();
  const loaded = loadPackage(interpreter, observerRequest);
  return new PythonPluginHandle(interpreter, loaded, observerRequest.plugin, observerRequest.descriptor);
}

/** Calls one of its methods by name. */
export function observe(method: ObserverMethod, ...args: readonly unknown[]): unknown {
  return observer().callTyped(indexOf(method), args);
}
