/** Commands of the Rust tool that have another name here, or none, and what to run in their place. */
const otherNames: Readonly<Record<string, string>> = {
  'init-host': 'Run `fidius init host`.',
  'init-interface': 'Run `fidius init interface`.',
  'init-plugin': 'Run `fidius init plugin`.',
  inspect: 'Run `fidius package inspect`: this tool reads packages, not compiled libraries.',
  'package build': 'Build a Rust library with cargo, and pack the result with `fidius package pack`.',
  'python-stub': 'Run `fidius stub`.',
  sign: 'Run `fidius package sign`: this tool signs packages, not compiled libraries.',
  test: 'Run `fidius run <package> <method>` to call a method.',
  verify: 'Run `fidius package verify`: this tool verifies packages, not compiled libraries.',
  wit: 'This tool does not support loading WebAssembly components or writing WIT yet.',
};

/** The advice for a command line that begins with a command of the Rust tool. */
export function adviceFor(first: string, second: string | undefined): string | undefined {
  return [`${first} ${second}`, first]
    .map((name) => (Object.hasOwn(otherNames, name) ? otherNames[name] : undefined))
    .find((advice) => advice !== undefined);
}
