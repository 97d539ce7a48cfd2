import { encodeUntilEnd, encodeValue } from '../codec/pickle/encode-value.ts';
import { isValueProblem } from '../codec/value-problem.ts';
import { FidiusTypeError } from '../errors/fidius-error.ts';
import type { Interface } from './interface.ts';
import type { AnyType, InputOf } from './type.ts';
import { TypeMismatch } from './type-mismatch.ts';

/** The configuration that a load of a plugin for this interface takes; `undefined` if it takes none. */
export type ConfigOf<I extends Interface> = I['config'] extends AnyType ? InputOf<I['config']> : undefined;

/** The option `config` of a load, required if the interface declares a configuration. */
export type ConfigOption<I extends Interface> = [ConfigOf<I>] extends [undefined]
  ? { readonly config?: undefined }
  : { readonly config: ConfigOf<I> };

/**
 * Encodes the configuration of a plugin.
 *
 * @param plugin name of the plugin, for errors. These never contain the whole configuration.
 * @returns `undefined` if the interface declares none.
 * @throws FidiusError `FIDIUS_CONFIG_INVALID`.
 */
export function encodeConfig(
  { name, config: type }: Interface,
  config: unknown,
  plugin: string,
): Uint8Array | undefined {
  if (type === undefined) {
    if (config === undefined) return undefined;
    throw new FidiusTypeError('FIDIUS_CONFIG_INVALID', `${plugin} takes no configuration: ${name} declares none`, {
      hint: `Declare it in the interface, \`defineInterface('${name}', { config: t.…, … })\`, or load ${plugin} without \`config\`.`,
    });
  }
  if (config === undefined) {
    throw new FidiusTypeError('FIDIUS_CONFIG_INVALID', `${plugin} needs a configuration: ${name} declares one`, {
      hint: 'Pass it as the option `config`.',
    });
  }
  try {
    return encodeUntilEnd((writer) => type.converter.write(writer, config));
  } catch (error) {
    if (!isValueProblem(error)) throw error;
    const joint = error instanceof TypeMismatch ? '' : ':';
    throw new FidiusTypeError('FIDIUS_CONFIG_INVALID', `${plugin}: config${error.path}${joint} ${error.message}`, {
      hint: error.hint,
    });
  }
}

/** Encodes a configuration of no declared type, for a package that is loaded without its interface. */
export function encodeUntypedConfig(config: unknown): Uint8Array {
  return encodeValue(config);
}
