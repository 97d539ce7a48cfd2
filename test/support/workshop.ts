import { Workshop } from '../fixtures/interfaces/workshop.ts';
import { fill } from './packages.ts';

const source = `
import os
import time
from fidius import PluginError

__interface_hash__ = ${Workshop.hashHex}


def greet(name):
    print("printed by the plugin")
    return "Hello, " + name


def row(id, data):
    return {"id": id, "data": data or b""}


def size(data):
    return len(data)


def totals(values):
    return {"count": len(values), "sum": sum(values)}


def fail():
    raise PluginError("SOLD_OUT", "nothing is left", {"left": [0, 2**70]})


def wait(folder):
    try:
        open(os.path.join(folder, "started"), "w").close()
        while True:
            time.sleep(0.005)
    finally:
        open(os.path.join(folder, "stopped"), "w").close()


def die():
    os._exit(7)


def count(to):
    yield from range(to)
`;

/** Writes a package that implements `Workshop` into a folder, as \`workshop\` or under another name. */
export function writeWorkshop(folder: string, name = 'workshop'): void {
  fill(folder, {
    [`${name}/package.toml`]: `[package]
name = "${name}"
version = "1.0.0"
interface = "Workshop"
interface_version = 1
runtime = "python"

[metadata]

[python]
entry_module = "shop"
`,
    [`${name}/shop.py`]: source,
  });
}
