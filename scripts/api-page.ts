/** Writes the reference of the public API, docs/reference/api.md, from the models of API Extractor. */

/** An item of the model: an entry, an interface, a property, a function, … */
export interface ApiItem {
  readonly kind: string;
  readonly name?: string;
  readonly docComment?: string;
  readonly isOptional?: boolean;
  readonly excerptTokens?: readonly { readonly text: string }[];
  readonly members?: readonly ApiItem[];
}

/** An entry of the package, such as `fidius/testing`, with its model. */
export interface ApiEntry {
  readonly name: string;
  readonly model: ApiItem;
}

/** The whole page. A name that several entries export is described once. */
export function apiPage(entries: readonly ApiEntry[]): string {
  const described = new Set<string>();
  return [
    '<!-- Written by scripts/api-page.ts; change the comments in src and run `npm run docs`. -->',
    '',
    '# API',
    '',
    'Every export of the package, by entry. The pages on [interfaces](interfaces.md), [values](values.md) and',
    '[error codes](errors.md) explain how they work together. Listeners and callbacks are called on the JavaScript thread.',
    ...entries.flatMap(({ name, model }) => entrySection(name, exportsOf(model), described)),
    '',
  ].join('\n');
}

function entrySection(entry: string, exported: readonly ApiItem[], described: Set<string>): readonly string[] {
  const again = exported.filter(({ name = '' }) => described.has(name)).map(({ name }) => `\`${name}\``);
  const lines = ['', `## The entry \`${entry}\``];
  for (const [name, items] of groupByName(exported)) {
    if (described.has(name)) continue;
    described.add(name);
    lines.push('', `### ${name}`, ...items.flatMap(itemSection));
  }
  if (again.length > 0) lines.push('', `It also exports, as \`fidius\` does: ${[...new Set(again)].join(', ')}.`);
  return lines;
}

function itemSection(item: ApiItem): readonly string[] {
  const { members = [] } = item;
  const list = members.map((member) => `- ${codeOf(member)}${joined(': ', describe(member))}`);
  return ['', codeOf(item), '', describe(item), ...(list.length === 0 ? [] : ['', ...list])];
}

/** The names that an entry exports. */
export function exportedNames(model: ApiItem): readonly string[] {
  return exportsOf(model).map(({ name = '' }) => name);
}

function exportsOf(model: ApiItem): readonly ApiItem[] {
  return model.kind === 'EntryPoint' ? (model.members ?? []) : (model.members ?? []).flatMap(exportsOf);
}

function groupByName(items: readonly ApiItem[]): ReadonlyMap<string, readonly ApiItem[]> {
  const groups = new Map<string, ApiItem[]>();
  for (const item of items) groups.set(item.name ?? '', [...(groups.get(item.name ?? '') ?? []), item]);
  return groups;
}

/** The declaration in one line; without the sentences that `errors.md` has. */
function codeOf({ name, kind, excerptTokens = [] }: ApiItem): string {
  if (name === 'errorCodes') return '`const errorCodes`';
  const text = excerptTokens.map((token) => token.text).join('');
  const line = text
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/\s+/g, ' ')
    .replace(/^export (?:declare )?/, '')
    .replace(/^readonly /, '')
    .replace(/;$/, '')
    .trim();
  return `\`${kind === 'TypeAlias' || kind === 'Interface' || kind === 'Class' ? line : line.replace(/^declare /, '')}\``;
}

/** The text of a comment as one paragraph: summary, parameters, errors, default. */
function describe({ docComment = '' }: ApiItem): string {
  const text = docComment
    .replace(/^\/\*\*/, '')
    // API Extractor adds this sentence.
    .replace(/Constructs a new instance of the `\w+` class/, '')
    .replace(/\*\/\s*$/, '')
    .replaceAll(/^ ?\* ?/gm, '')
    .replaceAll(/\{@link (?:\w+\.)?(\w+)\}/g, '`$1`')
    .replaceAll('``', '`');
  const [summary = '', ...tags] = text.split(/(?:^|\s)(?=@(?:param|returns|throws|default)\b)/);
  return [summary, ...tags.map(tagText)]
    .map((part) => part.replaceAll(/\s+/g, ' ').trim())
    .filter((part) => part !== '')
    .join(' ');
}

function tagText(tag: string): string {
  const [, kind = '', text = ''] = /^@(\w+)\s+([\s\S]*)$/.exec(tag) ?? [];
  const sentence = text.trim().replace(/\.?$/, '.');
  if (kind === 'param') return sentence.replace(/^(\w+)\s+(?:- )?/, '`$1`: ');
  const titles: Readonly<Record<string, string>> = { returns: 'Returns: ', throws: 'Errors: ', default: 'Default: ' };
  return `${titles[kind] ?? ''}${sentence}`;
}

function joined(separator: string, text: string): string {
  return text === '' ? '' : `${separator}${text}`;
}
