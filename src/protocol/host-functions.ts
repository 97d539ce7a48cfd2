/** A host interface, as a load request names it. */
export interface HostInterfaceRecord {
  readonly name: string;
  readonly version: number;
  readonly hash: bigint;
}

/** What a function of the host is told about its call. */
export interface HostFunctionCall {
  /** Name of the plugin that calls. */
  readonly plugin: string;
  /** Aborted when the result is not needed any more. */
  readonly signal: AbortSignal;
}

/** The functions that a host provides to one plugin. */
export interface ProvidedFunctions {
  readonly interfaces: readonly HostInterfaceRecord[];
  /**
   * Calls a function with encoded arguments.
   *
   * @returns the encoded result; a promise of it if the function is asynchronous.
   * @throws what the function throws; FidiusError for arguments or a result of the wrong type.
   */
  call(
    interfaceIndex: number,
    functionIndex: number,
    payload: Uint8Array,
    call: HostFunctionCall,
  ): Uint8Array | Promise<Uint8Array>;
}
