import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tempFolder } from './temp-folder.ts';

/** The manifest of a small Python package. */
export function pythonManifest(name = 'demo', version = '1.0.0', extra = ''): string {
  return `[package]\nname = "${name}"\nversion = "${version}"\ninterface = "Greeter"\ninterface_version = 1\nruntime = "python"\n${extra}\n[metadata]\n\n[python]\nentry_module = "demo"\n`;
}

/** A folder with these files, removed after the test. */
export function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const dir = tempFolder();
  fill(dir, files);
  return dir;
}

/** A folder that is a package, with these files besides its manifest. */
export function packageOf(files: Readonly<Record<string, string | Uint8Array>> = { 'demo.py': 'x = 1\n' }): string {
  return folderOf({ 'package.toml': pythonManifest(), ...files });
}

export function fill(dir: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  }
}
