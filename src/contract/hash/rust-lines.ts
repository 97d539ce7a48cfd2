/**
 * Breaks text into lines as the Rust compiler does when a macro prints tokens.
 *
 * In a type of more than 78 columns some spaces become line feeds, and these are part of the interface hash. This code
 * therefore follows `rustc_ast_pretty::pp`, which is Oppen's "Prettyprinting" (1980), step by step: what fits
 * is decided when enough of what follows is known, and in a group that does not fit each space becomes a line feed only
 * if the text up to the next space does not fit either.
 */
export class RustLines {
  #out = '';
  /** Columns left in the line. */
  #space = lineLength;
  /** Columns that the next text starts with: a space, or the indentation of a new line. */
  #pending = 0;
  #indent = 0;
  /** Tokens that are not printed yet, because the layout depends on later tokens. */
  readonly #waiting: Entry[] = [];
  /** Pending tokens whose size is not known yet, oldest first. */
  readonly #open: Entry[] = [];
  /** Columns up to the start and to the end of the pending tokens. */
  #leftTotal = 1;
  #rightTotal = 1;
  readonly #groups: Group[] = [];

  text(text: string): void {
    if (this.#open.length === 0) {
      this.#print(text);
      return;
    }
    const size = Buffer.byteLength(text);
    this.#waiting.push({ kind: 'text', text, size });
    this.#rightTotal += size;
    this.#printWhatCannotFit();
  }

  /** A space, or the end of a line. @param offset added to the indentation of the next line. */
  space(offset = 0): void {
    if (this.#open.length === 0) this.#restart();
    else this.#settle();
    this.#wait({ kind: 'space', offset, size: -this.#rightTotal });
    this.#rightTotal += 1;
  }

  /** @param allOrNone in a group that does not fit, every space becomes the end of a line. */
  beginGroup(indent = 0, allOrNone = false): void {
    if (this.#open.length === 0) this.#restart();
    this.#wait({ kind: 'begin', indent, allOrNone, size: -this.#rightTotal });
  }

  endGroup(): void {
    if (this.#open.length === 0) this.#leaveGroup();
    else this.#wait({ kind: 'end', size: -1 });
  }

  finish(): string {
    if (this.#open.length > 0) {
      this.#settle();
      this.#printKnown();
    }
    return this.#out;
  }

  #wait(entry: Entry): void {
    this.#waiting.push(entry);
    this.#open.push(entry);
  }

  #restart(): void {
    this.#leftTotal = 1;
    this.#rightTotal = 1;
    this.#waiting.length = 0;
  }

  /** Sets the size of the last space, and of complete groups that ended after it. */
  #settle(): void {
    let ended = 0;
    for (let last = this.#open.at(-1); last !== undefined; last = this.#open.at(-1)) {
      if (last.kind === 'begin' && ended === 0) return;
      this.#open.pop();
      if (last.kind === 'end') {
        last.size = 1;
        ended += 1;
        continue;
      }
      last.size += this.#rightTotal;
      if (last.kind === 'begin') ended -= 1;
      else if (ended === 0) return;
    }
  }

  #printWhatCannotFit(): void {
    while (this.#waiting.length > 0 && this.#rightTotal - this.#leftTotal > this.#space) {
      const [first] = this.#waiting;
      if (first !== undefined && first === this.#open[0]) {
        this.#open.shift();
        first.size = endless;
      }
      this.#printKnown();
    }
  }

  #printKnown(): void {
    for (let [first] = this.#waiting; first !== undefined && first.size >= 0; [first] = this.#waiting) {
      this.#waiting.shift();
      if (first.kind === 'text') {
        this.#leftTotal += first.size;
        this.#print(first.text);
      } else if (first.kind === 'space') {
        this.#leftTotal += 1;
        this.#printSpace(first);
      } else if (first.kind === 'begin') this.#enterGroup(first);
      else this.#leaveGroup();
    }
  }

  #print(text: string): void {
    this.#out += ' '.repeat(this.#pending) + text;
    this.#pending = 0;
    this.#space -= Buffer.byteLength(text);
  }

  #printSpace({ offset, size }: Entry & { kind: 'space' }): void {
    const group = this.#groups.at(-1) ?? outermost;
    if (group.fits || (!group.allOrNone && size <= this.#space)) {
      this.#pending += 1;
      this.#space -= 1;
      return;
    }
    this.#out += '\n';
    this.#pending = this.#indent + offset;
    this.#space = Math.max(lineLength - this.#pending, shortestLine);
  }

  #enterGroup({ indent, allOrNone, size }: Entry & { kind: 'begin' }): void {
    const fits = size <= this.#space;
    this.#groups.push({ fits, allOrNone, indentOutside: this.#indent });
    if (!fits) this.#indent += indent;
  }

  #leaveGroup(): void {
    const group = this.#groups.pop();
    if (group !== undefined) this.#indent = group.indentOutside;
  }
}

/** `size` is in columns, which the compiler counts in bytes; negative as long as it is not known. */
type Entry = { size: number } & (
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'space'; readonly offset: number }
  | { readonly kind: 'begin'; readonly indent: number; readonly allOrNone: boolean }
  | { readonly kind: 'end' }
);

interface Group {
  readonly fits: boolean;
  readonly allOrNone: boolean;
  readonly indentOutside: number;
}

const outermost: Group = { fits: false, allOrNone: false, indentOutside: 0 };

const lineLength = 78;
const shortestLine = 60;
const endless = 0xffff;
