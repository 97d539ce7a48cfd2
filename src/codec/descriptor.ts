/** An interface as the loader needs it: the property `descriptor` of an interface made by `defineInterface`. */
export interface InterfaceDescriptor {
  /** Name of the interface, as the manifest must give it. */
  readonly interfaceName: string;
  /** 64 bits. The package must declare the same value in `__interface_hash__`. */
  readonly interfaceHash: bigint;
  /** One entry per method, optional ones included; the position is the method's index. */
  readonly methods: readonly MethodDescriptor[];
  /** The hash with the other spelling of types, for an error that explains the mismatch. */
  readonly standaloneHash?: bigint | undefined;
  /**
   * The hash that the stub generator of the Rust tool writes, for the same purpose. It differs in more than the
   * spelling.
   */
  readonly rustStubHash?: bigint | undefined;
}

/** A method as the loader needs it. */
export interface MethodDescriptor {
  /** Name of the function in the entry module. */
  readonly name: string;
  /** Bytes in, bytes out, without encoding. */
  readonly wireRaw: boolean;
  /** Whether a plugin may omit the method; `false` if left out. */
  readonly optional?: boolean | undefined;
  /** Whether it takes a stream; `false` if left out. */
  readonly streamIn?: boolean | undefined;
  /** Whether it returns a stream; `false` if left out. */
  readonly streamOut?: boolean | undefined;
}
