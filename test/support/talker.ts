import { defineInterface, method, t } from '../../src/index.ts';

/** A small interface: one method that prints, and one whose argument has fields. */
export const Talker = defineInterface('Talker', {
  version: 1,
  methods: {
    say: method({ text: t.string }, t.string),
    take: method({ value: t.struct('Value', { first: t.u32, second: t.u32 }) }, t.u32),
  },
});

/** Lines of a module that implements it. */
export const talkerLines = [
  'def say(text):',
  '    print(text)',
  '    print("and more")',
  '    return text',
  'def take(value):',
  '    return value["first"] + value["second"]',
];
