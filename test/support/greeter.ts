import { defineInterface, method, t } from '../../src/index.ts';

/** A small interface: one method that answers, and one that remembers. */
export const Greeter = defineInterface('Greeter', {
  version: 3,
  methods: {
    greet: method({ name: t.string }, t.string),
    count: method({}, t.u32),
  },
});

const greet = ["def greet(name): return 'Hello, ' + name"];
const count = ['calls = 0', 'def count():', '    global calls', '    calls += 1', '    return calls'];

/** Lines of a module that implements it, and of one that lacks `count`. */
export const greeterLines = { complete: [...greet, ...count], withoutCount: greet } as const;
