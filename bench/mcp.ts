/**
 * Usage: npm run build && npx tsx bench/mcp.ts [--rounds 15]
 *
 * Measures `fidius mcp`: from its start to the answer of `tools/list`, compared with a bare node process that answers one line;
 * and one call of a tool, compared with a server of the bare SDK whose tool is a JavaScript function.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { defineInterface, method, t } from '../src/index.ts';
import { median } from './median.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const rounds = Number(values.rounds);
const budgets = { startMs: 250, callRatio: 1.3 };

const Adder = defineInterface('Adder', {
  version: 1,
  methods: { add: method([{ a: t.i64 }, { b: t.i64 }], t.i64) },
});

/** The same tool in JavaScript. */
const bareServer = `
import { Server } from '${sdk('server/index.js')}';
import { StdioServerTransport } from '${sdk('server/stdio.js')}';
import { CallToolRequestSchema, ListToolsRequestSchema } from '${sdk('types.js')}';

const server = new Server({ name: 'bare', version: '1' }, { capabilities: { tools: {} } });
const number = { type: 'integer' };
server.setRequestHandler(ListToolsRequestSchema, () => ({
  tools: [{ name: 'add', inputSchema: { type: 'object', properties: { a: number, b: number } } }],
}));
server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
  const result = params.arguments.a + params.arguments.b;
  return { content: [{ type: 'text', text: String(result) }], structuredContent: { result } };
});
await server.connect(new StdioServerTransport());
`;

const module = `
import { defineInterface, method, t } from '${pathToFileURL(join(root, 'dist/bundle/index.js')).href}';
export const Adder = defineInterface('Adder', {
  version: 1,
  methods: { add: method([{ a: t.i64 }, { b: t.i64 }], t.i64) },
});
`;

const manifest = `[package]
name = "adder"
version = "1.0.0"
interface = "Adder"
interface_version = 1
runtime = "python"
[metadata]
[python]
entry_module = "adder"
`;

/** A server process, asked line by line. */
class Asked implements Disposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: ((line: string) => void)[] = [];
  #id = 0;

  constructor(args: readonly string[], cwd: string) {
    this.#child = spawn(process.execPath, args, { cwd });
    this.#child.stderr.resume();
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#waiting.shift()?.(line));
  }

  async ask(name: string, params: object = {}): Promise<string> {
    this.#id += 1;
    const answer = new Promise<string>((resolve) => this.#waiting.push(resolve));
    this.#child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: this.#id, method: name, params })}\n`);
    return answer;
  }

  async initialize(): Promise<void> {
    const clientInfo = { name: 'bench', version: '1' };
    await this.ask('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo });
    this.#child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
  }

  async add(): Promise<void> {
    const answer = await this.ask('tools/call', { name: 'add', arguments: { a: 2, b: 3 } });
    if (!answer.includes('"result":5')) throw new Error(answer);
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'fidius-bench-mcp-'));
try {
  mkdirSync(join(folder, 'adder'));
  const source = `__interface_hash__ = ${Adder.hashHex}\n\ndef add(a, b):\n    return a + b\n`;
  writeFileSync(join(folder, 'adder/package.toml'), manifest);
  writeFileSync(join(folder, 'adder/adder.py'), source);
  writeFileSync(join(folder, 'adder.mjs'), module);
  writeFileSync(join(folder, 'bare-server.mjs'), bareServer);

  const fidius = [join(root, 'dist/bundle/cli.js'), 'mcp', 'adder', '--interface', 'adder.mjs'];
  const echo = ['--eval', "process.stdin.once('data', () => console.log('{}'))"];
  const bare = ['bare-server.mjs'];
  const starts = { node: [] as number[], sdk: [] as number[], fidius: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    starts.node.push(await timed(async () => startUntil(echo, async (asked) => asked.ask('tools/list'))));
    for (const [name, args] of [['sdk', bare] as const, ['fidius', fidius] as const]) {
      starts[name].push(
        await timed(async () =>
          startUntil(args, async (asked) => {
            await asked.initialize();
            return asked.ask('tools/list');
          }),
        ),
      );
    }
  }
  const [node, sdkStart, ours] = [median(starts.node), median(starts.sdk), median(starts.fidius)];
  print('start to tools/list, bare node', `${node.toFixed(0)} ms`);
  print('  with the bare SDK', `${sdkStart.toFixed(0)} ms, ${(sdkStart - node).toFixed(0)} ms more`);
  print(
    '  with fidius mcp',
    `${ours.toFixed(0)} ms, ${(ours - node).toFixed(0)} ms more`,
    ours - node,
    budgets.startMs,
  );

  for (const executor of ['process', 'thread']) {
    const { plain, plugin } = await callTimes(bare, [...fidius, '--executor', executor]);
    const text = `${plugin.toFixed(3)} ms, ${(plugin / plain).toFixed(2)} of ${plain.toFixed(3)} ms of the bare SDK`;
    print(`one call, ${executor}`, text, plugin / plain, budgets.callRatio);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Medians of rounds of calls, alternating between both servers. */
async function callTimes(
  bare: readonly string[],
  ours: readonly string[],
): Promise<{ readonly plain: number; readonly plugin: number }> {
  using plain = new Asked(bare, folder);
  using plugin = new Asked(ours, folder);
  const samples = { plain: [] as number[], plugin: [] as number[] };
  const many = 300;
  for (const each of [plain, plugin]) {
    await each.initialize();
    for (let call = 0; call < many; call += 1) await each.add();
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, each] of [['plain', plain] as const, ['plugin', plugin] as const]) {
      const total = await timed(async () => {
        for (let call = 0; call < many; call += 1) await each.add();
      });
      samples[name].push(total / many);
    }
  }
  return { plain: median(samples.plain), plugin: median(samples.plugin) };
}

async function startUntil(args: readonly string[], ask: (asked: Asked) => Promise<string>): Promise<void> {
  using asked = new Asked(args, folder);
  await ask(asked);
}

async function timed(action: () => Promise<void>): Promise<number> {
  const start = process.hrtime.bigint();
  await action();
  return Number(process.hrtime.bigint() - start) * 1e-6;
}

function print(what: string, figure: string, value?: number, budget?: number): void {
  const verdict =
    value === undefined || budget === undefined ? '' : ` (budget ${budget}: ${value <= budget ? 'kept' : 'MISSED'})`;
  console.log(`${what}: ${figure}${verdict}`);
}

function sdk(path: string): string {
  return pathToFileURL(join(root, 'node_modules/@modelcontextprotocol/sdk/dist/esm', path)).href;
}
