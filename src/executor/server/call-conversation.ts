import type { HostMessage, ServerMessage } from '../../protocol/conversation.ts';
import type { ArgumentItems } from './argument-items.ts';
import type { ItemsOwner, ResultItems } from './result-items.ts';

/** What a call exchanges with Python before its answer: its streams. */
export class CallConversation {
  readonly input: ArgumentItems | undefined;
  readonly output: ResultItems | undefined;

  constructor(input: ArgumentItems | undefined, output: ResultItems | undefined) {
    this.input = input;
    this.output = output;
  }

  /** The call was sent. */
  started(owner: ItemsOwner): void {
    this.input?.started((message: HostMessage) => owner.send(message));
    this.output?.started(owner);
  }

  /** Takes a frame of the server. Returns false if the call does not use it. */
  received(message: ServerMessage): boolean {
    const { input, output } = this;
    if (message.kind === 'items' && output !== undefined) {
      output.received(message.form, message.count, message.payload);
    } else if (message.kind === 'credit' && input !== undefined) {
      input.credit(message.items);
    } else if (message.kind === 'end' && input !== undefined) {
      input.end();
    } else {
      return false;
    }
    return true;
  }

  /** The promise of the call is about to be settled. */
  settling(): void {
    this.input?.end();
    this.output?.beforeSettling();
  }
}
