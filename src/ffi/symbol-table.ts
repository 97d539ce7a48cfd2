import type { CType, SharedLibrary } from './ffi.ts';

/** A C function: the kinds of its result and its parameters. A kind is a C type together with its ownership. */
export interface SymbolSpec<Result extends string = string, Param extends string = string> {
  readonly result: Result;
  readonly params: readonly Param[];
  /** Name of the C function, if the entry of the table has another name: one function can have several signatures. */
  readonly symbol?: string;
}

type Arguments<Params extends readonly string[], Types> = {
  -readonly [Index in keyof Params]: Params[Index] extends keyof Types ? Types[Params[Index]] : never;
};

/** The JavaScript function of an entry; `Results` and `Params` are the JavaScript types of the kinds. */
export type Bound<Spec extends SymbolSpec, Results, Params> = (
  ...args: Arguments<Spec['params'], Params>
) => Spec['result'] extends keyof Results ? Results[Spec['result']] : never;

/** Binds an entry of a table. @throws Error if the library has no such function. */
export function bindSymbol<Result extends string, Param extends string>(
  library: SharedLibrary,
  name: string,
  { symbol = name, result, params }: SymbolSpec<Result, Param>,
  types: Readonly<Record<Result | Param, CType>>,
): unknown {
  return library.function(
    symbol,
    types[result],
    params.map((kind) => types[kind]),
  );
}
