import type { MethodCodec, ScalarKind } from './method-codec.ts';
import type { PayloadWriter } from './value-writer.ts';

const kinds: readonly ScalarKind[] = ['bytes'];

/** One `Uint8Array` in, one out, as they are. The caller has checked the argument. */
export class RawCodec implements MethodCodec {
  readonly wireRaw = true;

  scalarKinds(): readonly ScalarKind[] {
    return kinds;
  }

  checkArguments(args: readonly unknown[]): readonly unknown[] {
    return args;
  }

  writeArguments(writer: PayloadWriter, args: readonly unknown[]): void {
    writer.rawPayload(args[0] as Uint8Array);
  }

  readResult(value: unknown): unknown {
    return value;
  }

  decodeResult(payload: Uint8Array, isOwn: boolean): Uint8Array {
    return isOwn ? payload : new Uint8Array(payload);
  }
}

export const rawCodec: MethodCodec = new RawCodec();
