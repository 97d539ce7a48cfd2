/** What a loader must know of an interface. An interface made by `defineInterface` carries it as `descriptor`. */
export interface InterfaceDescriptor {
  readonly interfaceName: string;
  /** 64 bits, as the package must declare them in `__interface_hash__`. */
  readonly interfaceHash: bigint;
  /** One entry per method, optional ones included; the position is the method's index. */
  readonly methods: readonly MethodDescriptor[];
  /** The hash under the other spelling of types, to tell in an error that the package was made with that one. */
  readonly standaloneHash?: bigint | undefined;
  /** The hash that the stub generator of the Rust tool writes, for the same purpose; it errs in more than the spelling. */
  readonly rustStubHash?: bigint | undefined;
}

export interface MethodDescriptor {
  readonly name: string;
  /** Bytes in, bytes out, without the value codec. */
  readonly wireRaw: boolean;
  /** A plugin may leave it out. Default: `false`. */
  readonly optional?: boolean | undefined;
}
